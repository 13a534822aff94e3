"""Asks all name servers at once what they show for one challenge, round after round.

Follows aliases hop by hop. Decides whom to query and how to assemble the survey; `checks` decides
what the answers mean for the CA. `txt_queries` queries one address, `txt_hops` keeps what each one
said.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from certbot_dns_preflight.facts import survey
from certbot_dns_preflight.facts.answers import (
    Endpoint,
    Referral,
    Response,
    Unreachable,
)
from certbot_dns_preflight.facts.obstacle import AliasLoop, Obstacle, OutOfTime
from certbot_dns_preflight.facts.probes import Probes, SeenHere
from certbot_dns_preflight.facts.registry import is_registry
from certbot_dns_preflight.resolve import txt_hops
from certbot_dns_preflight.resolve.cache import ZoneCut
from certbot_dns_preflight.resolve.deeper_zones import DeeperZones
from certbot_dns_preflight.resolve.expectations import Expectations
from certbot_dns_preflight.resolve.parent_servers import ParentServers
from certbot_dns_preflight.resolve.query_faults import concerning
from certbot_dns_preflight.resolve.reading import is_sound
from certbot_dns_preflight.resolve.tasks import Background, together
from certbot_dns_preflight.resolve.txt_queries import TxtQueries, obstacle_above, serial_in

if TYPE_CHECKING:
    import dns.name

    from certbot_dns_preflight.challenge import Challenge
    from certbot_dns_preflight.facts.dnssec import SignedReplies
    from certbot_dns_preflight.facts.zone import Zone
    from certbot_dns_preflight.resolve.address_history import AddressHistory
    from certbot_dns_preflight.resolve.exchange import Exchange
    from certbot_dns_preflight.resolve.probes import Prober
    from certbot_dns_preflight.resolve.walker import Walker


class TxtSurvey:
    """Surveys one challenge. `round` may be called repeatedly, even after a cancellation."""

    def __init__(
        self,
        challenge: Challenge,
        exchange: Exchange,
        walker: Walker,
        *,
        families: frozenset[int],
        expectations: Expectations | None = None,
    ) -> None:
        """Set the families (4, 6) that may be queried; the clock starts now.

        `expectations` are the run's, if it has several challenges.
        """
        self._own = challenge
        self._expectations = expectations or Expectations()
        self.ready_after: float | None = None
        self.prober: Prober | None = None
        self.seen_here: SeenHere | None = None
        self.walked = asyncio.Event()  # set once it is known who, if anyone, serves the owner name
        self._exchange = exchange
        self._walker = walker
        self._hops = txt_hops.HopBuilder(exchange, families, challenge.expected)
        self._queries = TxtQueries(exchange)
        self._deeper = DeeperZones(exchange, walker, self._hops)
        self._parents = ParentServers(exchange, walker, families)
        self._begun = asyncio.get_running_loop().time()
        self.asked_at = self._begun  # when the latest round sent its queries
        self._path: list[tuple[dns.name.Name, Zone]] = []
        self._above: dict[dns.name.Name, Zone] = {}
        self._obstacle: Obstacle | None = OutOfTime(challenge.owner)
        self._rounds = 0
        self._asked: frozenset[tuple[dns.name.Name, Endpoint]] = frozenset()  # in the latest round
        self._left_out = self._asked
        self._beside = Background()

    @property
    def challenge(self) -> Challenge:
        """The challenge, with all values that the run expects at the name where it ends."""
        return self._expectations.of(self._own)

    async def close(self) -> None:
        """Stop the queries still running outside the rounds."""
        await self._beside.close()

    @property
    def elapsed(self) -> float:
        """Seconds since the survey began."""
        return asyncio.get_running_loop().time() - self._begun

    @property
    def owners(self) -> tuple[dns.name.Name, ...]:
        """The names passed so far, from the owner name to where its aliases lead."""
        return tuple(owner for owner, _ in self._path)

    async def look_again(self, since: float, *, again: bool) -> None:
        """Check which servers must show the record, unless that is known since `since`.

        `again`: skip only if someone has rechecked since then; having learned it is not enough.
        """
        if not self._path or self._obstacle is not None:
            self._walker.forget_older(since)
            return
        apexes = {zone.apex for _, zone in self._path}
        await self._walker.look_again(apexes, since, again=again)

    async def round(  # noqa: C901 - one step after another
        self, *, complete: bool, rest: bool = False
    ) -> survey.Survey:
        """Ask again: every address if `complete`, else only those yet to show the values.

        `rest`: this completes the round before, so those that it has asked are left out.
        """
        self._rounds += 1
        self.asked_at = asyncio.get_running_loop().time()
        self._left_out, self._asked = self._asked if rest else frozenset(), frozenset()
        path: list[tuple[dns.name.Name, Zone]] = []
        chain = [self.challenge.owner]
        obstacle: Obstacle | None = None
        excused: int | None = None  # length of the path before the first alias taken from a failure
        last: survey.Hop | None = None
        while True:
            found = await self._walker.find(chain[-1])
            if not isinstance(found, ZoneCut):
                obstacle = found
                break
            patience = self._exchange.timings.address_lookup if complete else 0.0
            zone = await self._walker.zone(found, patience=patience)
            path.append((chain[-1], zone))
            self._above.update(await self._zones_above(found))
            if len(path) > len(self._path):
                self._path = path[:]
                self._obstacle = None
                self.walked.set()
            await self._ask_hop(chain[-1], zone, complete=complete)
            obstacle = await obstacle_above(self._parents, found, chain[-1])
            if obstacle is not None:
                break
            if await self._deeper.found(chain[-1], found, zone):
                path.pop()
                continue  # some servers of the zone have a delegation that others deny
            last = self._hop(chain[-1], zone)
            alias = survey.agreed_alias(last, self.challenge.expected)
            if alias is None:
                alias = txt_hops.alias_beside_failure(last)
                excused = len(path) if excused is None else excused
            if alias is None:
                break
            chain.append(alias.target)
            obstacle = txt_hops.end_of(chain)
            if obstacle is not None:
                break
        if excused is not None and not isinstance(obstacle, AliasLoop):
            # No resolver follows an alias found beside a failure: it can only explain a loop.
            path, obstacle, chain = path[:excused], None, chain[:excused]
        if isinstance(obstacle, AliasLoop) or isinstance(self._obstacle, AliasLoop):
            last = None  # what fails is read in another way in a loop
        self._path, self._obstacle = path, obstacle
        self._expectations.note(self._own, chain[-1] if obstacle is None and path else None)
        self.walked.set()
        return self.so_far(last)

    def so_far(self, last: survey.Hop | None = None) -> survey.Survey:
        """Return everything known now; `last` may be the last hop, if it was built just before."""
        if self._hops.expect(self.challenge.expected):
            last = None
        hops = [self._hop(owner, zone, followed=True) for owner, zone in self._path[:-1]]
        for owner, zone in self._path[-1:]:
            hops.append(last if last and last.owner == owner else self._hop(owner, zone))
        return survey.Survey(
            self.challenge,
            hops=tuple(hops),
            above=tuple(self._above.values()),
            obstacle=self._obstacle,
            rounds=self._rounds,
            ready_after=self.ready_after,
            probes=self._probes(),
            query_faults=concerning(self._exchange, [self._own.owner.parent(), *self.owners]),
            limits=self._exchange.budgets.concerning(
                [self.challenge.owner, *(hop.owner for hop in hops)],
                incomplete=not hops or any(map(txt_hops.is_limited, hops)),
            ),
        )

    def _probes(self) -> Probes:
        found = Probes(
            edns_broken=frozenset(self._exchange.without_edns),
            case_changed=frozenset(self._exchange.case_changing),
        )
        found = self.prober.found if self.prober else found
        return replace(found, seen_here=self.seen_here)

    async def ask_serials(self) -> None:
        """Query every server that answers for its SOA serial, in every zone on the path."""
        await together(
            self._ask_serial(track, zone.apex, endpoint)
            for owner, zone in self._path
            for endpoint in {e for server in zone.nameservers for e in server.endpoints}
            if (track := self._hops.track(owner, endpoint)) and isinstance(track.reply, Response)
        )

    async def _ask_serial(
        self, track: AddressHistory, apex: dns.name.Name, endpoint: Endpoint
    ) -> None:
        reply = await self._queries.serial(apex, endpoint)
        if isinstance(reply, Response):
            track.serial = serial_in(reply, apex)

    async def _zones_above(self, cut: ZoneCut) -> dict[dns.name.Name, Zone]:
        """Learn the zones that a resolver passes on its way, except registries' zones."""
        passed = [c for c in self._walker.lineage(cut)[:-1] if not is_registry(c.apex)]
        zones = await together(self._walker.zone(one) for one in passed)
        return {zone.apex: zone for zone in zones}

    # -- one hop ---------------------------------------------------------------------------------

    async def _ask_hop(self, owner: dns.name.Name, zone: Zone, *, complete: bool) -> None:
        self.asked_at = asyncio.get_running_loop().time()
        if not self._hops.has_heard(owner):
            every = {e for server in zone.nameservers for e in server.endpoints}
            await together(self._ask_one(owner, zone, e) for e in every if self._hops.may_ask(e))
            return
        hop = self._hop(owner, zone)
        alias = survey.agreed_alias(hop, self.challenge.expected)
        heard = {
            observation.nameserver
            for observation in hop.observations
            if observation.later is None and observation.rcode is not None
        }
        due: set[Endpoint] = set()
        beside: set[asyncio.Task[None]] = set()
        for observation in hop.observations:
            track = self._hops.track(owner, observation.endpoint)
            if not self._hops.may_ask(observation.endpoint):
                continue
            if track is None or track.reading is None:
                due.add(observation.endpoint)
                continue
            silent = isinstance(track.reading, Unreachable)
            if silent and observation.nameserver in heard:
                # Another address of its name server answers, so don't wait for this silent one.
                if complete or observation.later is not None:
                    beside.add(self._ask_beside(owner, zone, observation.endpoint))
            elif (
                complete
                or not txt_hops.is_settled(observation, alias, self.challenge)
                or track.flips > 1
            ):
                due.add(observation.endpoint)
        due -= {endpoint for name, endpoint in self._left_out if name == owner}
        self._asked |= {(owner, endpoint) for endpoint in due}
        await together(self._ask_one(owner, zone, endpoint) for endpoint in due)
        if beside:
            # An answer that arrives now still counts in this round; a later one counts after it.
            await asyncio.wait(beside, timeout=self._exchange.timings.brief)

    def _ask_beside(
        self, owner: dns.name.Name, zone: Zone, endpoint: Endpoint
    ) -> asyncio.Task[None]:
        return self._beside.start((owner, endpoint), lambda: self._ask_one(owner, zone, endpoint))

    async def _ask_one(self, owner: dns.name.Name, zone: Zone, endpoint: Endpoint) -> None:
        reply, reading = await self._queries.ask(owner, zone, endpoint)
        self._hops.expect(self.challenge.expected)
        matches = self._hops.matches(reading)
        track = self._hops.begin(owner, endpoint)
        if matches:
            self._queries.forget_fault(owner, endpoint)
        elif not (is_sound(reply) or isinstance(reading, Referral) or track.explained):
            await self._queries.explain(owner, zone, endpoint, reply)
            track.explained = True
        track.record(
            reply,
            reading,
            matches=matches,
            now=self.elapsed,
            steady=self._exchange.timings.steady,
        )

    # -- what is known -----------------------------------------------------------------------------

    def signed_replies(self) -> SignedReplies:
        """Return the latest replies, including signatures, by zone and owner name."""
        return {(zone.apex, owner): self._hops.replies(owner, zone) for owner, zone in self._path}

    def _hop(self, owner: dns.name.Name, zone: Zone, *, followed: bool = False) -> survey.Hop:
        self._hops.expect(self.challenge.expected)
        looping = isinstance(self._obstacle, AliasLoop)
        return self._hops.build(owner, zone, followed=followed, looping=looping)
