from __future__ import annotations

from certbot_dns_preflight.facts.obstacle import NoSuchDomain
from tests.builders.survey import (
    name,
    survey,
)
from tests.checks.asserting import (
    only_error,
)


def test_a_domain_that_does_not_exist() -> None:
    facts = survey(obstacle=NoSuchDomain(name("example.test."), name("test.")))
    assert only_error(facts, "no-such-domain").summary == (
        "example.test does not exist: the name servers of the parent zone (test) answer NXDOMAIN."
    )


def test_a_top_level_domain_that_does_not_exist_is_no_matter_of_a_registrar() -> None:
    facts = survey(obstacle=NoSuchDomain(name("invalid."), name(".")))
    found = only_error(facts, "no-such-domain")
    assert found.summary == (
        "the top-level domain invalid does not exist: the root servers answer NXDOMAIN."
    )
    assert found.remedy == "Check the spelling: no public CA can validate a name below it."
