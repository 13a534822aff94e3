from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import evidence, txt_difference
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

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pytest

    from certbot_dns_preflight.checks.txt_difference import Difference


def test_another_value_is_wrong() -> None:
    facts = survey(hop(at(NS1, texts(OTHER)), at(NS2, texts(OTHER, b"x" * 80))))
    found = only_error(facts, "wrong-value")
    assert found.evidence["nearest_value"] == OTHER.decode()
    assert found.evidence["first_differing_offset"] == 0
    assert found.evidence["edit_distance"] == 43


def test_a_server_without_any_txt_beside_a_wrong_one_adds_no_error() -> None:
    only_error(survey(hop(at(NS1, texts(OTHER)), at(NS2, nxdomain()))), "wrong-value")


def test_of_very_many_values_the_most_alike_are_compared_and_each_answer_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls = []
    real = txt_difference.compare

    def counted(expected: Iterable[bytes], served: Iterable[bytes]) -> Difference:
        calls.append(1)
        return real(expected, served)

    monkeypatch.setattr(txt_difference, "compare", counted)
    same = texts(*(f"{number:043}".encode() for number in range(1200)))
    different = [
        texts(*(f"{number}-{server:040}".encode() for number in range(300))) for server in range(20)
    ]
    for readings, most in ((20 * [same], 4), (different, evidence.MOST_ANSWERS + 3)):
        calls.clear()
        rows = [at(f"192.0.2.{n}", reading) for n, reading in enumerate(readings, 1)]
        found = only_error(survey(hop(*rows)), "wrong-value")
        assert len(calls) <= most
        assert found.evidence["not_compared"] > 0
        assert "only the 64 most like it were compared" in found.cause
