from __future__ import annotations

import pytest

from certbot_dns_preflight.facts.probes import Sighting
from tests.builders.survey import (
    NS1,
    NS2,
    NS3,
    OTHER,
    OWNER,
    TARGET,
    VALUE,
    at,
    hop,
    name,
    nxdomain,
    survey,
    texts,
)
from tests.checks.asserting import (
    aliased,
    only_error,
)


@pytest.mark.parametrize("beside", [nxdomain(), texts(OTHER), texts(VALUE.lower())])
@pytest.mark.parametrize("kind", ["doubled-zone", "missing-label", "parent-label"])
def test_a_misplaced_record_hides_what_is_at_the_owner_name(beside: object, kind: str) -> None:
    where = name("_acme-challenge.example.test.example.test.")
    facts = survey(
        hop(at(NS1, beside), at(NS2, beside)),  # type: ignore[arg-type]
        sightings=(Sighting(where, kind, VALUE),),
    )
    found = only_error(facts, "misplaced-record")
    assert found.evidence["kind"] == kind
    assert found.summary == f"the record is at {str(where)[:-1]} instead of {OWNER}"


def test_a_record_beside_the_alias_is_misplaced() -> None:
    facts = aliased(at(NS3, nxdomain()), sightings=(Sighting(name(OWNER), "beside-alias", VALUE),))
    assert only_error(facts, "misplaced-record").summary.endswith(f"instead of {TARGET}")


def test_a_sighting_elsewhere_is_nothing_where_a_server_has_the_record() -> None:
    sightings = (Sighting(name("example.test."), "missing-label", VALUE),)
    facts = survey(hop(at(NS1, texts(), 42), at(NS2, nxdomain(), 41)), sightings=sightings)
    only_error(facts, "secondary-behind")
