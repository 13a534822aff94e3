"""The expected and the served values of a failed challenge, as labelled lines. Pure.

Decides which values are worth showing and which pair is compared; `side_by_side` lays a pair out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from certbot_dns_preflight.checks.manglings import Kind
from certbot_dns_preflight.checks.txt_difference import compare
from certbot_dns_preflight.facts.answers import Values
from certbot_dns_preflight.facts.survey import Status
from certbot_dns_preflight.report import styles
from certbot_dns_preflight.report.side_by_side import side_by_side
from certbot_dns_preflight.report.words import plural, shown_value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from certbot_dns_preflight.checks.txt_difference import Comparison, Difference
    from certbot_dns_preflight.facts.finding import Finding
    from certbot_dns_preflight.facts.outcome import ChallengeOutcome

_MOST_SHOWN = 4
_MOST_COMPARED = 2
_ABOUT_THE_RECORD = frozenset({Status.MISMATCH, Status.PARTIAL, Status.ABSENT})


@dataclass(frozen=True, slots=True)
class ValueLine:
    """One line of the page: a label (empty to go on) and text that must not be folded.

    `marked` are the columns that stand out: the characters that differ.
    """

    label: str
    text: str
    style: str = ""
    marked: tuple[int, int] | None = None


def value_lines(
    challenge: ChallengeOutcome, errors: Sequence[Finding], *, room: int, ellipsis: str
) -> list[ValueLine]:
    """Show what was expected and what is served in its place, where the record is the matter."""
    expected = challenge.survey.challenge.expected
    last = challenge.survey.hops[-1:]
    states = {s.status for hop in last for s in hop.observations if not hop.followed}
    if not expected or not errors or not states & _ABOUT_THE_RECORD:
        return []
    served = list(
        dict.fromkeys(
            text
            for hop in last
            for seen in hop.observations
            if isinstance(seen.reading, Values)
            for text in seen.reading.texts
        )
    )
    missing = [value for value in expected if value not in served]
    others = [text for text in served if text not in expected]
    if not missing:
        # Served somewhere: what matters is who lacks it, and whether one of them has it mangled.
        mangled = compare(expected, others).nearest if others else None
        if mangled is None or mangled.kind in (None, Kind.HOSTNAME):
            return [
                *_bounded("expected", expected, room, ellipsis),
                *_bounded("instead", others, room, ellipsis),
            ]
        others.remove(mangled.served)
        rest = [value for value in expected if value != mangled.expected]
        return [
            *_bounded("expected", rest, room, ellipsis),
            *_pair(mangled, "expected" if not rest else "", "instead", room, ellipsis),
            *_bounded("besides", others, room, ellipsis),
        ]
    label = "expected" if len(missing) == len(expected) else "missing"
    if not others:
        return _bounded(label, missing, room, ellipsis)
    lines: list[ValueLine] = []
    told, rest = list(missing), others
    for pair in _telling_pairs(compare(expected, served)):
        lines += _pair(pair, label, "served", room, ellipsis)
        told.remove(pair.expected)
        rest.remove(pair.served)
    lines += _bounded(label, told, room, ellipsis)
    return lines + _bounded("besides", rest, room, ellipsis)


def _pair(pair: Comparison, label: str, served: str, room: int, ellipsis: str) -> list[ValueLine]:
    layout = side_by_side(pair.expected, pair.served, room=room, ellipsis=ellipsis)
    return [
        ValueLine(label, layout.expected, marked=layout.expected_mark),
        ValueLine(served, layout.served, marked=layout.served_mark),
        *(ValueLine("", mark, styles.BAD) for mark in layout.marks),
    ]


def _telling_pairs(difference: Difference) -> list[Comparison]:
    """Choose what to lay side by side: the nearest pair, then one that shares no value with it."""
    pairs: list[Comparison] = []
    first = difference.nearest
    for pair in (*([first] if first else []), *difference.comparisons):
        fresh = all(pair.expected != p.expected and pair.served != p.served for p in pairs)
        if fresh and len(pairs) < _MOST_COMPARED:
            pairs.append(pair)
    return pairs


def _bounded(label: str, values: Sequence[bytes], room: int, ellipsis: str) -> list[ValueLine]:
    shown = values if len(values) <= _MOST_SHOWN + 1 else values[:_MOST_SHOWN]
    lines = [
        ValueLine(label if not i else "", shown_value(value, room, ellipsis))
        for i, value in enumerate(shown)
    ]
    rest = len(values) - len(shown)
    return lines + ([ValueLine("", f"and {plural(rest, 'more value')}")] if rest else [])
