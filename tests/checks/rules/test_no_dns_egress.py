from __future__ import annotations

import pytest

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


@pytest.mark.parametrize(
    ("reason", "says", "fix"),
    [
        ("HTTP status 404", "gives no DNS answer", "Check the path of the resolver's URL: "),
        ("content of type text/html, not x", "gives no DNS answer", "Check the path of the "),
        ("HTTP status 503", "gives no DNS answer", "Try again later: "),
        (
            "the proxy p.example does not lead to the resolver: All connection attempts failed",
            "does not answer",
            "Check the proxy set in HTTPS_PROXY or ALL_PROXY, ",
        ),
        (
            "its certificate is not accepted: x; SSL_CERT_FILE names /ca, which cannot be read",
            "does not answer",
            "Correct SSL_CERT_FILE: ",
        ),
        ("TLS fails: the connection was closed", "does not answer", "Check the resolver's port: "),
    ],
)
def test_what_was_reached_is_not_told_as_a_firewall(reason: str, says: str, fix: str) -> None:
    tried = Endpoint("dns.example", 443, "https://dns.example/dns-query")
    obstacle = NoEgress((tried,), reasons=((tried, reason),), asked=Tried.RESOLVERS)
    (found,) = diagnose(survey(obstacle=obstacle))
    assert found.summary == f"the resolver https://dns.example/dns-query {says}."
    assert found.remedy.startswith(fix)
    assert "Allow" not in found.remedy
    assert found.remedy.endswith("Or use --resolver to specify another resolver.")


def test_resolvers_that_were_reached_are_told_in_the_plural() -> None:
    tried = tuple(Endpoint(h, 443, f"https://{h}/q") for h in ("a.example", "b.example"))
    reasons = tuple((one, "HTTP status 404") for one in tried)
    obstacle = NoEgress(tried, reasons=reasons, asked=Tried.RESOLVERS)
    (found,) = diagnose(survey(obstacle=obstacle))
    assert found.summary == (
        "the resolvers https://a.example/q and https://b.example/q give no DNS answer."
    )
