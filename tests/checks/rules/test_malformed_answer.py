from __future__ import annotations

import pytest

from certbot_dns_preflight.facts.answers import (
    MISMATCHED,
    Malformed,
    Reading,
)
from tests.builders.survey import NS1, NS2, at, hop, survey, texts
from tests.checks.asserting import (
    a_warning_while_another_shows_it,
    an_error_where_no_server_answers,
    one_error_with_its_name,
    only_error,
)

READINGS = [Malformed("another question"), Malformed(f"{MISMATCHED}: its ID is different")]


@pytest.mark.parametrize("reading", READINGS)
def test_a_server_that_does_is_one_error_with_its_name(reading: Reading) -> None:
    one_error_with_its_name(reading, "malformed-answer")


@pytest.mark.parametrize("reading", READINGS)
def test_with_unreachable_warn_it_is_a_warning_while_another_shows_it(reading: Reading) -> None:
    a_warning_while_another_shows_it(reading, "malformed-answer")


@pytest.mark.parametrize("reading", READINGS)
def test_it_stays_an_error_where_no_server_answers(reading: Reading) -> None:
    an_error_where_no_server_answers(reading, "malformed-answer")


@pytest.mark.parametrize(
    ("detail", "sends", "cause"),
    [
        (
            f"{MISMATCHED}: its ID is different",
            "replies that do not match the query",
            "The reply from 192.0.2.2 does not match the query: its ID is different.",
        ),
        (
            "the reply is malformed: 7 bytes are too few for a DNS message",
            "malformed replies",
            "The reply from 192.0.2.2 is malformed: 7 bytes are too few for a DNS message.",
        ),
    ],
)
def test_a_reply_to_another_query_is_not_called_malformed(
    detail: str, sends: str, cause: str
) -> None:
    facts = survey(hop(at(NS1, texts()), at(NS2, Malformed(detail))))
    found = only_error(facts, "malformed-answer")
    assert found.summary == f"ns2.example.net sends {sends}."
    assert found.cause == cause
