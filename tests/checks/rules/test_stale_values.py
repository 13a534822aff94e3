from __future__ import annotations

from tests.builders.survey import (
    NS1,
    OTHER,
    VALUE,
    at,
    hop,
    survey,
    texts,
)
from tests.checks.asserting import (
    only_warning,
)


def test_other_values_beside_are_stale() -> None:
    found = only_warning(survey(hop(at(NS1, texts(OTHER, VALUE)))), "stale-values")
    assert found.evidence["unexpected"] == [OTHER.decode()]
