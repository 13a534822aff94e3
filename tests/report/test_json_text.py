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
