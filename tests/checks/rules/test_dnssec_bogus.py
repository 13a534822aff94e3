"""What one zone's faults are told as; real signatures are tests/dnssec's."""

from __future__ import annotations

import dns.rdatatype
import pytest

from certbot_dns_preflight.facts.answers import Endpoint
from certbot_dns_preflight.facts.dnssec import (
    Assessment,
    Fault,
    Kind,
    ServerAddress,
    Status,
    ZoneState,
)
from certbot_dns_preflight.facts.environment import DomainEnvironment
from certbot_dns_preflight.facts.finding import Severity
from tests.builders.survey import NS1, NS2, OWNER, name
from tests.checks.asserting import of_dnssec, only_remark

NOW = 1_800_000_000
APEX = name("example.test.")
PLACES = tuple(
    ServerAddress(name(f"ns{number}.example.net."), Endpoint(address))
    for number, address in enumerate((NS1, NS2), 1)
)


def bogus(kind: Kind, *places: ServerAddress, moment: int | None = None) -> Assessment:
    fault = Fault(
        kind, APEX, name(OWNER), dns.rdatatype.TXT, "no valid signature", moment, (7,), places
    )
    at = tuple((place, Status.BOGUS) for place in PLACES)
    return Assessment((ZoneState(APEX, Status.BOGUS, "", at, (fault,)),), NOW)


@pytest.mark.parametrize(
    ("kind", "summary"),
    [
        (Kind.DS_WITHOUT_KEY, "the DS at test does not match any key"),
        (Kind.EXPIRED, "the signatures expired 3 days ago"),
        (Kind.NOT_YET_VALID, "the signatures become valid in 3 days"),
        (Kind.MISSING, "no signature for TXT"),
        (Kind.INVALID, "invalid signature for TXT"),
    ],
)
def test_each_kind_is_one_error_in_its_own_words(kind: Kind, summary: str) -> None:
    moment = {Kind.EXPIRED: NOW - 3 * 86400, Kind.NOT_YET_VALID: NOW + 3 * 86400}.get(kind)
    assessment = bogus(kind, *PLACES, moment=moment)
    environment = DomainEnvironment(signatures=assessment)
    found = only_remark(environment, "dnssec-bogus", Severity.ERROR)
    assert found.summary == f"DNSSEC of example.test: {summary}."
    assert found.evidence["kind"] == kind.value
    assert (found.nameserver, found.address) == (None, None)


def test_one_of_two_servers_is_named() -> None:
    (found,) = of_dnssec(bogus(Kind.MISSING, PLACES[1]))
    assert found.summary == ("DNSSEC of example.test: no signature for TXT on ns2.example.net.")
    assert (found.nameserver, found.address) == (name("ns2.example.net."), NS2)
