"""How the first difference of two values is put into words."""

from __future__ import annotations

import pytest

from certbot_dns_preflight.report.side_by_side import side_by_side
from tests.builders.survey import VALUE


@pytest.mark.parametrize(
    ("served", "expected", "words"),
    [
        (b"O", b"0", 'capital letter "O" instead of digit "0"'),
        (b"0", b"o", 'digit "0" instead of small letter "o"'),
        (b"l", b"I", 'small letter "l" instead of capital letter "I"'),
        (b"1", b"l", 'digit "1" instead of small letter "l"'),
        (b"S", b"5", 'capital letter "S" instead of digit "5"'),
        (b"Q", b"q", 'capital letter "Q" instead of small letter "q"'),
        (b"-", b"_", 'hyphen "-" instead of underscore "_"'),
        (b"a", b"7", '"a" instead of "7"'),
        (b"\xe9", b"e", '"\\233" instead of "e"'),
        (b'"', b"e", '\'"\' instead of "e"'),
    ],
)
def test_the_kind_of_a_character_is_named_where_it_is_easily_mistaken(
    served: bytes, expected: bytes, words: str
) -> None:
    there, wanted = VALUE[:21] + served + VALUE[22:], VALUE[:21] + expected + VALUE[22:]
    (mark,) = side_by_side(wanted, there, room=120).marks
    assert mark.endswith(f"^ character 22 of 43: {words}")
