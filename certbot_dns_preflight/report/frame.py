"""One picture of the wait: which servers have the record by now. Pure.

Decides what fits into a given height and width, the unfinished first. `live` brings it to the
terminal. Everything in it is escaped already; nothing in it is markup.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from certbot_dns_preflight.checks import phrases
from certbot_dns_preflight.facts.survey import Status
from certbot_dns_preflight.report.plain_name import plain_name
from certbot_dns_preflight.report.words import address_words, seconds, serials_behind, state_words

if TYPE_CHECKING:
    from certbot_dns_preflight.facts.outcome import Progress
    from certbot_dns_preflight.facts.survey import Hop, Observation, Survey

_FEWEST_LINES = 3
_FEW = 3

Segment: TypeAlias = tuple[str, Status | None]
FrameLine: TypeAlias = tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class Count:
    """How many addresses of one challenge's zones agree, and how many were asked."""

    fine: int
    asked: int


def frame(
    progress: Progress, *, since: float, height: int, waits: bool = True
) -> tuple[FrameLine, ...]:
    """Draw the wait as it stands `since` seconds after `progress`, in at most `height` lines.

    `waits` False: it is a single look, which waits for nothing but answers.
    """
    pending = [survey for survey in progress.surveys if survey.ready_after is None]
    lines: list[FrameLine] = [((_heading(progress, pending, since, waits=waits), None),)]
    room = max(height, _FEWEST_LINES) - 1
    detailed = len(pending) <= _FEW
    blocks = [_block(s, titled=len(pending) > 1) if detailed else [_brief(s)] for s in pending]
    wanted = [line for block in blocks for line in block]
    if detailed and len(wanted) > room:
        wanted = [_brief(survey) for survey in pending]
    if len(wanted) > room:
        rest = len(wanted) - room + 1
        wanted = [*wanted[: room - 1], ((f"  and {phrases.count(rest, 'more record')}", None),)]
    return (*lines, *wanted)


def count(survey: Survey) -> Count:
    """Count a challenge's addresses; those that are not asked don't count."""
    states = [
        (observation.status, hop.followed)
        for hop in survey.hops
        for observation in hop.observations
    ]
    asked = [(state, followed) for state, followed in states if state is not Status.NOT_ASKED]
    fine = sum(state is _wanted(followed=followed) for state, followed in asked)
    return Count(fine, len(asked))


def headline(survey: Survey) -> str:
    """Say in one line how far a challenge is."""
    owner = plain_name(survey.challenge.owner)
    if survey.ready_after is not None:
        return f"{owner} ready after {seconds(survey.ready_after)}"
    counted = count(survey)
    if not counted.asked:
        return f"{owner} {_not_yet(survey)}"
    noun = "address" if survey.sight is None else "resolver"
    return f"{owner} {counted.fine} of {phrases.count(counted.asked, noun)} ok"


def _not_yet(survey: Survey) -> str:
    """Say why nobody was asked so far."""
    if survey.sight is None:
        return "finding its name servers"
    first = survey.sight.first_look
    return f"is asked for after {seconds(first)}" if first else "finding its zone"


def _wanted(*, followed: bool) -> Status:
    return Status.ALIAS if followed else Status.MATCH


def _heading(progress: Progress, pending: list[Survey], since: float, *, waits: bool) -> str:
    elapsed = min(progress.elapsed + since, max(progress.timeout, progress.elapsed))
    times = f"{seconds(int(elapsed))} of {seconds(progress.timeout)}"
    pause = progress.next_round_in - since
    look = f", next look in {seconds(int(pause) + 1)}" if pause > 0 else ", looking"
    total = len(progress.surveys)
    if total == 1:
        what = plain_name(progress.surveys[0].challenge.owner)
    elif pending:
        waiting = "" if len(pending) == total else f"{len(pending)} of "
        what = f"{waiting}{phrases.count(total, 'record')}"
    else:
        what = phrases.count(total, "record")
    # A narrow terminal cuts the end off: the time comes before a name that may be long.
    if not waits:
        return f"Checking {seconds(int(elapsed))}: {what}"
    return f"Waiting {times} for {what}{look}"


def _brief(survey: Survey) -> FrameLine:
    counted = count(survey)
    owner = plain_name(survey.challenge.owner)
    so_far = f"{counted.fine}/{counted.asked} ok" if counted.asked else _not_yet(survey)
    segments: list[Segment] = [(f"  {so_far}  {owner}", None)]
    late = [
        (observation, hop)
        for hop in survey.hops
        for observation in hop.observations
        if observation.status not in (_wanted(followed=hop.followed), Status.NOT_ASKED)
    ]
    if late:
        observation, hop = late[0]
        segments.append((f"  {plain_name(observation.nameserver)} ", None))
        segments.append(_cell(observation, survey, hop, addressed=False))
    return tuple(segments)


def _block(survey: Survey, *, titled: bool) -> list[FrameLine]:
    """Draw one line a name server, its addresses side by side."""
    lines: list[FrameLine] = []
    if titled or not survey.hops:
        lines.append(((f"  {headline(survey)}", None),))
    for hop in survey.hops:
        if hop.followed and not _disagreeing(hop):
            continue  # an alias that all its servers show is nothing to wait for
        servers: dict[str, list[Observation]] = {}
        for observation in hop.observations:
            name = plain_name(observation.nameserver)
            if hop.recursive:
                name = address_words(observation.endpoint)
            servers.setdefault(name, []).append(observation)
        column = max((len(server) for server in servers), default=0)
        indent = "    " if titled else "  "
        for server, group in servers.items():
            segments: list[Segment] = [(f"{indent}{server:<{column}}", None)]
            for number, observation in enumerate(group):
                segments.append(("   " if number else "  ", None))
                segments.append(_cell(observation, survey, hop, addressed=not hop.recursive))
            lines.append(tuple(segments))
    return lines


def _disagreeing(hop: Hop) -> bool:
    return any(observation.status is not Status.ALIAS for observation in hop.observations)


def _cell(observation: Observation, survey: Survey, hop: Hop, *, addressed: bool) -> Segment:
    expected = survey.challenge.expected
    state = observation.status
    words = state_words(observation, expected, followed=hop.followed, timed=False)
    behind = serials_behind(observation, hop)
    if behind and state is not Status.MATCH:
        words = f"{phrases.count(behind, 'serial')} behind"
    text = f"{address_words(observation.endpoint)} {words}" if addressed else words
    return text, None if hop.followed and state is Status.ALIAS else state
