from __future__ import annotations

import dns.name
import pytest

from certbot_dns_preflight.facts.answers import (
    NotAuthoritative,
    Reading,
    Referral,
)
from tests.builders.survey import (
    NS1,
    NS2,
    at,
    hop,
    name,
    survey,
    texts,
)
from tests.checks.asserting import (
    a_warning_while_another_shows_it,
    an_error_where_no_server_answers,
    one_error_with_its_name,
    only_error,
)

READINGS = [
    NotAuthoritative(recursive=True),
    NotAuthoritative(recursive=False, upward=dns.name.root),
    Referral(name("_acme-challenge.example.test."), frozenset()),
]


@pytest.mark.parametrize("reading", READINGS)
def test_a_server_that_does_is_one_error_with_its_name(reading: Reading) -> None:
    one_error_with_its_name(reading, "not-authoritative")


@pytest.mark.parametrize("reading", READINGS)
def test_with_unreachable_warn_it_is_a_warning_while_another_shows_it(reading: Reading) -> None:
    a_warning_while_another_shows_it(reading, "not-authoritative")


@pytest.mark.parametrize("reading", READINGS)
def test_it_stays_an_error_where_no_server_answers(reading: Reading) -> None:
    an_error_where_no_server_answers(reading, "not-authoritative")


def test_where_a_resolver_answers_another_network_is_asked_first() -> None:
    facts = survey(hop(at(NS1, texts()), at(NS2, NotAuthoritative(recursive=True))))
    assert only_error(facts, "not-authoritative").remedy == (
        "Query ns2.example.net from another network first. If the answer is authoritative "
        "there, find what intercepts DNS on this host's network. If the answer is the same there, "
        "configure the zone on ns2.example.net as primary or secondary, or remove that server from "
        "the zone's NS records and from the delegation at the registrar."
    )
