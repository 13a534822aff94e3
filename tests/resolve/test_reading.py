"""How a reply reads: messages are written as text, as a server would send them."""

from __future__ import annotations

import dns.flags
import dns.message
import dns.name
import dns.rdatatype
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from certbot_dns_preflight.facts.answers import (
    Absent,
    Alias,
    Failing,
    Malformed,
    NoResponse,
    NoResponseReason,
    NotAuthoritative,
    Reading,
    Referral,
    Refused,
    Response,
    Transport,
    Unreachable,
    Values,
)
from certbot_dns_preflight.resolve.messages import Match, match_response
from certbot_dns_preflight.resolve.queries import DEFAULT, make_query
from certbot_dns_preflight.resolve.reading import read_txt

OWNER = dns.name.from_text("_acme-challenge.www.example.test.")
ABOVE = dns.name.from_text("www.example.test.")
ZONE = dns.name.from_text("example.test.")
SOA = "example.test. 60 IN SOA ns. host. 1 1 1 1 1"
TXT = f'{OWNER} 60 IN TXT "abc"'


def name(text: str) -> dns.name.Name:
    return dns.name.from_text(text)


def read(
    *, flags: str = "QR AA", rcode: str = "NOERROR", answer: str = "", authority: str = ""
) -> Reading:
    lines = ["id 1", "opcode QUERY", f"rcode {rcode}", f"flags {flags}"]
    lines += [";QUESTION", f"{OWNER} IN TXT"]
    lines += [";ANSWER", answer] if answer else []
    lines += [";AUTHORITY", authority] if authority else []
    message = dns.message.from_text("\n".join(lines))
    return read_txt(Response(message, Transport.UDP, 0.01), OWNER, ZONE)


def test_txt_at_the_owner_name_is_values() -> None:
    assert read(answer=TXT) == Values((b"abc",))


def test_character_strings_are_joined_with_nothing_between() -> None:
    assert read(answer=f'{OWNER} 60 IN TXT "ab" "" "c\\255"') == Values((b"abc\xff",))


def test_several_records_are_several_values() -> None:
    reading = read(answer=f'{TXT}\n{OWNER} 60 IN TXT ""')
    assert isinstance(reading, Values)
    assert set(reading.texts) == {b"abc", b""}


def test_a_name_in_other_letters_is_the_same_name() -> None:
    assert read(answer=TXT.replace("example", "EXAMPLE")) == Values((b"abc",))


@pytest.mark.parametrize("rcode", ["NOERROR", "NXDOMAIN"])
def test_a_cname_is_an_alias_whatever_is_said_of_its_target(rcode: str) -> None:
    reading = read(rcode=rcode, answer=f"{OWNER} 60 IN CNAME t.other.test.", authority=SOA)
    assert reading == Alias(name("t.other.test."))


def test_the_targets_record_in_the_same_message_is_not_the_owners() -> None:
    answer = f'{OWNER} 60 IN CNAME t.other.test.\nt.other.test. 60 IN TXT "abc"'
    assert read(answer=answer) == Alias(name("t.other.test."))


def test_txt_beside_a_cname_is_a_conflict_that_keeps_the_values() -> None:
    reading = read(answer=f"{OWNER} 60 IN CNAME t.other.test.\n{TXT}")
    assert reading == Alias(name("t.other.test."), conflict=True, texts=(b"abc",))


def test_a_dname_above_redirects_the_owner_name() -> None:
    reading = read(
        answer="www.example.test. 60 IN DNAME new.test.\n"
        f"{OWNER} 0 IN CNAME _acme-challenge.new.test."
    )
    assert reading == Alias(name("_acme-challenge.new.test."), dname=name("www.example.test."))


@pytest.mark.parametrize(
    ("rdtype", "at", "dname"),
    [("CNAME", OWNER, None), ("DNAME", ABOVE, ABOVE)],
)
def test_two_aliases_are_both_kept_and_conflict(
    rdtype: str, at: dns.name.Name, dname: dns.name.Name | None
) -> None:
    """Through the bytes: a name can have one only, so that parsers keep one."""
    query = make_query(OWNER, dns.rdatatype.TXT, DEFAULT)
    response = dns.message.make_response(dns.message.from_wire(query.wire))
    response.flags |= dns.flags.AA
    response.answer = [
        dns.rrset.from_text(at, 60, "IN", rdtype, target) for target in ("b.test.", "a.test.")
    ]
    matched = match_response(response.to_wire(), query)
    assert isinstance(matched, Match)
    first, second = ("_acme-challenge.a.test.", "_acme-challenge.b.test.")
    if dname is None:
        first, second = "a.test.", "b.test."
    assert read_txt(Response(matched.message, Transport.UDP, 0.01), OWNER, ZONE) == Alias(
        name(first), dname=dname, conflict=True, others=(name(second),)
    )


def test_a_dname_whose_target_would_be_too_long_leads_nowhere() -> None:
    long = ".".join(["a" * 63] * 3)
    reading = read(rcode="YXDOMAIN", answer=f"www.example.test. 60 IN DNAME {long}.{'b' * 50}.")
    assert reading == Failing("YXDOMAIN")


def test_servfail_beside_an_authoritative_cname_is_a_failure_that_a_loop_may_explain() -> None:
    cname = f"{OWNER} 60 IN CNAME {OWNER}"
    assert read(rcode="SERVFAIL", answer=cname) == Failing("SERVFAIL", Alias(OWNER))
    assert read(flags="QR", rcode="SERVFAIL", answer=cname) == Failing("SERVFAIL")


def test_the_rcode_counts_before_the_data() -> None:
    assert read(rcode="NXDOMAIN", answer=TXT, authority=SOA) == Absent(
        nxdomain=True, soa=ZONE, beside=(b"abc",)
    )
    for rcode in ("SERVFAIL", "FORMERR", "NOTIMP", "YXDOMAIN"):
        assert read(rcode=rcode, answer=TXT) == Failing(rcode)
    assert read(rcode="REFUSED", answer=TXT) == Refused()


@pytest.mark.parametrize("rcode", ["NOERROR", "NXDOMAIN"])
def test_a_negative_answer_is_absent(rcode: str) -> None:
    assert read(rcode=rcode, authority=SOA) == Absent(nxdomain=rcode == "NXDOMAIN", soa=ZONE)
    assert read(rcode=rcode) == Absent(nxdomain=rcode == "NXDOMAIN", soa=None)


def test_an_answer_about_something_else_is_malformed() -> None:
    assert isinstance(read(answer='other.test. 60 IN TXT "abc"'), Malformed)
    assert isinstance(read(answer=f"{OWNER} 60 IN A 192.0.2.1"), Malformed)


def test_ns_below_the_zone_is_a_referral() -> None:
    reading = read(flags="QR", authority="www.example.test. 60 IN NS ns1.other.test.")
    assert reading == Referral(name("www.example.test."), frozenset({name("ns1.other.test.")}))


@pytest.mark.parametrize("cut", [".", "test.", "example.test.", "ftp.example.test."])
def test_ns_at_or_above_the_zone_or_beside_the_name_is_no_referral(cut: str) -> None:
    reading = read(flags="QR", authority=f"{cut} 60 IN NS ns1.other.test.")
    assert reading == NotAuthoritative(recursive=False, upward=name(cut))


def test_a_recursive_resolver_is_not_authoritative() -> None:
    assert read(flags="QR RA", answer=TXT) == NotAuthoritative(recursive=True)
    assert read(flags="QR RA", rcode="NXDOMAIN", authority=SOA) == NotAuthoritative(recursive=True)


def test_refused_and_failures_keep_their_names() -> None:
    assert read(flags="QR", rcode="REFUSED") == Refused()
    for rcode in ("SERVFAIL", "FORMERR", "NOTIMP", "NOTAUTH"):
        assert read(flags="QR", rcode=rcode) == Failing(rcode)


def test_no_response_reads_as_its_reason() -> None:
    lost = NoResponse(NoResponseReason.TIMED_OUT, "no answer within 3 s", 3.0)
    assert read_txt(lost, OWNER, ZONE) == Unreachable(
        NoResponseReason.TIMED_OUT, "no answer within 3 s"
    )
    garbage = NoResponse(NoResponseReason.GARBAGE, "7 bytes", 3.0)
    assert read_txt(garbage, OWNER, ZONE) == Malformed("7 bytes")


@given(st.binary(max_size=200))
def test_any_message_that_parses_reads_as_something(tail: bytes) -> None:
    try:
        message = dns.message.from_wire(b"\x00\x01\x84\x00" + tail, raise_on_truncation=False)
    except Exception:  # noqa: BLE001 - what does not parse never gets here
        return
    assert read_txt(Response(message, Transport.UDP, 0.0), OWNER, ZONE) is not None
    assert message.flags & dns.flags.QR
