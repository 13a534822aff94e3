"""Where not ready does not mean that a CA would fail: docs/explanation/strictness.md."""

from __future__ import annotations

import re
from pathlib import Path

DOCUMENT = Path(__file__).parent.parent.parent / "docs" / "explanation" / "strictness.md"
_ROW = re.compile(
    r"^\| (?P<situation>[^|-][^|]*) \| (?P<resolver>[^|]+) \| (?P<verdict>[^|]+) \|[^|]*\|$"
)


def _rows(text: str) -> list[re.Match[str]]:
    rows = [row for line in text.splitlines() if (row := _ROW.match(line))]
    assert rows[0]["situation"] == "situation"
    return rows[1:]


def _codes(row: re.Match[str]) -> tuple[str, ...]:
    return tuple(re.findall(r"`([a-z-]+)`", row["verdict"]))


def read(text: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Read the table: each situation, and the finding codes that tell of it."""
    return tuple((row["situation"], _codes(row)) for row in _rows(text))


ROWS = read(DOCUMENT.read_text())
"""Each situation of docs/explanation/strictness.md, and the finding codes that tell of it."""

STRICTER = frozenset(code for _, codes in ROWS for code in codes)
"""With errors of these codes alone, a validating resolver may get the values all the same."""

WHATEVER_RESOLVERS_DO = frozenset(
    code
    for row in _rows(DOCUMENT.read_text())
    if row["resolver"] == "takes the answer"
    for code in _codes(row)
)
"""With errors of these codes alone, no server needs to make a validating resolver fail."""
