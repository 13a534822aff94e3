"""Signatures near either end of their time; real ones are tests/dnssec's."""

from __future__ import annotations

import dns.rdatatype
import pytest

from certbot_dns_preflight.facts.answers import Endpoint
from certbot_dns_preflight.facts.dnssec import (
    Assessment,
    Expiring,
    ServerAddress,
    Status,
    ZoneState,
)
from certbot_dns_preflight.facts.environment import DomainEnvironment
from certbot_dns_preflight.facts.finding import Severity
from tests.builders.survey import NS1, OWNER, name
from tests.checks.asserting import of_dnssec, only_remark

NOW, HOUR = 1_800_000_000, 3600
PLACE = ServerAddress(name("ns1.example.net."), Endpoint(NS1))


def near(expiration: int, inception: int | None = None, apex: str = "example.test.") -> Assessment:
    one = Expiring(
        name(apex), name(OWNER), dns.rdatatype.TXT, expiration, (PLACE,), inception=inception
    )
    at = ((PLACE, Status.SECURE),)
    return Assessment((ZoneState(name(apex), Status.SECURE, "", at, expiring=(one,)),), NOW)


@pytest.mark.parametrize(
    ("assessment", "summary"),
    [
        (near(NOW + 47 * HOUR), "expire in 47 hours"),
        (near(NOW - HOUR // 2), "expired 30 minutes ago"),
        (near(NOW + 900 * HOUR, inception=NOW + 3 * HOUR), "become valid in 3 hours"),
    ],
)
def test_what_is_near_an_end_of_its_time_is_a_warning(assessment: Assessment, summary: str) -> None:
    environment = DomainEnvironment(signatures=assessment)
    found = only_remark(environment, "dnssec-expiring", Severity.WARNING)
    assert found.summary == f"The signatures of example.test {summary}."
    assert found.nameserver == name("ns1.example.net.")


def test_a_registry_renews_in_time_and_is_told_of_only_where_the_clock_may_be_wrong() -> None:
    assert list(of_dnssec(near(NOW + 47 * HOUR, apex="test."))) == []
    assert [f.code for f in of_dnssec(near(NOW - HOUR, apex="test."))] == ["dnssec-expiring"]
