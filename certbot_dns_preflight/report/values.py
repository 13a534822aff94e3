"""The expected and the served values of a failed challenge, as labelled lines. Pure.

Decides which values are worth showing and which pair is compared; `comparison` lays a pair out.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from certbot_dns_preflight import responses
from certbot_dns_preflight.report import paint
from certbot_dns_preflight.report.comparison import side_by_side
from certbot_dns_preflight.report.table import stops
from certbot_dns_preflight.report.words import plural, shown_value
from certbot_dns_preflight.survey import Status, status

if TYPE_CHECKING:
    from collections.abc import Sequence

    from certbot_dns_preflight.findings import Finding
    from certbot_dns_preflight.outcome import ChallengeOutcome

_MOST_SHOWN = 4
_MOST_COMPARED = 2
_ENOUGH_BYTES = 512
_ABOUT_THE_RECORD = frozenset({Status.MISMATCH, Status.PARTIAL, Status.ABSENT})


@dataclass(frozen=True, slots=True)
class ValueLine:
    """One line of the page: a label (empty to go on) and text that must not be folded."""

    label: str
    text: str
    style: str = ""


def value_lines(
    challenge: ChallengeOutcome, errors: Sequence[Finding], *, room: int, ellipsis: str
) -> list[ValueLine]:
    """Show what was expected and what is served in its place, where the record is the matter."""
    expected = challenge.survey.challenge.expected
    last = stops(challenge.survey)[-1:]
    states = {status(s, expected) for stop in last for s in stop.observations if not stop.followed}
    if not expected or not errors or not states & _ABOUT_THE_RECORD:
        return []
    served = list(
        dict.fromkeys(
            text
            for stop in last
            for seen in stop.observations
            if isinstance(seen.reading, responses.Values)
            for text in seen.reading.texts
        )
    )
    others = [text for text in served if text not in expected]
    missing = [value for value in expected if value not in served] or list(expected)
    lines: list[ValueLine] = []
    if not others:
        return _bounded("expected", missing, room, ellipsis)
    for value in missing[:_MOST_COMPARED]:
        near = nearest(value, others)
        pair = side_by_side(value, near, room=room, ellipsis=ellipsis)
        lines.append(ValueLine("expected", pair.expected))
        lines.append(ValueLine("served", pair.served))
        lines += [ValueLine("", mark, paint.BAD) for mark in pair.marks]
        others = [text for text in others if text != near] or others
    shown = {line.text for line in lines}
    lines += _bounded("expected", missing[_MOST_COMPARED:], room, ellipsis)
    rest = [text for text in others if shown_value(text, room, ellipsis) not in shown]
    lines += _bounded("also there", rest, room, ellipsis)
    return lines


def nearest(expected: bytes, served: Sequence[bytes]) -> bytes:
    """Choose the served value most like the expected one; of equals, the first."""

    def likeness(value: bytes) -> float:
        return difflib.SequenceMatcher(
            None, expected[:_ENOUGH_BYTES], value[:_ENOUGH_BYTES], autojunk=False
        ).ratio()

    return max(served, key=likeness)


def _bounded(label: str, values: Sequence[bytes], room: int, ellipsis: str) -> list[ValueLine]:
    shown = values if len(values) <= _MOST_SHOWN + 1 else values[:_MOST_SHOWN]
    lines = [
        ValueLine(label if not i else "", shown_value(value, room, ellipsis))
        for i, value in enumerate(shown)
    ]
    rest = len(values) - len(shown)
    return lines + ([ValueLine("", f"and {plural(rest, 'more value')}")] if rest else [])
