"""Check after the clean-up whether a record that this order made is still served.

Decides which servers to ask, and when to believe that the record is gone. If a secondary still
shows it but another server has lost it, it is on its way out. Zones that were slow or in trouble
are not queried. No check takes longer than five seconds, nor do the pauses of all checks of one
process, so that many certificates of a slow provider are not held up.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import dns.name
import dns.rdatatype

from certbot_dns_preflight.facts.answers import Absent, Alias, Values
from certbot_dns_preflight.facts.survey import Status
from certbot_dns_preflight.resolve.exchange import Exchange
from certbot_dns_preflight.resolve.queries import SINGLE_TRY
from certbot_dns_preflight.resolve.reading import read_txt

if TYPE_CHECKING:
    from collections.abc import Iterable

    from certbot_dns_preflight.facts.outcome import ChallengeOutcome, Outcome
    from certbot_dns_preflight.facts.survey import Hop, Observation

_MOST_SECONDS = 5.0
_LOOKS_AT = (0.0, 0.4, 1.0, 2.0, 4.0)
_SLOW = 0.5  # seconds for an answer
_LATE = 3.0  # seconds; what took longer to appear takes longer to disappear


@dataclass(frozen=True, slots=True)
class LingeringRecord:
    """A value that every queried server still shows, and one of those servers."""

    owner: dns.name.Name
    value: bytes
    server: Observation


@dataclass(slots=True)
class Patience:
    """How many more seconds may pass between looks, for all orders that share it."""

    left: float = _MOST_SECONDS


async def look(
    outcome: Outcome, *, query_timeout: float, patience: Patience | None = None
) -> tuple[LingeringRecord, ...]:
    """Look for `outcome`'s records, which the run saw in place and which should now be gone.

    If `patience` runs out before the last look, a record that is still served is not reported.
    """
    patience = patience or Patience()
    moments = tuple(moment for moment in _LOOKS_AT if moment <= patience.left)
    waited = [0.0]
    hops: dict[dns.name.Name, Hop] = {}
    values: dict[dns.name.Name, dict[bytes, None]] = {}
    for judged in outcome.challenges:
        hop = _healthy(judged)
        if hop is not None:
            hops[hop.owner] = hop
            values.setdefault(hop.owner, {}).update(dict.fromkeys(judged.survey.challenge.expected))
    exchange = Exchange(query_timeout=min(query_timeout, _SLOW))
    results: dict[dns.name.Name, tuple[LingeringRecord, ...]] = {}

    async def one(hop: Hop) -> None:
        looks = _lingering(exchange, hop, values[hop.owner], moments, waited)
        results[hop.owner] = await looks

    # What is unknown when time is up is not reported.
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_MOST_SECONDS), asyncio.TaskGroup() as group:
            for hop in hops.values():
                group.create_task(one(hop))
    patience.left -= max(waited)
    if moments != _LOOKS_AT:
        return ()
    return tuple(left for lefts in results.values() for left in lefts)


def _healthy(judged: ChallengeOutcome) -> Hop | None:
    """Return the hop where the record was seen, if all its servers are healthy."""
    survey = judged.survey
    if not survey.hops or survey.obstacle is not None or not survey.challenge.expected:
        return None
    if survey.sight is not None:
        return None  # a resolver still shows a removed record from its cache
    hop = survey.hops[-1]
    asked = [
        observation
        for observation in hop.observations
        if observation.status is not Status.NOT_ASKED
    ]
    well = all(
        observation.status is Status.MATCH and (observation.rtt or 0.0) < _SLOW
        for observation in asked
    )
    matched = (one.first_match for one in asked if one.first_match is not None)
    soonest = min(matched, default=_LATE)
    return hop if asked and well and soonest < _LATE else None


async def _lingering(
    exchange: Exchange,
    hop: Hop,
    expected: Iterable[bytes],
    moments: Iterable[float],
    waited: list[float],
) -> tuple[LingeringRecord, ...]:
    left: tuple[LingeringRecord, ...] = ()
    before = 0.0
    for moment in moments:
        waited.append(moment)
        await asyncio.sleep(moment - before)
        before = moment
        readings = await asyncio.gather(
            *(_read(exchange, hop, observation) for observation in hop.observations)
        )
        shown = [
            (observation, texts)
            for observation, texts in zip(hop.observations, readings, strict=True)
            if texts is not None
        ]
        left = tuple(
            LingeringRecord(hop.owner, value, shown[0][0])
            for value in expected
            if shown and all(value in texts for _, texts in shown)
        )
        if not left:
            break
    return left


async def _read(exchange: Exchange, hop: Hop, observation: Observation) -> frozenset[bytes] | None:
    """Return the values that one address shows now; None if its answer is unusable."""
    if observation.rtt is None:
        return None
    reply = await exchange.ask(observation.endpoint, hop.owner, dns.rdatatype.TXT, how=SINGLE_TRY)
    match read_txt(reply, hop.owner, hop.zone.apex):
        case Values(texts=texts):
            return frozenset(texts)
        case Absent() | Alias():
            return frozenset()
        case _:
            return None
