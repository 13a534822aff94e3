"""The expected and the served values of a failed challenge, as labelled lines. Pure.

Decides which values are worth showing. Which of them belong side by side stands in the findings'
evidence (`comparisons`); `side_by_side` lays a pair out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import phrases
from certbot_dns_preflight.escaping import presentation
from certbot_dns_preflight.facts.answers import Values
from certbot_dns_preflight.facts.survey import Status
from certbot_dns_preflight.report import styles
from certbot_dns_preflight.report.side_by_side import side_by_side
from certbot_dns_preflight.report.words import address_words, listing, name_listing, shown_value

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from certbot_dns_preflight.facts.finding import Finding, Json
    from certbot_dns_preflight.facts.outcome import ChallengeOutcome
    from certbot_dns_preflight.report.grouping import Picture

_MOST_SHOWN = 4
_MOST_COMPARED = 2
_NEAR = 10  # edits
_OTHER_PURPOSE = "hostname"  # the kind of a value that was never meant to be this one
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


@dataclass(frozen=True, slots=True)
class _Pair:
    """A served value and the expected one it comes nearest to; `mangled`: it is known how."""

    expected: bytes
    served: bytes
    mangled: bool


def values_of(
    picture: Picture, errors: Sequence[Finding], *, room: int, ellipsis: str
) -> tuple[list[ValueLine], bool]:
    """Show the values of names that failed alike; also whether they are an example.

    Where each name has values of its own, those of the first tell something only beside what is
    served there.
    """
    first = picture.challenges[0]
    lines = value_lines(first, errors, room=room, ellipsis=ellipsis)
    if len({c.survey.challenge.expected for c in picture.challenges}) == 1:
        return lines, False
    served = any(
        isinstance(o.reading, Values) for hop in first.survey.hops[-1:] for o in hop.observations
    )
    return (lines, bool(lines)) if served else ([], False)


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
    pairs = _pairs(errors, missing or expected, others)
    if not missing:
        # Served somewhere: what matters is who lacks it, and whether one of them has it mangled.
        mangled = next((pair for pair in pairs if pair.mangled), None)
        if mangled is None:
            return [
                *_bounded("expected", expected, room, ellipsis),
                *_served_by(challenge, others, room, ellipsis),
            ]
        others.remove(mangled.served)
        rest = [value for value in expected if value != mangled.expected]
        return [
            *_bounded("expected", rest, room, ellipsis),
            *_pair(mangled, "expected" if not rest else "", "served", room, ellipsis),
            *_by(challenge, mangled.served, room),
            *_bounded("also", others, room, ellipsis),
        ]
    label = "expected" if len(missing) == len(expected) else "missing"
    if not others:
        return _bounded(label, missing, room, ellipsis)
    lines: list[ValueLine] = []
    for pair in pairs:
        lines += _pair(pair, label, "served", room, ellipsis)
        missing.remove(pair.expected)
        others.remove(pair.served)
    lines += _bounded(label, missing, room, ellipsis)
    return lines + _bounded("also" if pairs else "served", others, room, ellipsis)


def _served_by(
    challenge: ChallengeOutcome, values: Sequence[bytes], room: int, ellipsis: str
) -> list[ValueLine]:
    """Show values that some name servers serve, each with who they are."""
    lines: list[ValueLine] = []
    for value in values[:_MOST_SHOWN]:
        lines.append(ValueLine("" if lines else "served", shown_value(value, room, ellipsis)))
        lines += _by(challenge, value, room)
    rest = len(values) - _MOST_SHOWN
    return lines + ([ValueLine("", f"and {phrases.count(rest, 'more value')}")] if rest > 0 else [])


def _by(challenge: ChallengeOutcome, value: bytes, room: int) -> list[ValueLine]:
    """Say which of the last zone's servers serve a value."""
    hop = challenge.survey.hops[-1]
    showing = [
        o for o in hop.observations if isinstance(o.reading, Values) and value in o.reading.texts
    ]
    if hop.recursive:
        who = listing(tuple(address_words(o.endpoint) for o in showing), most=_MOST_SHOWN)
    else:
        who = name_listing(tuple(dict.fromkeys(o.nameserver for o in showing)))
        if len(who) + len("by ") > room:
            who = phrases.count(len({o.nameserver for o in showing}), "name server")
    return [ValueLine("", f"by {who}")]


def _pair(pair: _Pair, label: str, served: str, room: int, ellipsis: str) -> list[ValueLine]:
    layout = side_by_side(pair.expected, pair.served, room=room, ellipsis=ellipsis)
    return [
        ValueLine(label, layout.expected, marked=layout.expected_mark),
        ValueLine(served, layout.served, marked=layout.served_mark),
        *(ValueLine("", mark, styles.BAD) for mark in layout.marks),
    ]


def _pairs(
    errors: Sequence[Finding], wanted: Sequence[bytes], others: Sequence[bytes]
) -> list[_Pair]:
    """Find the values that findings compare, each value once."""
    expected = {presentation(value): value for value in wanted}
    served = {presentation(value): value for value in others}
    pairs: list[_Pair] = []
    for compared in _comparisons(errors):
        this, that = str(compared.get("expected_value")), str(compared.get("nearest_value"))
        kind = compared.get("kind")
        if this in expected and that in served and len(pairs) < _MOST_COMPARED:
            if not _is_near(compared):
                continue
            mangled = kind is not None and kind != _OTHER_PURPOSE
            pairs.append(_Pair(expected.pop(this), served.pop(that), mangled))
    return pairs


def _is_near(compared: Mapping[str, Json]) -> bool:
    """Whether two values have enough in common for their first difference to tell anything."""
    if compared.get("kind") not in (None, _OTHER_PURPOSE):
        return True
    this, that = str(compared.get("expected_value")), str(compared.get("nearest_value"))
    distance = compared.get("edit_distance")
    return this in that or (isinstance(distance, int) and distance <= _NEAR)


def _comparisons(errors: Sequence[Finding]) -> Iterator[Mapping[str, Json]]:
    for finding in errors:
        listed = finding.evidence.get("comparisons")
        if isinstance(listed, list):
            yield from (one for one in listed if isinstance(one, dict))


def _bounded(label: str, values: Sequence[bytes], room: int, ellipsis: str) -> list[ValueLine]:
    shown = values if len(values) <= _MOST_SHOWN + 1 else values[:_MOST_SHOWN]
    lines = [
        ValueLine(label if not i else "", shown_value(value, room, ellipsis))
        for i, value in enumerate(shown)
    ]
    rest = len(values) - len(shown)
    return lines + ([ValueLine("", f"and {phrases.count(rest, 'more value')}")] if rest else [])
