"""Sends extra queries to tell causes apart, only when the first answers call for them.

Each result is a plain fact in `survey.Probes`; `checks` decides what it means. All queries are sent
at once and to few addresses; the caller limits them by its deadline.
"""

from __future__ import annotations

import functools
from dataclasses import replace
from typing import TYPE_CHECKING

import dns.exception
import dns.name
import dns.rcode
import dns.rdatatype

from certbot_dns_preflight.facts.answers import (
    Absent,
    Alias,
    Answer,
    Endpoint,
    Failing,
    Malformed,
    NoResponseReason,
    Response,
    Unreachable,
    Values,
)
from certbot_dns_preflight.facts.dnssec import ServerAddress
from certbot_dns_preflight.facts.probes import Probes
from certbot_dns_preflight.facts.survey import agreed_alias, holds_any
from certbot_dns_preflight.resolve import missing_dots
from certbot_dns_preflight.resolve.misplaced import find_sightings
from certbot_dns_preflight.resolve.queries import DEFAULT, SINGLE_TRY, WITHOUT_EDNS, QueryOptions
from certbot_dns_preflight.resolve.query_faults import FaultFinder, Place
from certbot_dns_preflight.resolve.random_names import (
    ENOUGH_SERVERS,
    a_few,
    random_neighbours,
    texts_at,
)
from certbot_dns_preflight.resolve.reading import read_txt
from certbot_dns_preflight.resolve.tasks import together

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from certbot_dns_preflight.facts.answers import Reply
    from certbot_dns_preflight.facts.survey import Hop, Observation, Survey
    from certbot_dns_preflight.resolve.exchange import Exchange
    from certbot_dns_preflight.resolve.walker import Walker

_OVER_TCP = replace(DEFAULT, tcp=True)
_MOST_LABELS = 4  # between the apex and the owner name; nobody registers domains deeper than that


class Prober:
    """Sends queries that would explain why a challenge is not ready.

    `found` grows as answers come in, so whatever was learned before the deadline counts.
    """

    def __init__(self, exchange: Exchange, walker: Walker, survey: Survey) -> None:
        """Take the survey in its current state."""
        self._walker = walker
        self.found = Probes(
            rate_limited=frozenset(exchange.rate_limited),
            edns_broken=frozenset(exchange.without_edns),
            case_changed=frozenset(exchange.case_changing),
        )
        self._fault_finder = FaultFinder(exchange)
        self._exchange = exchange
        self._survey = survey

    async def ask(self) -> None:
        """Send all queries at once. May be cancelled at any time."""
        if self._survey.hops:
            await together(
                [
                    self._misplaced(),
                    self._alias(),
                    self._texts(),
                    self._above(),
                    self._tcp(),
                    self._edns(),
                    self._case(),
                    self._missing_dots(),
                ]
            )

    async def _misplaced(self) -> None:
        sightings = await find_sightings(self._exchange, self._survey)
        self.found = replace(self.found, sightings=sightings)

    async def _alias(self) -> None:
        expected = self._survey.challenge.expected
        target = await _wildcard_alias(self._exchange, self._survey.hops[0], expected)
        self.found = replace(self.found, wildcard_alias=target)

    async def _texts(self) -> None:
        texts = await _wildcard_texts(self._exchange, self._survey)
        self.found = replace(self.found, wildcard_texts=texts)

    async def _above(self) -> None:
        name = await _missing_above(self._exchange, self._survey.hops[-1])
        self.found = replace(self.found, missing_above=name)

    async def _tcp(self) -> None:
        refused = await self._those(_OVER_TCP, _answered, _no_response)
        self.found = replace(self.found, tcp_refused=refused)

    async def _edns(self) -> None:
        broken = await self._those(WITHOUT_EDNS, _may_lack_edns, _is_sound)
        self.found = replace(self.found, edns_broken=broken | self.found.edns_broken)

    async def _missing_dots(self) -> None:
        dots = await missing_dots.find(self._walker, self._survey)
        self.found = replace(self.found, missing_dots=dots)

    async def _case(self) -> None:
        """Check whether an address without the values shows them for a lower-case question.

        If so, that is a fault of the address, reported together with its answer.
        """
        await together(
            self._fault_finder.compare(
                Place(
                    hop.zone.apex,
                    ServerAddress(observation.nameserver, observation.endpoint),
                    hop.owner,
                    dns.rdatatype.TXT,
                    hop.owner,
                ),
                content=functools.partial(_content, owner=hop.owner, zone=hop.zone.apex),
                known=observation.reading,
            )
            for hop in self._survey.hops
            for observation in hop.observations
            if isinstance(observation.reading, Answer)
            and not isinstance(observation.reading, Alias)
            and not _shows_all(observation, self._survey.challenge.expected)
        )

    async def _those(
        self,
        how: QueryOptions,
        whom: Callable[[Observation], bool],
        sought: Callable[[Reply], bool],
    ) -> frozenset[Endpoint]:
        """Query the addresses chosen by `whom` in another way; return those with a sought reply."""
        asked = {
            observation.endpoint: hop.owner
            for hop in self._survey.hops
            for observation in hop.observations
            if whom(observation)
        }
        return await _where(self._exchange, asked.items(), how, sought)


# -- the alias is not meant for this name --------------------------------------------------------


async def _wildcard_alias(
    exchange: Exchange, hop: Hop, expected: tuple[bytes, ...]
) -> dns.name.Name | None:
    """Check whether random names have the same alias: then a wildcard made it (RFC 4592)."""
    alias = agreed_alias(hop, expected)
    neighbours = random_neighbours(hop.owner)
    if alias is None or alias.dname is not None or not neighbours:
        return None
    for endpoint in a_few(hop):
        for neighbour in neighbours:
            reply = await exchange.ask(endpoint, neighbour, dns.rdatatype.TXT, how=SINGLE_TRY)
            reading = read_txt(reply, neighbour, hop.zone.apex)
            # In a loop, some servers show the alias along with a failure.
            shown = reading.alias if isinstance(reading, Failing) else reading
            if not isinstance(shown, Alias) or shown.target != alias.target:
                break
        else:
            return alias.target
    return None


# -- what answers for the name, or does not exist above it ---------------------------------------


async def _wildcard_texts(exchange: Exchange, survey: Survey) -> frozenset[bytes]:
    """Find the TXT values that random names have too: those are a wildcard's (RFC 4592)."""
    hop = survey.hops[-1]
    shown = [
        observation for observation in hop.observations if isinstance(observation.reading, Values)
    ]
    neighbours = random_neighbours(hop.owner)
    if not (neighbours and shown) or any(holds_any(s, survey.challenge.expected) for s in shown):
        return frozenset()
    endpoints = dict.fromkeys(observation.endpoint for observation in shown[:ENOUGH_SERVERS])

    async def texts(neighbour: dns.name.Name) -> frozenset[bytes]:
        replies = await together(
            exchange.ask(endpoint, neighbour, dns.rdatatype.TXT, how=SINGLE_TRY)
            for endpoint in endpoints
        )
        return frozenset(text for reply in replies for text in texts_at(reply, neighbour))

    found = await together(texts(neighbour) for neighbour in neighbours)
    return frozenset.intersection(*found)


async def _missing_above(exchange: Exchange, hop: Hop) -> dns.name.Name | None:
    """Find the topmost missing name between the apex and the owner name."""
    denied = [
        observation.endpoint
        for observation in hop.observations
        if isinstance(observation.reading, Absent) and observation.reading.nxdomain
    ]
    if not denied or any(
        isinstance(observation.reading, Values | Alias) for observation in hop.observations
    ):
        return None
    between = []
    name = hop.owner
    while len(name) - 1 > len(hop.zone.apex):
        name = name.parent()
        between.append(name)
    for name in reversed(between[-_MOST_LABELS:]):
        reply = await exchange.ask(denied[0], name, dns.rdatatype.SOA, how=SINGLE_TRY)
        if isinstance(reply, Response) and reply.message.rcode() == dns.rcode.NXDOMAIN:
            return name
    return None


# -- how the servers speak -----------------------------------------------------------------------


async def _where(
    exchange: Exchange,
    questions: Iterable[tuple[Endpoint, dns.name.Name]],
    how: QueryOptions,
    found: Callable[[Reply], bool],
) -> frozenset[Endpoint]:
    pairs = list(questions)
    replies = await together(
        exchange.ask(endpoint, name, dns.rdatatype.TXT, how=how) for endpoint, name in pairs
    )
    return frozenset(
        endpoint for (endpoint, _), reply in zip(pairs, replies, strict=True) if found(reply)
    )


def _answered(observation: Observation) -> bool:
    return observation.rcode is not None


def _no_response(reply: Reply) -> bool:
    return not isinstance(reply, Response)


def _is_sound(reply: Reply) -> bool:
    return isinstance(reply, Response) and reply.message.rcode() in (
        dns.rcode.NOERROR,
        dns.rcode.NXDOMAIN,
    )


def _shows_all(observation: Observation, expected: tuple[bytes, ...]) -> bool:
    reading = observation.reading
    return isinstance(reading, Values) and set(reading.texts).issuperset(expected)


def _content(reply: Reply, *, owner: dns.name.Name, zone: dns.name.Name) -> object:
    """Return the relevant content of a reply to a TXT question; None if it is no answer."""
    match read_txt(reply, owner, zone):
        case Values(texts=texts):
            return frozenset(texts)
        case Alias() | Absent() as reading:
            return reading
        case _:
            return None


def _may_lack_edns(observation: Observation) -> bool:
    """Return whether it fails as servers and firewalls without EDNS do (RFC 6891 section 7)."""
    if observation.fault is not None:
        return False  # EDNS is not why it fails
    match observation.reading:
        case Failing():
            return True
        case Malformed():
            return observation.rcode is None  # otherwise it does answer, but to another question
        case Unreachable(reason=reason):
            return reason is NoResponseReason.TIMED_OUT
        case _:
            return False
