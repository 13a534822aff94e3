"""What of a referral counts: name servers below the zone that refers, and their glue."""

from __future__ import annotations

import dns.message
import dns.name
import dns.rrset

from certbot_dns_preflight.facts.answers import Endpoint
from certbot_dns_preflight.resolve.referrals import find_referral, with_glue

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
