from __future__ import annotations

import dataclasses

import pytest

from certbot_dns_preflight.checks import diagnose
from certbot_dns_preflight.checks.verdict import is_ready, judge
from certbot_dns_preflight.facts.finding import Severity
from certbot_dns_preflight.facts.limits import Budget, LimitMet
from certbot_dns_preflight.facts.outcome import Verdict
from certbot_dns_preflight.facts.zone import NameServer
from certbot_dns_preflight.settings import UnreachablePolicy
from tests.builders.survey import BOTH, NS1, ZONE, at, hop, name, survey, texts
from tests.checks.asserting import codes, only_error

ADDRESSES = LimitMet(Budget.ADDRESSES, 100, name(ZONE), whole_run=False)
QUERIES = LimitMet(Budget.QUERIES, 48000, name("evil.test."), whole_run=True)


def test_a_zone_beyond_a_limit_is_named_and_not_ready() -> None:
    facts = dataclasses.replace(survey(hop(at(NS1, texts()))), limits=(ADDRESSES,))
    found = only_error(facts, "limit-reached")
    assert "example.test needs more than 100 name server addresses" in found.summary
    assert found.evidence == {
        "budget": "addresses",
        "limit": 100,
        "scope": "zone",
        "zone": "example.test.",
    }
    assert not is_ready(facts, unreachable=UnreachablePolicy.WARN)


def test_who_spent_the_runs_budget_is_named() -> None:
    facts = dataclasses.replace(survey(hop(at(NS1, texts()))), limits=(QUERIES,))
    found = only_error(facts, "limit-reached")
    assert found.evidence["scope"] == "run"
    assert "evil.test used up most of the limit." in found.cause


def test_servers_beyond_a_limit_are_not_told_as_having_no_address() -> None:
    beyond = NameServer(name("ns9.example.net."), BOTH, failure="not looked up", limited=True)
    facts = dataclasses.replace(survey(hop(at(NS1, texts()), extra=(beyond,))), limits=(ADDRESSES,))
    only_error(facts, "limit-reached")


@pytest.mark.parametrize("hops", [(), (hop(zone=ZONE),)])
def test_where_nothing_at_all_is_known_it_is_inconclusive(hops: tuple[object, ...]) -> None:
    facts = dataclasses.replace(survey(*hops), limits=(QUERIES,))  # type: ignore[arg-type]
    found = diagnose(facts)
    assert codes(found, Severity.ERROR) == ["limit-reached"]
    assert judge(facts, found) is Verdict.INCONCLUSIVE
