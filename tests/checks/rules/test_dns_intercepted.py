from __future__ import annotations

from certbot_dns_preflight.checks import diagnose
from certbot_dns_preflight.checks.verdict import judge
from certbot_dns_preflight.facts.answers import Endpoint
from certbot_dns_preflight.facts.finding import Severity
from certbot_dns_preflight.facts.obstacle import Intercepted
from certbot_dns_preflight.facts.outcome import Verdict
from tests.builders.survey import survey
from tests.checks.asserting import codes

ANSWERS = (
    (Endpoint("198.41.0.4"), "an answer from a recursive resolver"),
    (Endpoint("170.247.170.2"), "an answer from a recursive resolver"),
)


def test_where_something_answers_for_the_root_nothing_else_is_concluded() -> None:
    facts = survey(obstacle=Intercepted(ANSWERS, recursive=True))
    found = diagnose(facts)
    assert codes(found, Severity.ERROR) == ["dns-intercepted"]
    assert judge(facts, found, skip=frozenset({"dns-intercepted"})) is Verdict.INCONCLUSIVE
    assert found[0].cause == (
        "Queries to the root servers 198.41.0.4 and 170.247.170.2 came back with an answer from a "
        "recursive resolver, which no root server sends. Routers, VPNs and some providers do this."
    )
    assert found[0].evidence["recursive"] is True
    assert found[0].remedy.endswith(
        "or use --ask resolvers --resolver https://HOST/PATH, a DNS over HTTPS service that this "
        "host may reach."
    )


def test_a_resolver_that_answers_is_named_with_its_options() -> None:
    obstacle = Intercepted(ANSWERS, recursive=True, ways_out=(Endpoint("192.0.2.53"),))
    (found,) = diagnose(survey(obstacle=obstacle))
    assert "--ask resolvers --resolver 192.0.2.53, which answers this host" in found.remedy
