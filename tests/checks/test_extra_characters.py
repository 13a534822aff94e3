"""What was put into a value: found where it stands, and named."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certbot_dns_preflight.checks.edit_distance import common_prefix
from certbot_dns_preflight.checks.extra_characters import Extra, first_extra, named, placed

EXPECTED = b"gfj9Xq8kZ2mT4vB7nR1sL0pW6yD3hC5aE9uG2iK8oJg"


@given(st.integers(0, len(EXPECTED)), st.binary(min_size=1, max_size=30))
def test_without_what_is_extra_it_is_the_expected_value(after: int, data: bytes) -> None:
    served = EXPECTED[:after] + data + EXPECTED[after:]
    extra = first_extra(EXPECTED, served, common_prefix(EXPECTED, served))
    assert extra is not None
    rest = served[extra.after + len(extra.data) :]
    assert (served[: extra.after] + rest).startswith(EXPECTED)


@pytest.mark.parametrize("served", [EXPECTED[:20] + b"-" + EXPECTED[21:], EXPECTED[:-3], b""])
def test_nothing_is_extra_where_characters_are_changed_or_missing(served: bytes) -> None:
    assert first_extra(EXPECTED, served, common_prefix(EXPECTED, served)) is None


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\r\n", "a line break (CR LF)"),
        (b"\n", "a line break (LF)"),
        (b"  ", "2 spaces"),
        (b'"', 'a quotation mark (")'),
        (b"\x00\xff", '"\\000\\255"'),
        (b"x" * 300, "300 characters"),
    ],
)
def test_extra_characters_have_names(data: bytes, words: str) -> None:
    assert named(data) == words


def test_the_place_is_counted_in_characters_of_the_expected_value() -> None:
    places = [placed(Extra(after, b" "), b"abc") for after in (0, 1, 3)]
    assert places == ["a space at the start", "a space after character 1", "a space at the end"]
