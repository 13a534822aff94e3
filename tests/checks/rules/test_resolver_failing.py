from __future__ import annotations

from certbot_dns_preflight.facts.answers import Failing, NoResponseReason, Unreachable
from certbot_dns_preflight.facts.resolver_sight import ExtendedError
from certbot_dns_preflight.settings import UnreachablePolicy
from tests.builders.survey import REFUSED, THERE, TIMED_OUT, by_resolvers
from tests.checks.asserting import only_error, only_warning

CODE = "resolver-failing"


def test_what_a_resolver_says_of_its_failure_is_quoted_and_no_name_server_blamed() -> None:
    errors = (ExtendedError(22, "No reachable authority", "at delegation example.test"),)
    found = only_error(by_resolvers(Failing("SERVFAIL"), errors=errors), CODE)
    assert found.summary == "the resolver 192.0.2.1 answers SERVFAIL."
    assert found.cause == (
        "It says: No reachable authority (at delegation example.test). This host cannot tell "
        "whether the zone's name servers answer."
    )
    assert found.evidence["extended_errors"] == [
        {"code": 22, "name": "No reachable authority", "text": "at delegation example.test"}
    ]


def test_silence_and_refusals_are_told_with_what_came_of_asking() -> None:
    silent = only_error(by_resolvers(TIMED_OUT), CODE)
    assert silent.summary == "the resolver 192.0.2.1 does not answer."
    assert silent.cause.startswith("The reason: no answer in 3 s, twice.")
    assert only_error(by_resolvers(REFUSED), CODE).summary == (
        "the resolver 192.0.2.1 answers REFUSED."
    )


def test_a_certificate_of_a_private_ca_has_its_remedy() -> None:
    reading = Unreachable(NoResponseReason.UNREACHABLE, "its certificate is not accepted: x")
    assert "SSL_CERT_FILE" in only_error(by_resolvers(reading), CODE).remedy


def test_one_of_several_is_a_warning_where_that_is_wanted() -> None:
    facts = by_resolvers(THERE, TIMED_OUT)
    only_error(facts, CODE)
    only_warning(facts, CODE, unreachable=UnreachablePolicy.WARN)
