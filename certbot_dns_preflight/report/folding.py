"""Lines folded at a width, words and figures with their units kept whole. Pure."""

from __future__ import annotations

import re
import textwrap

_BEFORE_UNIT = re.compile(r"(?<=\d) (?=s\b)")
_UNBROKEN = "\N{NO-BREAK SPACE}"


def folded(words: str, width: int, first: str = "", hanging: str = "") -> list[str]:
    """Fold words at the width; a word that is longer stays whole."""
    lines = textwrap.wrap(
        _BEFORE_UNIT.sub(_UNBROKEN, words),
        width,
        initial_indent=first,
        subsequent_indent=hanging,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [line.replace(_UNBROKEN, " ") for line in lines]
