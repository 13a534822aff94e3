from __future__ import annotations

from certbot_dns_preflight.checks import diagnose
from certbot_dns_preflight.checks.verdict import judge
from certbot_dns_preflight.facts.answers import (
    Endpoint,
)
from certbot_dns_preflight.facts.finding import Severity
from certbot_dns_preflight.facts.obstacle import NoEgress
from certbot_dns_preflight.facts.outcome import Verdict
from tests.builders.survey import (
    survey,
)
from tests.checks.asserting import (
    codes,
)


def test_without_egress_nothing_is_concluded() -> None:
    facts = survey(obstacle=NoEgress((Endpoint("198.41.0.4"),)))
    found = diagnose(facts)
    assert codes(found, Severity.ERROR) == ["no-dns-egress"]
    assert judge(facts, found, skip=frozenset({"no-dns-egress"})) is Verdict.INCONCLUSIVE
