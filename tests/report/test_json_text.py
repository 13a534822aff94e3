"""The report's JSON text: what the standard library writes, at less cost."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certbot_dns_preflight.report import json_text

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
VALUES = st.recursive(
    SCALARS.filter(lambda value: value not in (float("inf"), float("-inf"))),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.lists(st.text()),
)


@given(VALUES)
def test_text_is_what_the_standard_library_writes(value: object) -> None:
    assert json_text.write(value) == json.dumps(value, indent=2, allow_nan=False) + "\n"


@pytest.mark.parametrize("value", [float("nan"), [float("inf")], {"a": float("-inf")}])
def test_figures_that_json_does_not_have_are_refused(value: object) -> None:
    with pytest.raises(ValueError, match="JSON"):
        json_text.write(value)


@given(st.lists(VALUES))
def test_an_iterator_is_an_array(items: list[object]) -> None:
    written = "".join(json_text.pieces({"items": iter(items)}))
    assert written == json_text.write({"items": items})


def test_the_items_of_an_iterator_are_made_when_they_are_written() -> None:
    made = []
    pieces = json_text.pieces(made.append(n) or n for n in range(3))  # type: ignore[func-returns-value]
    assert made == []
    next(pieces)
    assert made == [0]
