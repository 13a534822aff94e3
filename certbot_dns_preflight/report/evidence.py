"""The evidence: what every server address of every zone passed answers. Pure layout.

One row per address while that stays readable; otherwise, and where all addresses agree, one line
per distinct answer. Lines are plain and within the width; `Line.state` lets a caller colour them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import phrases
from certbot_dns_preflight.escaping import printable
from certbot_dns_preflight.facts.survey import Status
from certbot_dns_preflight.report.address_answers import AddressAnswers, bogus_places
from certbot_dns_preflight.report.folding import folded
from certbot_dns_preflight.report.plain_name import plain_name
from certbot_dns_preflight.report.words import address_words, listing, name_listing, seconds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from certbot_dns_preflight.facts.outcome import ChallengeOutcome
    from certbot_dns_preflight.facts.survey import Hop, Observation
    from certbot_dns_preflight.facts.zone import NameServer

_MOST_ROWS = 14
_ALIKE_FROM = 3
_MOST_GROUPS = 8
_ADDRESSES_NAMED = 2
_MOST_HOPS = 4
_FINE = frozenset({Status.MATCH})


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the evidence; `state` is None for headings, `at` where the answer begins."""

    text: str
    state: Status | None = None
    at: int = 0


def evidence(challenge: ChallengeOutcome, *, width: int) -> tuple[Line, ...]:
    """Lay out all zones passed; with several, each is headed by its zone, and few are shown.

    An answer that is right, and yet what the findings are about, does not pass for a good one.
    """
    survey = challenge.survey
    expected = survey.challenge.expected
    bogus = bogus_places(challenge)
    passed = survey.hops
    left_out = range(0)
    if len(passed) > _MOST_HOPS:
        left_out = range(1, len(passed) - 1)
    lines: list[Line] = []
    for number, hop in enumerate(passed):
        if number in left_out:
            continue
        if number:
            lines.append(Line(""))
        if number and left_out:
            lines += [Line(f"... {len(left_out)} more aliases in between ..."), Line("")]
        if len(passed) > 1:
            lines += _wrapped(
                f"{plain_name(hop.owner)}, on the name servers of {plain_name(hop.zone.apex)}",
                width,
            )
        answers = AddressAnswers(hop, expected, bogus)
        lines += _hop_lines(answers, width, detailed=hop is passed[-1])
    return tuple(lines)


def _hop_lines(answers: AddressAnswers, width: int, *, detailed: bool) -> list[Line]:
    hop = answers.hop
    groups = _groups(answers)
    alike = len(groups) == 1 and (len(hop.observations) >= _ALIKE_FROM or not detailed)
    if alike or len(hop.observations) > _MOST_ROWS:
        lines = _grouped(answers, groups, width)
    else:
        lines = _rows(answers, width)
    return lines


# -- one row per address ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Row:
    server: str
    address: str
    serial: str
    answer: str
    state: Status | None = None

    def laid_out(self, widths: tuple[int, int, int]) -> tuple[str, int]:
        """Give the line, and the column where the answer begins."""
        cells = zip((self.server, self.address, self.serial), widths, strict=True)
        left = "".join(cell.ljust(width) + "  " for cell, width in cells if width)
        return left + self.answer, len(left)


def _rows(answers: AddressAnswers, width: int) -> list[Line]:
    rows: list[_Row] = []
    previous, hop = None, answers.hop
    for observation in hop.observations:
        words, state = answers.answer(observation)
        rows.append(
            _Row(
                *_server_cells(observation, previous, recursive=hop.recursive),
                "" if observation.serial is None else str(observation.serial),
                words,
                state,
            )
        )
        previous = observation.nameserver
    rows += [
        _Row(plain_name(server.name), "none", "", printable(server.failure or "no address"))
        for server in _without_address(hop)
    ]
    if not rows:
        return []
    serial = "serial" if any(row.serial for row in rows) else ""
    heads = ("resolver", "") if hop.recursive else ("name server", "address")
    rows.insert(0, _Row(*heads, serial, "answer"))
    widths = (
        max(len(row.server) for row in rows),
        max(len(row.address) for row in rows),
        max(len(row.serial) for row in rows),
    )
    if widths[0] > width // 2:
        return _below_their_names(rows[1:], widths, width)
    lines: list[Line] = []
    for row in rows:
        text, at = row.laid_out(widths)
        lines += _fitting(text, at, row.state, width)
    return lines


def _server_cells(
    observation: Observation, previous: object, *, recursive: bool
) -> tuple[str, str]:
    """Name a server and its address; a resolver is its address, or its URL."""
    address = address_words(observation.endpoint)
    if recursive:
        return address, ""
    return "" if observation.nameserver == previous else plain_name(observation.nameserver), address


def _below_their_names(
    rows: Sequence[_Row], widths: tuple[int, int, int], width: int
) -> list[Line]:
    """Give long names a line of their own, with the addresses indented below."""
    lines: list[Line] = []
    for row in rows:
        if row.server:
            lines.append(Line(row.server))
        text, at = replace(row, server="").laid_out((0, *widths[1:]))
        lines += _fitting(f"  {text}", at + 2, row.state, width)
    return lines


def _fitting(text: str, at: int, state: Status | None, width: int) -> list[Line]:
    """Keep a row within the width: first fold its answer, then put it below its address."""
    if len(text) <= width:
        return [Line(text, state, at)]
    answer = text[at:]
    indent = at if width - at >= len("not authoritative") else 4
    head, *rest = folded(answer, width - indent) or [""]
    if indent == at:
        first = [Line(text[:at] + head, state, at)]
    else:
        left = text[:at].rstrip()
        wrapped = folded(left, width, hanging="  ")
        first = [*(Line(part) for part in wrapped), Line(" " * indent + head, state, indent)]
    return first + [Line(" " * indent + part, state, indent) for part in rest]


# -- one line per distinct answer ------------------------------------------------------------------

_Group = tuple[str, Status, int | None]


def _groups(answers: AddressAnswers) -> dict[_Group, list[Observation]]:
    groups: dict[_Group, list[Observation]] = {}
    for observation in answers.hop.observations:
        words, state = answers.answer(observation, timed=False)
        groups.setdefault((words, state, observation.serial), []).append(observation)
    return groups


def _grouped(
    answers: AddressAnswers, groups: dict[_Group, list[Observation]], width: int
) -> list[Line]:
    ordered = sorted(groups.items(), key=lambda item: item[0][1] in _FINE)
    lines: list[Line] = []
    for (words, state, serial), group in ordered[:_MOST_GROUPS]:
        answer = words + (_span(group) if state is Status.MATCH and answers.expected else "")
        at_serial = f", serial {serial}" if serial is not None else ""
        text = f"{_who(group, recursive=answers.hop.recursive)}: {answer}{at_serial}"
        wrapped = folded(text, width, hanging="  ")
        lines += [Line(part, state) for part in wrapped]
    if len(ordered) > _MOST_GROUPS:
        rest = ordered[_MOST_GROUPS:]
        count = sum(len(group) for _, group in rest)
        lines.append(
            Line(
                f"and {phrases.count(count, 'address')} with "
                f"{phrases.count(len(rest), 'other answer')}"
            )
        )
    for server in _without_address(answers.hop):
        lines += _wrapped(
            f"{plain_name(server.name)}: {printable(server.failure or 'no address')}", width
        )
    return lines


def _who(group: list[Observation], *, recursive: bool) -> str:
    if recursive:
        return listing(tuple(address_words(o.endpoint) for o in group), most=_MOST_GROUPS)
    names = name_listing(tuple(dict.fromkeys(observation.nameserver for observation in group)))
    addresses = tuple(address_words(observation.endpoint) for observation in group)
    if len(addresses) <= _ADDRESSES_NAMED:
        return f"{names} ({listing(addresses, most=_ADDRESSES_NAMED)})"
    return f"{names} ({phrases.count(len(addresses), 'address')})"


def _span(group: list[Observation]) -> str:
    times = [
        observation.first_match for observation in group if observation.first_match is not None
    ]
    if not times:
        return ""
    first, last = seconds(min(times)), seconds(max(times))
    if first == last:
        return f" after {last}"
    return f" after {first.removesuffix(' s')} to {last}"


def _without_address(hop: Hop) -> list[NameServer]:
    asked = {observation.nameserver for observation in hop.observations}
    return [s for s in hop.zone.nameservers if s.name not in asked and not s.endpoints]


def _wrapped(text: str, width: int) -> list[Line]:
    return [Line(part) for part in folded(text, width, hanging="  ")]
