"""The wait as a picture: server by second, as an inline SVG. Pure.

Decides which stretches of the wait an address spent without the record, behind, and with it, as
far as its last answer and the moment of its first match say. It needs no script and no style but
the page's classes; bars are placed in percent, so that the picture fits any width.
"""

from __future__ import annotations

import enum
import html
from dataclasses import dataclass
from typing import TYPE_CHECKING

from certbot_dns_preflight.facts.survey import Status
from certbot_dns_preflight.report.plain_name import plain_name
from certbot_dns_preflight.report.words import address_words, seconds, serials_behind, state_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from certbot_dns_preflight.facts.survey import Hop, Observation, Survey

_ROW, _BAR, _AXIS = 46, 12, 24
_MOST_ROWS = 60
_SHORTEST_WAIT = 0.001


class Phase(enum.StrEnum):
    """What an address showed during a stretch of the wait; also the bar's class."""

    ABSENT = "absent"
    BEHIND = "behind"
    MATCH = "match"
    OTHER = "other"
    SILENT = "silent"


_WORDS = {
    Phase.ABSENT: "record absent",
    Phase.BEHIND: "an older serial than others",
    Phase.MATCH: "record there",
    Phase.OTHER: "another answer",
    Phase.SILENT: "no usable answer",
}
_PHASES = {
    Status.MATCH: Phase.MATCH,
    Status.ALIAS: Phase.OTHER,
    Status.PARTIAL: Phase.OTHER,
    Status.MISMATCH: Phase.OTHER,
    Status.ABSENT: Phase.ABSENT,
}


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of the wait, in seconds since it began."""

    begin: float
    end: float
    phase: Phase


def stretches(observation: Observation, hop: Hop, *, elapsed: float) -> tuple[Stretch, ...]:
    """Divide the wait of one address: before its first match, and after."""
    phase = _PHASES.get(observation.status, Phase.SILENT)
    first = observation.first_match
    if first is None:
        if phase in (Phase.ABSENT, Phase.OTHER) and serials_behind(observation, hop):
            phase = Phase.BEHIND
        return (Stretch(0.0, elapsed, phase),)
    first = min(max(first, 0.0), elapsed)
    if phase is Phase.MATCH:
        return (Stretch(0.0, first, Phase.ABSENT), Stretch(first, elapsed, Phase.MATCH))
    # It had the values once; since when it lacks them again was not kept.
    return (Stretch(0.0, first, Phase.ABSENT), Stretch(first, elapsed, phase))


def svg(survey: Survey, *, elapsed: float) -> str:
    """Draw the last zone's addresses; an empty text where there is nothing to draw."""
    if not (survey.hops and survey.hops[-1].observations and survey.challenge.expected):
        return ""
    if elapsed < _SHORTEST_WAIT:
        return ""
    hop = survey.hops[-1]
    rows = hop.observations[:_MOST_ROWS]
    height = _ROW * len(rows) + _AXIS
    label = f"Timeline of {seconds(elapsed)}: which address showed the record when"
    attributes = f'role="img" width="100%" height="{height}" aria-label="{label}"'
    return "\n".join(
        [
            f'<svg class="timeline" {attributes}>',
            *_rows(rows, hop, survey.challenge.expected, elapsed),
            *_axis(height, elapsed),
            "</svg>",
        ]
    )


def legend() -> str:
    """Explain the colours."""
    items = (
        f'<span class="key"><span class="swatch {phase}"></span> {words}</span>'
        for phase, words in _WORDS.items()
    )
    return f'<p class="legend">{" ".join(items)}</p>'


def _rows(
    rows: Sequence[Observation], hop: Hop, expected: tuple[bytes, ...], elapsed: float
) -> Iterator[str]:
    for number, observation in enumerate(rows):
        top = number * _ROW
        words = state_words(observation, expected)
        server = html.escape(plain_name(observation.nameserver))
        address = html.escape(f"{address_words(observation.endpoint)}  {words}")
        yield f'<text class="server" x="0" y="{top + 12}">{server}</text>'
        yield f'<text x="0" y="{top + 25}">{address}</text>'
        for part in stretches(observation, hop, elapsed=elapsed):
            if part.end > part.begin:
                left, width = (100 * x / elapsed for x in (part.begin, part.end - part.begin))
                spoken = f"{seconds(part.begin)} to {seconds(part.end)}: {_WORDS[part.phase]}"
                yield (
                    f'<rect class="{part.phase}" x="{left:.2f}%" y="{top + 29}" '
                    f'width="{width:.2f}%" height="{_BAR}"><title>{spoken}</title></rect>'
                )


def _axis(height: int, elapsed: float) -> Iterator[str]:
    for share, anchor in ((0.0, "start"), (0.5, "middle"), (1.0, "end")):
        yield (
            f'<text x="{100 * share:g}%" y="{height - 8}" text-anchor="{anchor}">'
            f"{seconds(share * elapsed)}</text>"
        )
