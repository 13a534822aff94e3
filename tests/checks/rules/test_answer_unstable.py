from __future__ import annotations

import pytest

from tests.builders.survey import (
    NS1,
    NS2,
    at,
    hop,
    name,
    nxdomain,
    survey,
    texts,
)
from tests.checks.asserting import (
    only_error,
)


@pytest.mark.parametrize("now", [texts(), nxdomain()])
def test_back_and_forth_is_unstable(now: object) -> None:
    facts = survey(
        hop(at(NS1, texts()), at(NS2, now, flips=3, matched_before=True))  # type: ignore[arg-type]
    )
    assert only_error(facts, "answer-unstable").nameserver == name("ns2.example.net.")
