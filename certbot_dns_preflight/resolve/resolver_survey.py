"""Asks recursive resolvers what they show for one challenge, round after round.

For a host that can reach nothing else. Decides when to ask: a resolver that is asked before the
record is published caches its absence for the zone's negative TTL, and answers from the cache until
then. So the first question of a wait is sent no sooner than the record can be there, and a resolver
with an outdated answer is asked again only when that has left its cache. Resolvers follow aliases
themselves. `checks` decides what the answers mean.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import dns.flags
import dns.name
import dns.rcode
import dns.rdatatype

from certbot_dns_preflight.facts import survey
from certbot_dns_preflight.facts.answers import (
    NoResponseReason,
    NotAsked,
    Response,
    Unreachable,
)
from certbot_dns_preflight.facts.obstacle import AliasToRoot, NoEgress, NoSuchDomain, OutOfTime
from certbot_dns_preflight.facts.resolver_sight import ResolverAnswer, ResolverSight
from certbot_dns_preflight.facts.survey import Status
from certbot_dns_preflight.facts.zone import NameServer, Zone
from certbot_dns_preflight.resolve.expectations import Expectations
from certbot_dns_preflight.resolve.recursive import read_recursed
from certbot_dns_preflight.resolve.resolver_zone_survey import as_server, survey_zone
from certbot_dns_preflight.resolve.resolver_zones import HOW
from certbot_dns_preflight.resolve.tasks import together

if TYPE_CHECKING:
    from collections.abc import Iterable

    from certbot_dns_preflight.challenge import Challenge
    from certbot_dns_preflight.facts.answers import Endpoint, Reading, Reply
    from certbot_dns_preflight.facts.dnssec import SignedReplies
    from certbot_dns_preflight.facts.obstacle import Obstacle
    from certbot_dns_preflight.facts.probes import SeenHere
    from certbot_dns_preflight.resolve.exchange import Exchange
    from certbot_dns_preflight.resolve.probes import Prober
    from certbot_dns_preflight.resolve.resolver_zones import ResolverZones

_A_MOMENT = 0.2  # seconds: TTLs are whole seconds, and caches may round up or down


@dataclass(slots=True)
class _Told:
    """What one resolver said last, and until when its cache will repeat it."""

    reply: Reply
    reading: Reading
    answer: ResolverAnswer
    kept_until: float
    first_match: float | None = None


class ResolverSurvey:
    """Surveys one challenge through resolvers, with the interface of `TxtSurvey`."""

    def __init__(
        self,
        challenge: Challenge,
        exchange: Exchange,
        zones: ResolverZones,
        *,
        expectations: Expectations | None = None,
    ) -> None:
        """Use what `zones` knows of these resolvers' zones; the clock starts now."""
        self._own = challenge
        self._expectations = expectations or Expectations()
        self.ready_after: float | None = None
        self.prober: Prober | None = None
        self.seen_here: SeenHere | None = None
        self.walked = asyncio.Event()
        self._exchange = exchange
        self._zones = zones
        self._begun = self.asked_at = asyncio.get_running_loop().time()
        self._told: dict[Endpoint, _Told] = {}
        self._apex: dns.name.Name | None = None
        self._obstacle: Obstacle | None = OutOfTime(challenge.owner)
        self._rounds = 0
        self._asked: frozenset[Endpoint] = frozenset()  # in the latest round
        self._first_look = 0.0
        self._waits = False
        self._of_zone: survey.Survey | None = None

    @property
    def challenge(self) -> Challenge:
        """The challenge, with all values that the run expects at the name where it ends."""
        return self._expectations.of(self._own)

    async def close(self) -> None:
        """Do nothing: no query outlives a round."""

    @property
    def elapsed(self) -> float:
        """Seconds since the survey began."""
        return asyncio.get_running_loop().time() - self._begun

    @property
    def owners(self) -> tuple[dns.name.Name, ...]:
        """The names that were queried: the owner name, as resolvers follow aliases themselves."""
        return (self._own.owner,) if self._told else ()

    def hold_back(self, seconds: float) -> None:
        """Query the record only after this many seconds; a miss would be cached for longer."""
        self._first_look = seconds
        self._waits = True

    async def look_again(self, since: float, *, again: bool) -> None:
        """Do nothing: the resolvers are what must show the record, and they don't change."""

    async def round(self, *, complete: bool, rest: bool = False) -> survey.Survey:
        """Ask again: all resolvers if `complete`, else only those that have not shown the values.

        A resolver whose wrong answer is still cached is not asked until the answer expires. `rest`:
        this completes the round before, so those that it has asked are left out.
        """
        left_out, self._asked = self._asked if rest else frozenset(), frozenset()
        self.asked_at = asyncio.get_running_loop().time()
        if not self.challenge.expected:
            # There is nothing to see yet, and a miss would be cached.
            self._of_zone = await survey_zone(self.challenge, self._zones)
            self._rounds += 1
            self.walked.set()
            return self.so_far()
        await self._learn_zone()
        first = self._first_look
        ttl = self._zones.negative_ttl(self._apex)
        if ttl is not None and not self._told:
            self._first_look = first = min(first, float(ttl))
        if self.elapsed >= first:
            await self._ask(
                endpoint
                for endpoint in self._zones.resolvers
                if endpoint not in left_out and self._is_due(endpoint, complete=complete)
            )
        self.walked.set()
        return self.so_far()

    async def last_look(self) -> None:
        """Near the end, ask resolvers without the record once more, whatever is cached.

        A resolver may be several machines, and one of them may know better. Without a wait, they
        have just been asked.
        """
        if not self._waits:
            return
        await self._ask(e for e in self._zones.resolvers if not self._matches(e))

    def signed_replies(self) -> SignedReplies:
        """Return nothing: the resolvers validate signatures."""
        return {}

    def so_far(self) -> survey.Survey:
        """Return everything known now."""
        if self._of_zone is not None:
            return replace(self._of_zone, rounds=self._rounds, ready_after=self.ready_after)
        expected = self.challenge.expected
        answers = [told.answer for told in self._told.values()]
        apex = self._apex or self._own.owner.parent()
        zone = Zone(apex, None, tuple(map(as_server, self._zones.resolvers)))
        limits = self._exchange.budgets.concerning([self._own.owner], incomplete=not self._told)
        sight = ResolverSight(
            tuple(answers),
            self._zones.negative_ttl(self._apex),
            self._first_look,
            self._zones.seen(self._apex),
        )
        obstacle = self._obstacle
        if sight.chain[-1:] == (dns.name.root,):
            obstacle = AliasToRoot((self._own.owner, *sight.chain)[-2])
        return survey.Survey(
            self.challenge,
            hops=()
            if self._obstacle is not None and not self._told
            else (
                survey.Hop(
                    self._own.owner,
                    zone,
                    tuple(self._observation(zone, server, expected) for server in zone.nameservers),
                    recursive=True,
                ),
            ),
            obstacle=obstacle,
            rounds=self._rounds,
            ready_after=self.ready_after,
            limits=limits,
            sight=sight,
        )

    # -- asking ------------------------------------------------------------------------------------

    async def _learn_zone(self) -> None:
        if self._apex is not None:
            return
        domain = self._own.owner.parent()
        found = await self._zones.find(domain)
        if isinstance(found, NoEgress | NoSuchDomain):
            self._obstacle = found
            self._zones.forget(domain)
        else:
            self._apex, self._obstacle = found, None

    async def _ask(self, endpoints: Iterable[Endpoint]) -> None:
        asked = list(endpoints)
        self._asked = frozenset(asked)
        if asked and self._obstacle is None:
            self._rounds += 1
            await together(map(self._ask_one, asked))

    async def _ask_one(self, endpoint: Endpoint) -> None:
        owner = self._own.owner
        reply = await self._exchange.ask(endpoint, owner, dns.rdatatype.TXT, how=HOW)
        recursed = read_recursed(reply, owner, endpoint)
        before = self._told.get(endpoint)
        if recursed.zone is not None:
            self._zones.note(recursed.zone, recursed.kept)
        if isinstance(reply, Response):
            chain = recursed.answer.chain
            self._expectations.note(self._own, chain[-1] if chain else owner)
        told = _Told(reply, recursed.reading, recursed.answer, self.elapsed + recursed.kept)
        told.first_match = None if before is None else before.first_match
        if told.first_match is None and self._is_match(told.reading):
            told.first_match = self.elapsed
        self._told[endpoint] = told

    def _is_due(self, endpoint: Endpoint, *, complete: bool) -> bool:
        told = self._told.get(endpoint)
        if told is None:
            return True
        if self._matches(endpoint):
            return complete
        return self.elapsed >= told.kept_until + _A_MOMENT

    def _matches(self, endpoint: Endpoint) -> bool:
        told = self._told.get(endpoint)
        return told is not None and self._is_match(told.reading)

    def _is_match(self, reading: Reading) -> bool:
        return survey.measure(reading, self.challenge.expected) is Status.MATCH

    def _observation(
        self, zone: Zone, server: NameServer, expected: tuple[bytes, ...]
    ) -> survey.Observation:
        (endpoint,) = server.endpoints
        told = self._told.get(endpoint)
        reading: Reading = NotAsked("it is too early to ask")
        if told is not None:
            reading = told.reading
        elif self.elapsed >= self._first_look:
            reading = Unreachable(NoResponseReason.TIMED_OUT, "no answer before the time was up")
        response = told.reply if told and isinstance(told.reply, Response) else None
        kept = max(0.0, told.kept_until - self.elapsed) if told and response else None
        return survey.Observation(
            zone=zone.apex,
            nameserver=server.name,
            endpoint=endpoint,
            listed_by=frozenset(),
            reading=reading,
            status=survey.measure(reading, expected),
            rcode=dns.rcode.to_text(response.message.rcode()) if response else None,
            authoritative=bool(response.message.flags & dns.flags.AA) if response else None,
            transport=response.transport if response else None,
            rtt=response.rtt if response else None,
            first_match=told.first_match if told else None,
            matched_before=bool(told and told.first_match is not None),
            kept_for=kept,
        )
