"""Where not ready does not mean that a CA would fail: docs/explanation/strictness.md."""

from __future__ import annotations

import re
from pathlib import Path

DOCUMENT = Path(__file__).parent.parent.parent / "docs" / "explanation" / "strictness.md"
_ROW = re.compile(r"^\| (?P<situation>[^|-][^|]*) \| [^|]+ \| (?P<verdict>[^|]+) \|[^|]*\|$")


def read(text: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Read the table: each situation, and the finding codes that tell of it."""
    rows = [row for line in text.splitlines() if (row := _ROW.match(line))]
    assert rows[0]["situation"] == "situation"
    return tuple(
        (row["situation"], tuple(re.findall(r"`([a-z-]+)`", row["verdict"]))) for row in rows[1:]
    )


ROWS = read(DOCUMENT.read_text())
"""Each situation of docs/explanation/strictness.md, and the finding codes that tell of it."""

STRICTER = frozenset(code for _, codes in ROWS for code in codes)
"""With errors of these codes alone, a validating resolver may get the values all the same."""
