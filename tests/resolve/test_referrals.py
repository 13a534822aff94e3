"""What of a referral counts: name servers below the zone that refers, and their glue."""

from __future__ import annotations

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rrset
import pytest

from certbot_dns_preflight.facts.answers import Endpoint, Response, Transport
from certbot_dns_preflight.resolve.referrals import (
    find_referral,
    first_usable,
    tells_the_zone,
    with_glue,
)

ZONE = dns.name.from_text("test.")
OWNER = dns.name.from_text("_acme-challenge.example.test.")


def referral(*glue: str, cut: str = "example.test.") -> dns.message.Message:
    message = dns.message.make_response(dns.message.make_query(OWNER, "TXT"))
    servers = ("ns1.example.test.", "ns.other.example.")
    message.authority = [dns.rrset.from_text(cut, 60, "IN", "NS", *servers)]
    for line in glue:
        owner, rdtype, address = line.split()
        message.additional.append(dns.rrset.from_text(owner, 60, "IN", rdtype, address))
    return message


def test_addresses_outside_the_bailiwick_do_not_count() -> None:
    message = referral(
        "ns1.example.test. A 192.0.2.1",
        "ns1.example.test. AAAA 2001:db8::1",
        "ns.other.example. A 192.0.2.66",
        "victim.example. A 192.0.2.66",
    )
    ns = find_referral(message, ZONE, OWNER)
    assert ns is not None
    assert with_glue(ns, message, ZONE) == {
        dns.name.from_text("ns1.example.test."): (
            Endpoint("192.0.2.1"),
            Endpoint("2001:db8::1"),
        ),
        dns.name.from_text("ns.other.example."): (),
    }


def test_a_referral_elsewhere_is_none() -> None:
    for cut in ("test.", "other.test.", "victim.example.", "."):
        assert find_referral(referral(cut=cut), ZONE, OWNER) is None


def denial(flags: int, *authority: str, rcode: dns.rcode.Rcode = dns.rcode.NOERROR) -> Response:
    message = dns.message.make_response(dns.message.make_query(OWNER, "SOA", flags=0))
    message.flags |= flags
    message.set_rcode(rcode)
    message.authority = [dns.rrset.from_text(*one.split(None, 4)) for one in authority]
    return Response(message, Transport.UDP, 0.0)


AA, RA = dns.flags.AA, dns.flags.RA
SOA = "example.test. 60 IN SOA ns.test. h.test. 1 2 3 4 5"
UPWARD = ". 60 IN NS a.root-servers.net."


@pytest.mark.parametrize(
    ("reply", "tells", "usable"),
    [
        (denial(AA, SOA), True, True),
        (denial(0, SOA), True, True),  # resolvers do not insist on AA
        (denial(RA, SOA), False, False),
        (denial(AA), False, True),
        (denial(0), False, True),
        (denial(0, UPWARD), False, False),
        (denial(AA, SOA.replace("example", "other")), False, True),
        (denial(AA, SOA, rcode=dns.rcode.SERVFAIL), False, False),
    ],
)
def test_the_zone_of_a_name_is_in_the_soa_with_or_without_aa(
    reply: Response, *, tells: bool, usable: bool
) -> None:
    assert tells_the_zone(reply.message, ZONE, OWNER) is tells
    found = first_usable({Endpoint("192.0.2.1"): reply}, ZONE, OWNER)
    assert found == ((Endpoint("192.0.2.1"), reply) if usable else None)


def test_an_answer_of_the_root_without_aa_tells_nothing() -> None:
    assert not tells_the_zone(denial(0, SOA).message, dns.name.root, OWNER)
