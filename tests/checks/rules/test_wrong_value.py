from __future__ import annotations

from tests.builders.survey import (
    NS1,
    NS2,
    OTHER,
    at,
    hop,
    nxdomain,
    survey,
    texts,
)
from tests.checks.asserting import (
    only_error,
)


def test_another_value_is_wrong() -> None:
    facts = survey(hop(at(NS1, texts(OTHER)), at(NS2, texts(OTHER, b"x" * 80))))
    found = only_error(facts, "wrong-value")
    assert found.evidence["nearest_value"] == OTHER.decode()
    assert found.evidence["first_differing_offset"] == 0
    assert found.evidence["edit_distance"] == 43


def test_a_server_without_any_txt_beside_a_wrong_one_adds_no_error() -> None:
    only_error(survey(hop(at(NS1, texts(OTHER)), at(NS2, nxdomain()))), "wrong-value")
