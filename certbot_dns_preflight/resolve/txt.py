"""Asks all name servers at once what they show for one challenge, round after round.

Follows aliases hop by hop and keeps, per address, what it said last and since when. It decides
whom to ask, never what the answers mean for the CA: that is for `checks`.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, TypeGuard

import dns.flags
import dns.name
import dns.rcode
import dns.rdatatype

from certbot_dns_preflight.facts import survey
from certbot_dns_preflight.facts.answers import (
    Alias,
    Answer,
    Endpoint,
    Failing,
    NotAsked,
    Referral,
    Response,
    Unreachable,
    Values,
)
from certbot_dns_preflight.facts.dnssec import ServerAddress, ServerReply
from certbot_dns_preflight.facts.survey import Status
from certbot_dns_preflight.resolve.cache import ZoneCut
from certbot_dns_preflight.resolve.expectations import Expectations
from certbot_dns_preflight.resolve.observing import ObservationBuilder
from certbot_dns_preflight.resolve.plainer import Place, Plainer, concerning
from certbot_dns_preflight.resolve.queries import SINGLE_TRY
from certbot_dns_preflight.resolve.reading import alias_at, is_sound, read_txt, rrset_at
from certbot_dns_preflight.resolve.tasks import Background, together
from certbot_dns_preflight.resolve.track import Track, is_older

if TYPE_CHECKING:
    from certbot_dns_preflight.challenge import Challenge
    from certbot_dns_preflight.facts.answers import Reading, Reply
    from certbot_dns_preflight.facts.dnssec import SignedReplies
    from certbot_dns_preflight.resolve.exchange import Exchange
    from certbot_dns_preflight.resolve.probes import Prober
    from certbot_dns_preflight.resolve.walker import Walker

_MOST_HOPS = 16


class TxtSurvey:
    """Surveys one challenge. `round` may be called again and again, also after cancellation."""

    def __init__(
        self,
        challenge: Challenge,
        exchange: Exchange,
        walker: Walker,
        *,
        families: frozenset[int],
        expectations: Expectations | None = None,
    ) -> None:
        """Take the families (4, 6) that may be asked over; the clock starts now.

        `expectations` are the run's, where it has several challenges.
        """
        self._own = challenge
        self._expectations = expectations or Expectations()
        self._measured = challenge.expected
        self.ready_after: float | None = None
        self.prober: Prober | None = None
        self.seen_here: survey.SeenHere | None = None
        self.walked = asyncio.Event()  # set once it is known who serves the owner name, or nobody
        self._exchange = exchange
        self._walker = walker
        self._observations = ObservationBuilder(exchange, families)
        self._begun = asyncio.get_running_loop().time()
        self._tracks: dict[tuple[dns.name.Name, Endpoint], Track] = {}
        self._path: list[tuple[dns.name.Name, survey.Zone]] = []
        self._obstacle: survey.Obstacle | None = survey.OutOfTime(challenge.owner)
        self._rounds = 0
        self._beside = Background()
        self._plainer = Plainer(exchange)

    @property
    def challenge(self) -> Challenge:
        """The challenge, with all values that the run expects at the name where it ends."""
        return self._expectations.of(self._own)

    async def close(self) -> None:
        """Stop what is still being asked beside the rounds."""
        await self._beside.close()

    @property
    def elapsed(self) -> float:
        """Seconds since the survey began."""
        return asyncio.get_running_loop().time() - self._begun

    async def round(self, *, complete: bool) -> survey.Survey:
        """Ask once more: everybody if `complete`, else only those who have not shown the values."""
        self._rounds += 1
        self._measure_again()
        path: list[tuple[dns.name.Name, survey.Zone]] = []
        chain = [self.challenge.owner]
        obstacle: survey.Obstacle | None = None
        excused: int | None = None  # how far the path goes without aliases out of failures
        while True:
            found = await self._walker.find(chain[-1])
            if not isinstance(found, ZoneCut):
                obstacle = found
                break
            patience = self._exchange.timings.address_lookup if complete else 0.0
            zone = await self._walker.zone(found, patience=patience)
            path.append((chain[-1], zone))
            if len(path) > len(self._path):
                self._path = path[:]
                self._obstacle = None
                self.walked.set()
            await self._ask_hop(chain[-1], zone, complete=complete)
            if self._is_referred_deeper(chain[-1], found, zone):
                path.pop()
                continue  # some servers of the zone know of a delegation that others deny
            hop = self._hop(chain[-1], zone)
            alias = survey.agreed_alias(hop, self.challenge.expected)
            if alias is None:
                alias = _alias_beside_failure(hop)
                excused = len(path) if excused is None else excused
            if alias is None:
                break
            chain.append(alias.target)
            if alias.target in chain[:-1] or len(chain) > _MOST_HOPS + 1:
                obstacle = survey.AliasLoop(tuple(chain[1:]))
                break
        if excused is not None and not isinstance(obstacle, survey.AliasLoop):
            # No resolver follows what stands beside a failure: only a loop is explained by it.
            path, obstacle, chain = path[:excused], None, chain[:excused]
        self._path, self._obstacle = path, obstacle
        self._expectations.note(self._own, chain[-1] if obstacle is None and path else None)
        self.walked.set()
        return self.so_far()

    def so_far(self) -> survey.Survey:
        """Everything known now."""
        self._measure_again()
        hops = tuple(
            self._hop(owner, zone, followed=number < len(self._path))
            for number, (owner, zone) in enumerate(self._path, 1)
        )
        return survey.Survey(
            self.challenge,
            hops=hops,
            obstacle=self._obstacle,
            rounds=self._rounds,
            ready_after=self.ready_after,
            probes=self._probes(),
            query_faults=concerning(
                self._exchange,
                [
                    dns.name.from_text(self.challenge.domain),
                    *(owner for owner, _ in self._path),
                ],
            ),
            limits=self._exchange.budgets.concerning(
                [self.challenge.owner, *(hop.owner for hop in hops)],
                incomplete=not hops or any(map(_is_limited, hops)),
            ),
        )

    def _probes(self) -> survey.Probes:
        found = survey.Probes(
            edns_broken=frozenset(self._exchange.without_edns),
            case_changed=frozenset(self._exchange.case_changing),
        )
        found = self.prober.found if self.prober else found
        return replace(found, seen_here=self.seen_here)

    async def ask_serials(self) -> None:
        """Ask every server that answers for its SOA serial, in every zone on the path."""
        await together(
            self._ask_serial(self._tracks[owner, endpoint], zone.apex, endpoint)
            for owner, zone in self._path
            for endpoint in {e for server in zone.nameservers for e in server.endpoints}
            if isinstance(getattr(self._tracks.get((owner, endpoint)), "reply", None), Response)
        )

    def _is_referred_deeper(self, owner: dns.name.Name, cut: ZoneCut, zone: survey.Zone) -> bool:
        for endpoint in sorted({e for server in zone.nameservers for e in server.endpoints}):
            track = self._tracks.get((owner, endpoint))
            if track is None or not isinstance(track.reading, Referral):
                continue
            reply = track.reply
            if isinstance(reply, Response) and self._walker.refer(cut, owner, endpoint, reply):
                return True
        return False

    # -- one hop ---------------------------------------------------------------------------------

    async def _ask_hop(self, owner: dns.name.Name, zone: survey.Zone, *, complete: bool) -> None:
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
            track = self._tracks.get((owner, observation.endpoint))
            if not self._observations.may_ask(observation.endpoint):
                continue
            if track is None or track.reading is None:
                due.add(observation.endpoint)
                continue
            silent = isinstance(track.reading, Unreachable)
            if silent and observation.nameserver in heard:
                # Its name server speaks for it: that it is silent is no reason to wait for long.
                if complete or observation.later is not None:
                    beside.add(self._ask_beside(owner, zone, observation.endpoint))
            elif complete or not self._settled(observation, alias) or track.flips > 1:
                due.add(observation.endpoint)
        await together(self._ask_one(owner, zone, endpoint) for endpoint in due)
        if beside:
            # What it may say now counts; what it says later counts from then on.
            await asyncio.wait(beside, timeout=self._exchange.timings.brief)

    def _ask_beside(
        self, owner: dns.name.Name, zone: survey.Zone, endpoint: Endpoint
    ) -> asyncio.Task[None]:
        return self._beside.start((owner, endpoint), lambda: self._ask_one(owner, zone, endpoint))

    def _matches(self, reading: Reading) -> bool:
        match reading:
            case Alias():
                return True
            case Values(texts=texts):
                return set(self.challenge.expected) <= set(texts)
            case _:
                return False

    def _measure_again(self) -> None:
        """Measure what was answered by what is expected now: another challenge may end here too."""
        if self._measured == self.challenge.expected:
            return
        self._measured = self.challenge.expected
        for track in self._tracks.values():
            if track.answer is not None:
                track.measure_again(matches=self._matches(track.answer))

    async def _ask_one(self, owner: dns.name.Name, zone: survey.Zone, endpoint: Endpoint) -> None:
        reply = await self._exchange.ask(endpoint, owner, dns.rdatatype.TXT)
        reading = read_txt(reply, owner, zone.apex)
        if isinstance(reading, Failing) and _has_authority(reply):
            reading = replace(
                reading, alias=reading.alias or await self._alias_alone(owner, endpoint)
            )
        self._measure_again()
        matches = self._matches(reading)
        track = self._tracks.setdefault((owner, endpoint), Track())
        if matches:
            self._exchange.faults.pop((endpoint, owner, dns.rdatatype.TXT), None)
        elif not (is_sound(reply) or isinstance(reading, Referral) or track.explained):
            await self._explain(owner, zone, endpoint, reply)
            track.explained = True
        track.record(
            reply,
            reading,
            matches=matches,
            now=self.elapsed,
            steady=self._exchange.timings.steady,
        )

    async def _explain(
        self, owner: dns.name.Name, zone: survey.Zone, endpoint: Endpoint, reply: Reply
    ) -> None:
        """See whether a plainer question is answered where ours is not."""
        names = (s.name for s in zone.nameservers if endpoint in s.endpoints)
        server = ServerAddress(next(names, None), endpoint)
        await self._plainer.explain(
            Place(zone.apex, server, owner, dns.rdatatype.TXT, owner),
            reply,
            sound=is_sound,
        )

    def signed_replies(self) -> SignedReplies:
        """Give the latest replies, with the signatures in them, by zone and owner name."""
        return {
            (zone.apex, owner): tuple(
                ServerReply(ServerAddress(server.name, endpoint), track.reply)
                for server in zone.nameservers
                for endpoint in server.endpoints
                if (track := self._tracks.get((owner, endpoint))) and track.reply is not None
            )
            for owner, zone in self._path
        }

    async def _alias_alone(self, owner: dns.name.Name, endpoint: Endpoint) -> Alias | None:
        """Ask for the CNAME itself: where aliases loop, PowerDNS fails without showing any."""
        reply = await self._exchange.ask(endpoint, owner, dns.rdatatype.CNAME, how=SINGLE_TRY)
        if not _has_authority(reply) or reply.message.rcode() != dns.rcode.NOERROR:
            return None
        return alias_at(reply.message, owner)

    async def _ask_serial(self, track: Track, apex: dns.name.Name, endpoint: Endpoint) -> None:
        reply = await self._exchange.ask(endpoint, apex, dns.rdatatype.SOA, how=SINGLE_TRY)
        if isinstance(reply, Response):
            soa = rrset_at(reply.message.answer, apex, dns.rdatatype.SOA)
            track.serial = soa[0].serial if soa else None

    def _settled(self, observation: survey.Observation, alias: Alias | None) -> bool:
        match observation.status:
            case Status.MATCH:
                return alias is None
            case Status.ALIAS:
                return alias is not None
            case Status.ABSENT:
                return not self.challenge.expected and alias is None
            case _:
                return False

    # -- what is known -----------------------------------------------------------------------------

    def _hop(
        self, owner: dns.name.Name, zone: survey.Zone, *, followed: bool = False
    ) -> survey.Hop:
        zone = self._as_listed_now(owner, zone)
        hop = survey.Hop(
            owner,
            zone,
            tuple(
                self._observation(owner, zone, nameserver, endpoint, followed=followed)
                for nameserver in zone.nameservers
                for endpoint in nameserver.endpoints
            ),
            followed,
        )
        standing = {
            (o.nameserver, o.endpoint): self._observation(
                owner,
                zone,
                next(server for server in zone.nameservers if server.name == o.nameserver),
                o.endpoint,
                followed=followed,
                later=o.reading,
            )
            for o in hop.observations
            if self._stands(owner, o, hop)
        }
        return replace(
            hop,
            observations=tuple(
                standing.get((o.nameserver, o.endpoint), o) for o in hop.observations
            ),
        )

    def _as_listed_now(self, owner: dns.name.Name, zone: survey.Zone) -> survey.Zone:
        """Leave out of the listings what only an old copy of the zone lists beside the delegation.

        Serials are known only where answers differ.
        """
        serials = {
            endpoint: track.serial
            for server in zone.nameservers
            for endpoint in server.endpoints
            if (track := self._tracks.get((owner, endpoint))) and track.serial is not None
        }
        old = {
            endpoint
            for endpoint, serial in serials.items()
            if any(is_older(serial, other) for other in serials.values())
        }
        told = frozenset[Endpoint]().union(*(server.apex_from for server in zone.nameservers))
        if not old or not told - old:
            return zone
        return replace(
            zone,
            nameservers=tuple(
                replace(server, listed_by=server.listed_by - {survey.Listing.APEX})
                if server.apex_from <= old and survey.Listing.DELEGATION in server.listed_by
                else server
                for server in zone.nameservers
            ),
        )

    def _stands(
        self, owner: dns.name.Name, observation: survey.Observation, hop: survey.Hop
    ) -> bool:
        """Whether an address that gives no answer now has given one that is not what is wanted."""
        track = self._tracks.get((owner, observation.endpoint))
        if track is None or track.answer is None or isinstance(observation.reading, Answer):
            return False
        return survey.is_other(track.answer, hop, self.challenge.expected)

    def _observation(  # noqa: PLR0913 - whose it is, and how it is to be read
        self,
        owner: dns.name.Name,
        zone: survey.Zone,
        nameserver: survey.NameServer,
        endpoint: Endpoint,
        *,
        followed: bool,
        later: Reading | None = None,
    ) -> survey.Observation:
        track = self._tracks.get((owner, endpoint), Track())
        reply, reading = track.reply, track.reading
        if later is not None:
            reply, reading = track.answered, track.answer
        elif isinstance(reading, Failing) and isinstance(self._obstacle, survey.AliasLoop):
            reading = reading.alias or reading  # the failure is the loop's
        observation = self._observations.observe(
            owner,
            zone,
            nameserver,
            endpoint,
            reply=reply,
            reading=reading,
            expected=self.challenge.expected,
            followed=followed,
        )
        # An alias that stands has lost nothing, wherever it leads.
        first_match = None if isinstance(track.reading, Alias) else track.first_match
        return replace(
            observation,
            serial=track.serial,
            first_match=first_match,
            matched_before=first_match is not None,
            flips=track.flips,
            later=later,
        )


def _is_limited(hop: survey.Hop) -> bool:
    """Whether a server was not asked, or its addresses not looked up, by a limit of the run."""
    latest = (observation.later or observation.reading for observation in hop.observations)
    return any(server.limited for server in hop.zone.nameservers) or any(
        isinstance(reading, NotAsked) and reading.limited for reading in latest
    )


def _alias_beside_failure(hop: survey.Hop) -> Alias | None:
    """Find the alias that failing servers show, where nobody gives an answer."""
    readings = [observation.reading for observation in hop.observations]
    if any(isinstance(reading, Answer) for reading in readings):
        return None
    return next((r.alias for r in readings if isinstance(r, Failing) and r.alias), None)


def _has_authority(reply: Reply) -> TypeGuard[Response]:
    return isinstance(reply, Response) and bool(reply.message.flags & dns.flags.AA)
