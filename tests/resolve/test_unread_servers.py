"""Name servers beside an answer are not parsed where nobody reads them; the rest is as it was."""

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
from certbot_dns_preflight.resolve.queries import DEFAULT, RECURSIVE, Query, make_query
from certbot_dns_preflight.resolve.wire import check_bounds, without_servers

if TYPE_CHECKING:
    from collections.abc import Sequence

OWNER = dns.name.from_text("_acme-challenge.example.test.")
GLUE = [
    *(f"ns{n}.example.test. 60 IN A 192.0.2.{n}" for n in range(9)),
    *(f"ns{n}.example.test. 60 IN AAAA 2001:db8::{n}" for n in range(9)),
]
LISTED = [f"example.test. 60 IN NS ns{n}.example.test." for n in range(9)]
SOA = "example.test. 60 IN SOA ns0.example.test. h.example.test. 1 2 3 4 5"
ADDRESS, LENGTH = bytes([192, 0, 2, 8]), bytes([0, 4])


def rrset(record: str) -> dns.rrset.RRset:
    return dns.rrset.from_text(*record.split(" ", 4))


def respond(
    query: Query,
    *,
    answer: Sequence[str] = (f"{OWNER} 60 IN TXT value",),
    authority: Sequence[str] = (),
    additional: Sequence[str] = GLUE,
    flags: dns.flags.Flag = dns.flags.AA,
) -> bytes:
    message = dns.message.make_response(dns.message.from_wire(query.wire), our_payload=1232)
    message.flags |= flags
    message.answer = [rrset(record) for record in answer]
    message.authority = [rrset(record) for record in authority]
    message.additional = [rrset(record) for record in additional]
    return message.to_wire(max_size=65535)


def read(wire: bytes, query: Query) -> dns.message.Message:
    matched = match_response(wire, query)
    assert isinstance(matched, Match)
    return matched.message


@pytest.mark.parametrize("before", [[], [SOA]], ids=["alone", "after an SOA"])
def test_the_rest_of_an_answer_is_as_it_was(before: list[str]) -> None:
    query = make_query(OWNER, dns.rdatatype.TXT, DEFAULT)
    wire = respond(query, authority=[*before, *LISTED])
    message, whole = read(wire, query), dns.message.from_wire(wire)
    assert message.answer == whole.answer
    assert message.authority == [rrset(record) for record in before]
    assert (message.edns, message.payload, message.flags) == (0, 1232, whole.flags)
    assert not message.additional
    assert len(whole.additional) == len(GLUE)


@pytest.mark.parametrize(
    ("rdtype", "answer", "flags"),
    [
        ("NS", [f"{OWNER} 60 IN NS ns1.example.test."], dns.flags.AA),
        ("TXT", [], dns.flags.AA),
        ("TXT", [f"{OWNER} 60 IN TXT value"], dns.flags.RA),
    ],
    ids=["NS records", "a referral", "not authoritative"],
)
def test_name_servers_are_read_where_they_may_tell_something(
    rdtype: str, answer: list[str], flags: dns.flags.Flag
) -> None:
    query = make_query(OWNER, dns.rdatatype.from_text(rdtype), DEFAULT)
    wire = respond(query, answer=answer, authority=LISTED[:1], flags=flags)
    message = read(wire, query)
    assert message.authority == [rrset(LISTED[0])]
    assert message.additional == [rrset(record) for record in GLUE]


def test_an_answer_of_a_resolver_is_read_as_a_whole() -> None:
    query = make_query(OWNER, dns.rdatatype.TXT, RECURSIVE)
    message = read(respond(query, authority=LISTED[:1]), query)
    assert message.authority == [rrset(LISTED[0])]
    assert len(message.additional) == len(GLUE)


@pytest.mark.parametrize(
    ("authority", "additional"),
    [
        (LISTED[:1], [*GLUE, "ns1.example.test. 60 IN TXT beside"]),
        ([LISTED[0], SOA], GLUE),
    ],
    ids=["additional", "authority"],
)
def test_what_else_follows_is_kept_with_the_name_servers(
    authority: list[str], additional: list[str]
) -> None:
    query = make_query(OWNER, dns.rdatatype.TXT, DEFAULT)
    message = read(respond(query, authority=authority, additional=additional), query)
    assert len(message.authority) == len(authority)
    assert len(message.additional) == len(additional)


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
    wire = respond(query)
    assert wire.count(was) == 1
    assert isinstance(match_response(wire.replace(was, is_now), query), Mismatch)


@pytest.mark.parametrize("length", [0, 1, 7])
def test_a_malformed_ns_record_makes_the_message_malformed_as_before(length: int) -> None:
    query = make_query(OWNER, dns.rdatatype.TXT, DEFAULT)
    wire = respond(query, authority=LISTED[:1], additional=[])
    [listed, _] = check_bounds(wire)
    data = wire[listed.end - 6 : listed.end]
    assert data.startswith(b"\3ns0\xc0")
    changed = length.to_bytes(2) + (data + b"\0")[:length]
    assert isinstance(match_response(wire.replace(b"\0\6" + data, changed), query), Mismatch)


def test_a_pointer_that_leads_forward_makes_the_message_malformed_as_before() -> None:
    query = make_query(OWNER, dns.rdatatype.TXT, DEFAULT)
    wire = respond(query, additional=GLUE[:2])
    first, second, _ = check_bounds(wire)
    assert wire[first.begin : first.begin + 4] == b"\3ns0"
    # Its whole name, six bytes, becomes a pointer to the next one's.
    pointer = (0xC000 | (second.begin - 4)).to_bytes(2)
    forward = wire[: first.begin] + pointer + wire[first.begin + 6 :]
    assert isinstance(match_response(forward, query), Mismatch)


def test_an_opt_record_in_the_authority_section_makes_the_message_malformed_as_before() -> None:
    query = make_query(OWNER, dns.rdatatype.TXT, DEFAULT)
    wire = respond(query, authority=LISTED[:1], additional=[])
    counts = bytes([0, 1, 0, 1])  # of authority and additional section
    assert wire[8:12] == counts
    assert isinstance(match_response(wire[:8] + b"\0\2\0\0" + wire[12:], query), Mismatch)


def test_bytes_behind_the_last_record_make_the_message_malformed_as_before() -> None:
    query = make_query(OWNER, dns.rdatatype.TXT, DEFAULT)
    wire = respond(query)
    assert isinstance(match_response(wire + b"\0", query), Mismatch)


@given(st.binary(max_size=400), st.integers(0, len(LISTED) + len(GLUE)))
def test_what_is_malformed_with_name_servers_is_not_well_formed_without(
    noise: bytes, place: int
) -> None:
    """Whatever stands behind the answer: if it is left out, the parser would have taken it."""
    query = make_query(OWNER, dns.rdatatype.TXT, DEFAULT)
    wire = respond(query, authority=LISTED)
    behind = check_bounds(wire)
    begin = behind[place].begin
    changed = wire[:begin] + noise + wire[begin + len(noise) :]
    shorter = without_servers(changed, check_bounds(changed))
    if shorter != changed:
        whole = dns.message.from_wire(changed)
        assert dns.message.from_wire(shorter).answer == whole.answer
        assert dns.message.from_wire(shorter).edns == whole.edns
