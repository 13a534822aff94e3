"""What a resolver's answer says: at the end of aliases, out of which cache, by whose word."""

from __future__ import annotations

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.rrset
import pytest

from certbot_dns_preflight.facts.answers import (
    Absent,
    Endpoint,
    Failing,
    Malformed,
    Refused,
    Response,
    Transport,
    Values,
)
from certbot_dns_preflight.facts.dnssec import Kind
from certbot_dns_preflight.resolve.recursive import Recursed, negative_ttl, read_recursed

OWNER = dns.name.from_text("_acme-challenge.example.test.")
AT = Endpoint("192.0.2.53")
SOA = "example.test. 40 IN SOA ns1.example.test. root.example.test. 1 2 3 4 300"


def answer(
    *records: str,
    rcode: str = "NOERROR",
    authority: tuple[str, ...] = (),
    flags: str = "QR RD RA",
    options: tuple[dns.edns.Option, ...] = (),
) -> dns.message.Message:
    message = dns.message.make_response(
        dns.message.make_query(OWNER, "TXT", use_edns=0, want_dnssec=True)
    )
    message.use_edns(0, options=list(options))
    message.flags = dns.flags.from_text(flags)
    message.set_rcode(dns.rcode.from_text(rcode))
    for section, lines in ((message.answer, records), (message.authority, authority)):
        for line in lines:
            name, ttl, _, rdtype, data = line.split(" ", 4)
            section.append(dns.rrset.from_text(name, int(ttl), "IN", rdtype, data))
    return message


def read(message: dns.message.Message) -> Recursed:
    return read_recursed(Response(message, Transport.TCP, 0.01), OWNER, AT)


def test_the_values_at_the_end_of_aliases_count_and_the_shortest_time_of_all() -> None:
    found = read(
        answer(
            f"{OWNER} 90 IN CNAME a.target.test.",
            "a.target.test. 30 IN CNAME b.target.test.",
            'b.target.test. 60 IN TXT "va" "lue"',
        )
    )
    assert found.reading == Values((b"value",))
    assert [name.to_text() for name in found.answer.chain] == ["a.target.test.", "b.target.test."]
    assert found.kept == 30


@pytest.mark.parametrize(
    ("rcode", "nxdomain"), [("NXDOMAIN", True), ("NOERROR", False)], ids=["nxdomain", "nodata"]
)
def test_a_miss_stays_as_long_as_its_soa_says(rcode: str, *, nxdomain: bool) -> None:
    found = read(answer(rcode=rcode, authority=(SOA,)))
    zone = dns.name.from_text("example.test.")
    assert found.reading == Absent(nxdomain=nxdomain, soa=zone)
    assert (found.zone, found.kept) == (zone, 40)


def test_a_miss_stays_no_longer_than_the_last_field_of_the_soa_says() -> None:
    message = answer(authority=(SOA.replace(" 40 ", " 900 "),))
    assert negative_ttl(message) == (dns.name.from_text("example.test."), 300)


def test_nothing_is_taken_to_stay_for_longer_than_a_day() -> None:
    forever = SOA.replace(" 40 ", " 2147483647 ").replace(" 300", " 2147483647")
    assert read(answer(authority=(forever,))).kept == 86400
    assert read(answer(f'{OWNER} 2147483647 IN TXT "value"')).kept == 86400


def test_an_alias_to_nothing_is_a_miss_at_its_end() -> None:
    found = read(answer(f"{OWNER} 90 IN CNAME a.target.test.", rcode="NXDOMAIN", authority=(SOA,)))
    assert isinstance(found.reading, Absent)
    assert found.answer.chain == (dns.name.from_text("a.target.test."),)


def test_aliases_in_a_circle_are_no_answer() -> None:
    found = read(
        answer(f"{OWNER} 90 IN CNAME a.target.test.", f"a.target.test. 90 IN CNAME {OWNER}")
    )
    assert found.reading == Malformed("the reply has an endless chain of aliases")


def test_who_does_not_recurse_is_no_resolver() -> None:
    assert read(answer(flags="QR RD")).reading == Malformed("the reply offers no recursion")
    assert read(answer(rcode="REFUSED")).reading == Refused()


def test_the_ad_bit_and_the_reason_of_a_failure_are_the_resolvers_word() -> None:
    text = f'{OWNER} 60 IN TXT "value"'
    assert read(answer(text, flags="QR RD RA AD")).answer.validated
    assert not read(answer(text)).answer.validated
    expired = dns.edns.EDEOption(dns.edns.EDECode.SIGNATURE_EXPIRED, "for DNSKEY example.test")
    found = read(answer(rcode="SERVFAIL", options=(expired,), flags="QR RD RA AD"))
    assert found.reading == Failing("SERVFAIL")
    assert not found.answer.validated
    assert found.answer.bogus is not None
    assert found.answer.bogus.bogus is Kind.EXPIRED
    assert (found.answer.bogus.name, found.answer.bogus.text) == (
        "Signature expired",
        "for DNSKEY example.test",
    )
    unknown = dns.edns.EDEOption(dns.edns.EDECode.NO_REACHABLE_AUTHORITY)
    found = read(answer(rcode="SERVFAIL", options=(unknown,)))
    assert found.answer.bogus is None
    assert found.answer.errors[0].name == "No reachable authority"
