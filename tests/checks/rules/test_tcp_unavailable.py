from __future__ import annotations

import pytest

from certbot_dns_preflight.facts.answers import (
    Endpoint,
    NoResponseReason,
    Reading,
)
from tests.builders.survey import (
    NS1,
    NS2,
    at,
    hop,
    silent,
    survey,
    texts,
)
from tests.checks.asserting import (
    a_warning_while_another_shows_it,
    an_error_where_no_server_answers,
    one_error_with_its_name,
    only_warning,
)

READINGS = [silent(NoResponseReason.TRUNCATED)]


@pytest.mark.parametrize("reading", READINGS)
def test_a_server_that_does_is_one_error_with_its_name(reading: Reading) -> None:
    one_error_with_its_name(reading, "tcp-unavailable")


@pytest.mark.parametrize("reading", READINGS)
def test_with_unreachable_warn_it_is_a_warning_while_another_shows_it(reading: Reading) -> None:
    a_warning_while_another_shows_it(reading, "tcp-unavailable")


@pytest.mark.parametrize("reading", READINGS)
def test_it_stays_an_error_where_no_server_answers(reading: Reading) -> None:
    an_error_where_no_server_answers(reading, "tcp-unavailable")


def test_one_address_that_does_is_a_warning() -> None:
    facts = survey(hop(at(NS1, texts()), at(NS2, texts())), tcp_refused=frozenset({Endpoint(NS2)}))
    assert only_warning(facts, "tcp-unavailable").address == NS2
