"""A page in the making: labels, hanging indents, folding, and colour at the very end. Pure.

Decides how words become lines within a width; it does not know what they say.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from certbot_dns_preflight.report import styles
from certbot_dns_preflight.report.folding import folded

if TYPE_CHECKING:
    from certbot_dns_preflight.facts.outcome import Verdict

INDENT = "  "
_LABEL = 10


@dataclass(slots=True)
class Page:
    """Lines in the making: plain text is laid out first and coloured last."""

    width: int
    colour: bool
    unicode: bool
    lines: list[str] = field(default_factory=list)

    @property
    def ellipsis(self) -> str:
        """What stands for text left out."""
        return "\N{HORIZONTAL ELLIPSIS}" if self.unicode else "..."

    @property
    def room(self) -> int:
        """The columns right of a label."""
        return self.width - len(INDENT) - _LABEL

    def text(self) -> str:
        """Give the page without a final line end."""
        return "\n".join(self.lines).rstrip("\n")

    def blank(self) -> None:
        """Leave one empty line, never two."""
        if self.lines and self.lines[-1]:
            self.lines.append("")

    def add(self, line: str, style: str = "", *, start: int = 0) -> None:
        """Take a finished plain line and colour it from column `start` on."""
        line = self._written(line)
        self.lines.append(
            styles.painted(line.rstrip(), style, start) if self.colour else line.rstrip()
        )

    def headline(self, words: str, verdict: Verdict) -> None:
        """Put the answer."""
        for line in folded(self._written(words), self.width, "", INDENT):
            self.add(line, styles.of_verdict(verdict))

    def paragraph(self, words: str, indent: str = "", *, hanging: str | None = None) -> None:
        """Put words folded at the width; `hanging` indents all lines but the first."""
        after = indent if hanging is None else hanging
        for line in folded(self._written(words), self.width, indent, after):
            self.add(line)

    def labelled(self, label: str, words: str) -> None:
        """Put words beside a label, folded with a hanging indent."""
        hanging = " " * (len(INDENT) + _LABEL)
        for line in folded(self._written(words), self.width, f"{INDENT}{label:<{_LABEL}}", hanging):
            self.add(line)

    def exactly(
        self, label: str, words: str, style: str = "", *, marked: tuple[int, int] | None = None
    ) -> None:
        """Put a value beside its label as it is: nothing is folded. `marked` columns stand out."""
        lead = f"{INDENT}{label:<{_LABEL}}"
        if marked is None or not self.colour:
            self.add(lead + words, style, start=len(lead))
            return
        line = self._written(lead + words)
        start, end = (len(lead) + column for column in marked)
        self.lines.append(line[:start] + styles.marked(line[start:end]) + line[end:])

    def copied(self, words: str) -> None:
        """Put what is to be copied alone on its line: indented where it fits, never folded."""
        room = self.width - len(self._written(words))
        self.add((INDENT * 2)[: max(0, room)] + words)

    def _written(self, words: str) -> str:
        # Before anything is measured: an escape is wider than what it stands for.
        return words if self.unicode else words.encode("ascii", "backslashreplace").decode("ascii")
