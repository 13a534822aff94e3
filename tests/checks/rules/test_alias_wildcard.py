from __future__ import annotations

from certbot_dns_preflight.facts.answers import NotAuthoritative
from certbot_dns_preflight.facts.obstacle import NoSuchDomain
from tests.builders.survey import (
    NS1,
    NS3,
    TARGET,
    alias,
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
    only_warning,
)


def test_a_wildcard_alias_is_an_error_where_the_value_is_not_served() -> None:
    only_error(aliased(at(NS3, nxdomain()), wildcard_alias=name(TARGET)), "alias-wildcard")


def test_a_wildcard_alias_to_nowhere_is_the_cause() -> None:
    facts = survey(
        hop(at(NS1, alias())),
        obstacle=NoSuchDomain(name("other.test."), name("test.")),
        wildcard_alias=name(TARGET),
    )
    only_error(facts, "alias-wildcard")


def test_a_wildcard_alias_is_a_warning_where_the_value_is_served() -> None:
    only_warning(aliased(at(NS3, texts()), wildcard_alias=name(TARGET)), "alias-wildcard")


def test_a_wildcard_alias_beside_another_error_is_a_warning() -> None:
    lagging = aliased(at(NS1, texts(), 42), at(NS3, nxdomain(), 41), wildcard_alias=name(TARGET))
    only_error(lagging, "secondary-behind", warnings=("alias-wildcard",))


def test_where_no_server_of_the_target_answers_the_value_is_not_said_to_be_missing() -> None:
    reading = NotAuthoritative(recursive=False)
    facts = aliased(at(NS3, reading), wildcard_alias=name(TARGET))
    only_error(facts, "not-authoritative", warnings=("alias-wildcard",))
