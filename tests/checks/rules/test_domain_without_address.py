from __future__ import annotations

from certbot_dns_preflight.challenge import make_challenge
from certbot_dns_preflight.checks import with_environment
from certbot_dns_preflight.facts.environment import DomainEnvironment
from certbot_dns_preflight.facts.finding import Severity
from certbot_dns_preflight.facts.survey import Survey
from tests.checks.asserting import LETS_ENCRYPT, only_remark

ADDRESSLESS = DomainEnvironment(addressless=True)


def test_a_domain_without_address_is_an_information() -> None:
    found = only_remark(ADDRESSLESS, "domain-without-address", Severity.INFO)
    assert found.summary == (
        "example.test has no A or AAAA record. DNS-01 does not need one, but check that the "
        "name is spelled correctly."
    )


def test_a_wildcard_alone_is_no_name_that_anybody_connects_to() -> None:
    facts = Survey(make_challenge("*.example.test"))
    assert with_environment((), facts, ADDRESSLESS, request=LETS_ENCRYPT) == ()


def test_unknown_addresses_are_no_finding() -> None:
    facts = Survey(make_challenge("example.test"))
    assert with_environment((), facts, DomainEnvironment(), request=LETS_ENCRYPT) == ()
