from __future__ import annotations

from tests.builders.survey import (
    NS1,
    NS2,
    SECOND,
    VALUE,
    at,
    hop,
    survey,
    texts,
)
from tests.checks.asserting import (
    only_error,
)


def test_one_of_two_values_is_missing() -> None:
    facts = survey(hop(at(NS1, texts()), at(NS2, texts())), expected=(VALUE, SECOND))
    found = only_error(facts, "value-missing")
    assert found.evidence["missing"] == [SECOND.decode()]
    assert "only 1 of the 2 expected values is published" in found.summary
    assert "keep the one already there" in found.remedy
