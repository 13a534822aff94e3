from __future__ import annotations

from certbot_dns_preflight.facts.obstacle import NoSuchDomain
from tests.builders.survey import (
    NS1,
    TARGET,
    alias,
    at,
    hop,
    name,
    survey,
)
from tests.checks.asserting import (
    only_error,
)


def test_an_alias_to_nowhere_dangles() -> None:
    obstacle = NoSuchDomain(name("other.test."), name("test."))
    facts = survey(hop(at(NS1, alias())), obstacle=obstacle)
    assert only_error(facts, "alias-dangling").summary == (
        f"_acme-challenge.example.test points to {TARGET[:-1]}, which does not exist."
    )


def test_only_a_name_that_somebody_can_register_is_a_risk() -> None:
    for missing, risk in (("other.test.", True), ("invalid.", False)):
        obstacle = NoSuchDomain(name(missing), name(missing).parent())
        found = only_error(survey(hop(at(NS1, alias())), obstacle=obstacle), "alias-dangling")
        assert ("whoever registers" in found.remedy) is risk
