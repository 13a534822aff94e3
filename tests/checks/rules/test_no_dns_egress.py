from __future__ import annotations

from certbot_dns_preflight.checks import diagnose
from certbot_dns_preflight.checks.verdict import judge
from certbot_dns_preflight.facts.answers import (
    Endpoint,
)
from certbot_dns_preflight.facts.finding import Severity
from certbot_dns_preflight.facts.obstacle import NoEgress, Tried
from certbot_dns_preflight.facts.outcome import Verdict
from certbot_dns_preflight.report.surface import Surface, as_typed
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


def test_the_options_that_help_are_named_with_a_resolver_that_answers() -> None:
    roots = (Endpoint("198.41.0.4"),)
    (found,) = diagnose(survey(obstacle=NoEgress(roots, ways_out=(Endpoint("192.0.2.53"),))))
    assert found.remedy == (
        "Allow outgoing port 53 (UDP and TCP) from this host, or use --ask resolvers --resolver "
        "192.0.2.53, which answers this host."
    )
    assert found.evidence["answering_resolvers"] == ["192.0.2.53"]
    assert "use --dns-preflight-ask resolvers --dns-preflight-resolver 192.0.2.53" in as_typed(
        found.remedy, Surface.CERTBOT
    )
    (found,) = diagnose(survey(obstacle=NoEgress(roots)))
    assert found.remedy.endswith(
        "or use --ask resolvers --resolver https://HOST/PATH, a DNS over HTTPS service that this "
        "host may reach."
    )


def test_where_a_resolver_alone_answers_no_name_server_is_blamed() -> None:
    facts = survey(obstacle=NoEgress((Endpoint("192.0.2.1"),), asked=Tried.NAME_SERVERS))
    (found,) = diagnose(facts)
    assert found.summary == (
        "this host can reach resolvers only: no name server answers it on port 53."
    )
    assert found.remedy.startswith("Add --ask resolvers to query the resolver ")


def test_a_resolver_that_does_not_answer_is_told_with_the_reason() -> None:
    tried = Endpoint("dns.example", 443, "https://dns.example/dns-query")
    reasons = ((tried, "its certificate is not accepted: self-signed certificate"),)
    (found,) = diagnose(survey(obstacle=NoEgress((tried,), reasons=reasons, asked=Tried.RESOLVERS)))
    assert found.summary == "the resolver https://dns.example/dns-query does not answer."
    assert found.cause == ("The reason: its certificate is not accepted: self-signed certificate.")
    assert "SSL_CERT_FILE" in found.remedy
