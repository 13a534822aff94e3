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


def _reasons(row: re.Match[str]) -> tuple[tuple[str, str], ...]:
    """Give the codes that a row names, each with the kind that it is limited to, or "" for all."""
    return tuple(re.findall(r"`([a-z-]+)`(?: of the kind `([a-z-]+)`)?", row["verdict"]))


def _codes(row: re.Match[str]) -> tuple[str, ...]:
    return tuple(code for code, _ in _reasons(row))


def read(text: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Read the table: each situation, and the finding codes that tell of it."""
    return tuple((row["situation"], _codes(row)) for row in _rows(text))


ROWS = read(DOCUMENT.read_text())
"""Each situation of docs/explanation/strictness.md, and the finding codes that tell of it."""

STRICTER = frozenset(code for _, codes in ROWS for code in codes)
"""With errors of these codes alone, a validating resolver may get the values all the same."""

_PASSES = frozenset(
    {
        "takes the answer",
        "goes by the delegation",
        "asks again in lower case, in time or not",
    }
)
"""What a resolver does in the situations that need not make it fail."""

WHATEVER_RESOLVERS_DO = frozenset(
    reason
    for row in _rows(DOCUMENT.read_text())
    if row["resolver"] in _PASSES
    for reason in _reasons(row)
)
"""Codes, with the kind or "" for all: with such errors alone, no server makes a resolver fail."""
