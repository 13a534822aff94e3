"""Colours of the text report: SGR sequences for whole stretches of a finished line. Pure."""

from __future__ import annotations

from certbot_dns_preflight.facts.outcome import Verdict
from certbot_dns_preflight.facts.survey import Status

GOOD, BAD, DOUBTFUL, PLAIN = "32", "31", "33", ""
_BOLD = "1;"


def painted(line: str, style: str, start: int = 0) -> str:
    """Colour a line from column `start` on; without a style it stays as it is."""
    if not style or not line[start:].strip():
        return line
    return f"{line[:start]}\x1b[{style}m{line[start:]}\x1b[0m"


def marked(words: str) -> str:
    """Make a stretch of a line stand out: the characters that differ."""
    return f"\x1b[{_BOLD}{BAD}m{words}\x1b[0m" if words else words


def of_verdict(verdict: Verdict) -> str:
    """Choose the style of the first line."""
    return (
        _BOLD
        + {
            Verdict.READY: GOOD,
            Verdict.NOT_READY: BAD,
            Verdict.INCONCLUSIVE: DOUBTFUL,
        }[verdict]
    )


def of_status(status: Status | None) -> str:
    """Choose the style of one answer."""
    match status:
        case None | Status.ALIAS | Status.NOT_ASKED:
            return PLAIN
        case Status.MATCH:
            return GOOD
        case Status.PARTIAL:
            return DOUBTFUL
        case _:
            return BAD
