from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from certbot_dns_preflight.checks import evidence
from certbot_dns_preflight.checks.comparer import Comparer
from tests.builders.survey import (
    NS1,
    NS2,
    OTHER,
    VALUE,
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

    from certbot_dns_preflight.checks.txt_difference import Difference


def test_another_value_is_wrong() -> None:
    facts = survey(hop(at(NS1, texts(OTHER)), at(NS2, texts(OTHER, b"x" * 80))))
    found = only_error(facts, "wrong-value")
    assert found.evidence["nearest_value"] == OTHER.decode()
    assert found.evidence["first_differing_offset"] == 0
    assert found.evidence["edit_distance"] == 43


@pytest.mark.parametrize(
    ("served", "around"),
    [
        (VALUE + b"x" * 300, "300 characters added at the end"),
        (b"acme=" + VALUE, '"acme=" added at the start'),
        (b"acme=" + VALUE + b";", '"acme=" added at the start and ";" added at the end'),
    ],
)
def test_what_surrounds_the_expected_value_is_named(served: bytes, around: str) -> None:
    facts = survey(hop(at(NS1, texts(served)), at(NS2, texts(served))))
    found = only_error(facts, "wrong-value")
    assert found.summary.endswith(f" serve the expected value with {around}.")
    assert found.cause == (
        f"The value was published with {around}. Probably the panel, API or hook that wrote it is "
        "at fault."
    )
    assert found.remedy == (
        "Replace the wrong value with the expected one; leave other values alone. Then correct "
        "whatever wrote it, or it will happen again."
    )


def test_values_of_others_are_not_to_be_replaced() -> None:
    found = only_error(survey(hop(at(NS1, texts(OTHER, b"x" * 80)))), "wrong-value")
    assert found.remedy == (
        "Check the log of whatever should have created the record (certbot DNS plugin or hook "
        "script). Add the expected value. Remove only values that you know are stale: others may "
        "still be in use."
    )
    assert found.records == (f'_acme-challenge.example.test. TXT "{VALUE.decode()}"',)


def test_a_server_without_any_txt_beside_a_wrong_one_adds_no_error() -> None:
    only_error(survey(hop(at(NS1, texts(OTHER)), at(NS2, nxdomain()))), "wrong-value")


def test_of_very_many_values_the_most_alike_are_compared_and_each_answer_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls = []
    real = Comparer.compare

    def counted(self: Comparer, expected: Iterable[bytes], served: Iterable[bytes]) -> Difference:
        calls.append(1)
        return real(self, expected, served)

    monkeypatch.setattr(Comparer, "compare", counted)
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
