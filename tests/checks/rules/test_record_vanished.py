from __future__ import annotations

import pytest

from tests.builders.survey import (
    NS1,
    NS2,
    at,
    hop,
    nxdomain,
    survey,
    texts,
)
from tests.checks.asserting import (
    only_error,
)


@pytest.mark.parametrize("others", [texts(), nxdomain()])
def test_a_record_that_was_there_has_vanished(others: object) -> None:
    facts = survey(
        hop(at(NS1, others), at(NS2, nxdomain(), flips=1, matched_before=True))  # type: ignore[arg-type]
    )
    found = only_error(facts, "record-vanished")
    assert found.address == NS2
    assert found.summary == (
        "ns2.example.net had the record earlier in this run, but no longer returns it."
    )
    assert found.cause.startswith("It now answers NXDOMAIN. ")
