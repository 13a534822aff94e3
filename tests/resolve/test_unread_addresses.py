"""Addresses beside an answer are not parsed where nobody reads them, and change nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dns.flags
import dns.message
import dns.name
import dns.rdatatype
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from certbot_dns_preflight.resolve.messages import Match, Mismatch, match_response
from certbot_dns_preflight.resolve.queries import DEFAULT, Query, make_query
from certbot_dns_preflight.resolve.wire import check_bounds, without_addresses

if TYPE_CHECKING:
    from collections.abc import Sequence

OWNER = dns.name.from_text("_acme-challenge.example.test.")
GLUE = [
    *(f"ns{n}.example.test. 60 IN A 192.0.2.{n}" for n in range(9)),
    *(f"ns{n}.example.test. 60 IN AAAA 2001:db8::{n}" for n in range(9)),
]
ADDRESS, LENGTH = bytes([192, 0, 2, 8]), bytes([0, 4])


def rrset(record: str) -> dns.rrset.RRset:
    return dns.rrset.from_text(*record.split(" ", 4))


def respond(
    query: Query,
    *,
    answer: Sequence[str],
    authority: Sequence[str] = (),
    additional: Sequence[str] = GLUE,
) -> bytes:
    message = dns.message.make_response(dns.message.from_wire(query.wire), our_payload=1232)
    message.flags |= dns.flags.AA
    message.answer = [rrset(record) for record in answer]
    message.authority = [rrset(record) for record in authority]
    message.additional = [rrset(record) for record in additional]
    return message.to_wire(max_size=65535)


def read(wire: bytes, query: Query) -> dns.message.Message:
    matched = match_response(wire, query)
    assert isinstance(matched, Match)
    return matched.message


def test_the_rest_of_an_answer_is_as_it_was() -> None:
    query = make_query(OWNER, dns.rdatatype.TXT, DEFAULT)
    wire = respond(
        query,
        answer=[f"{OWNER} 60 IN TXT value"],
        authority=["example.test. 60 IN NS ns1.example.test."],
    )
    message, whole = read(wire, query), dns.message.from_wire(wire)
    assert message.answer == whole.answer
    assert message.authority == whole.authority
    assert (message.edns, message.payload, message.flags) == (0, 1232, whole.flags)
    assert not message.additional
    assert len(whole.additional) == len(GLUE)


@pytest.mark.parametrize(
    ("rdtype", "answer", "authority"),
    [
        ("NS", [f"{OWNER} 60 IN NS ns1.example.test."], []),
        ("TXT", [], [f"{OWNER} 60 IN NS ns1.example.test."]),
    ],
    ids=["NS records", "a referral"],
)
def test_addresses_of_name_servers_are_read_where_they_are_glue(
    rdtype: str, answer: list[str], authority: list[str]
) -> None:
    query = make_query(OWNER, dns.rdatatype.from_text(rdtype), DEFAULT)
    assert read(respond(query, answer=answer, authority=authority), query).additional == [
        rrset(record) for record in GLUE
    ]


def test_what_else_is_additional_is_kept_with_the_addresses() -> None:
    query = make_query(OWNER, dns.rdatatype.TXT, DEFAULT)
    more = [*GLUE, "ns1.example.test. 60 IN TXT beside"]
    wire = respond(query, answer=[f"{OWNER} 60 IN TXT value"], additional=more)
    assert len(read(wire, query).additional) == len(more)


@pytest.mark.parametrize(
    ("is_now", "was"),
    [
        (b"\0\3" + ADDRESS, LENGTH + ADDRESS),
        (b"\0\5" + ADDRESS + b"\0", LENGTH + ADDRESS),
    ],
    ids=["too short", "too long"],
)
def test_a_malformed_address_makes_the_message_malformed_as_before(
    is_now: bytes, was: bytes
) -> None:
    query = make_query(OWNER, dns.rdatatype.TXT, DEFAULT)
    wire = respond(query, answer=[f"{OWNER} 60 IN TXT value"])
    assert wire.count(was) == 1
    assert isinstance(match_response(wire.replace(was, is_now), query), Mismatch)


def test_a_pointer_that_leads_forward_makes_the_message_malformed_as_before() -> None:
    query = make_query(OWNER, dns.rdatatype.TXT, DEFAULT)
    wire = respond(query, answer=[f"{OWNER} 60 IN TXT value"], additional=GLUE[:2])
    first, second, _ = check_bounds(wire)
    assert wire[first.begin : first.begin + 4] == b"\3ns0"
    # Its whole name, six bytes, becomes a pointer to the next one's.
    pointer = (0xC000 | (second.begin - 4)).to_bytes(2)
    forward = wire[: first.begin] + pointer + wire[first.begin + 6 :]
    assert isinstance(match_response(forward, query), Mismatch)


def test_bytes_behind_the_last_record_make_the_message_malformed_as_before() -> None:
    query = make_query(OWNER, dns.rdatatype.TXT, DEFAULT)
    wire = respond(query, answer=[f"{OWNER} 60 IN TXT value"])
    assert isinstance(match_response(wire + b"\0", query), Mismatch)


@given(st.binary(max_size=400), st.integers(0, 30))
def test_what_is_malformed_with_addresses_is_not_well_formed_without(
    noise: bytes, place: int
) -> None:
    """Whatever stands in the additional section: if it is left out, the parser would take it."""
    query = make_query(OWNER, dns.rdatatype.TXT, DEFAULT)
    wire = respond(query, answer=[f"{OWNER} 60 IN TXT value"])
    additional = check_bounds(wire)
    begin = additional[min(place, len(additional) - 1)].begin
    changed = wire[:begin] + noise + wire[begin + len(noise) :]
    shorter = without_addresses(changed, check_bounds(changed))
    if shorter != changed:
        whole = dns.message.from_wire(changed)
        assert dns.message.from_wire(shorter).answer == whole.answer
        assert dns.message.from_wire(shorter).edns == whole.edns
