"""Collects what a CA checks besides the record: CAA, the zone's health, the domain's addresses.

Never queries the challenge's name, so it may run before the record is created without seeding a
negative cache. Collects facts; `checks` decides what they mean.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import dns.name
import dns.rdatatype

from certbot_dns_preflight.facts.environment import DomainEnvironment, ViewOf
from certbot_dns_preflight.resolve.caa import CaaSearch
from certbot_dns_preflight.resolve.caa_servers import CaaServers
from certbot_dns_preflight.resolve.cache import ZoneCut
from certbot_dns_preflight.resolve.dnssec import Collector
from certbot_dns_preflight.resolve.domain_addresses import DomainAddresses
from certbot_dns_preflight.resolve.fanout import ask_any
from certbot_dns_preflight.resolve.queries import SINGLE_TRY
from certbot_dns_preflight.resolve.query_faults import concerning
from certbot_dns_preflight.resolve.referrals import is_authoritative
from certbot_dns_preflight.resolve.single_flight import SingleFlight
from certbot_dns_preflight.resolve.split_horizon import HostView, Local, compare
from certbot_dns_preflight.resolve.unneeded import drop
from certbot_dns_preflight.resolve.zone_health import ZoneHealth

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from certbot_dns_preflight.challenge import Challenge
    from certbot_dns_preflight.facts.answers import Endpoint
    from certbot_dns_preflight.facts.caa import Climb
    from certbot_dns_preflight.facts.dnssec import Facts, ServerAddress, SignedReplies
    from certbot_dns_preflight.facts.environment import ResolverView
    from certbot_dns_preflight.facts.survey import Survey
    from certbot_dns_preflight.facts.zone import Zone
    from certbot_dns_preflight.resolve.exchange import Exchange
    from certbot_dns_preflight.resolve.lateness import Lateness
    from certbot_dns_preflight.resolve.unneeded import Unneeded
    from certbot_dns_preflight.resolve.walker import Walker


@dataclass(slots=True)
class _Remarks:
    """Findings besides CAA; None until known."""

    addressless: bool | None = None
    resolver_view: ResolverView | None = None


class EnvironmentCollector:
    """Collects for several domains; what they share is queried once.

    `host` queries this host's own resolvers.
    """

    def __init__(
        self,
        exchange: Exchange,
        walker: Walker,
        *,
        resolvers: tuple[Endpoint, ...] = (),
        families: Collection[int] = (4, 6),
    ) -> None:
        """Share the run's walker, with the same `resolvers` and `families`."""
        self._exchange = exchange
        self._patience = exchange.timings.remarks
        self._walker = walker
        self._resolvers = resolvers
        self._families = families
        servers = CaaServers(exchange, walker, resolvers=resolvers, families=families)
        self._caa = CaaSearch(exchange, servers)
        self._chains = Collector(exchange, walker, resolvers=resolvers, families=families)
        self._health = ZoneHealth(exchange, walker, families, self._chains.soa)
        self._addresses = DomainAddresses(exchange, walker, families)
        self.host = HostView(exchange, families=families)
        self._remarks: dict[str, _Remarks] = {}
        self._asked_anew: set[dns.name.Name] = set()
        self._surveys_zones = False
        self._views: SingleFlight[dns.name.Name, ResolverView | None] = SingleFlight()

    @property
    def lateness(self) -> Lateness:
        """How late this process reads incoming data."""
        return self._exchange.lateness

    async def collect(self, challenge: Challenge) -> None:
        """Collect the facts about one domain; `so_far` returns them at any time.

        CAA decides, so this waits for it. The rest only yields remarks, and gets a moment more.
        """
        domain = dns.name.from_text(challenge.domain)
        remarks = self._remarks[challenge.domain] = _Remarks()
        async with asyncio.TaskGroup() as group:
            beside = group.create_task(self._beside(domain, remarks))
            await self._caa.climb(domain)
            await asyncio.wait([beside], timeout=self._patience)
            beside.cancel()

    async def caa_again(self, climb: Climb) -> Climb:
        """Query again the CAA that no server has answered for."""
        return await self._caa.again(climb)

    def so_far(self, challenge: Challenge, *, seconds: float) -> DomainEnvironment:
        """Return what is known of a domain's environment after this many seconds."""
        remarks = self._remarks.get(challenge.domain, _Remarks())
        climb = self._caa.so_far(dns.name.from_text(challenge.domain), seconds=seconds)
        return DomainEnvironment(
            climb=climb,
            addressless=remarks.addressless,
            resolver_view=remarks.resolver_view,
        )

    def with_faults(self, survey: Survey) -> Survey:
        """Add to a survey the other faults of its domain that only a CA's resolver would meet."""
        domain = dns.name.from_text(survey.challenge.domain)
        names = [domain, *(hop.owner for hop in survey.hops)]
        return replace(survey, query_faults=concerning(self._exchange, names))

    async def chains(
        self, challenges: Collection[Challenge], owners: Iterable[dns.name.Name] = ()
    ) -> Facts:
        """Collect the DNSSEC data from the root down to the zones of all these domains.

        Includes the CAA, or the lack of it, at `owners`: the names that the CAA lookup passed.
        """
        names = {dns.name.from_text(challenge.domain) for challenge in challenges}
        return await self._chains.data(
            [*((name, dns.rdatatype.SOA) for name in sorted(names)), *self._caa_at(owners)]
        )

    async def keys(self, challenge: Challenge) -> None:
        """Query the DS and keys of the zones above a challenge's name, and of its own zone."""
        await self._chains.data([(challenge.owner, None)])

    async def signed_records(
        self, owners: Collection[dns.name.Name], caa: Iterable[dns.name.Name] = ()
    ) -> Facts:
        """Collect the TXT or alias at these owner names, with signatures, at every address.

        Includes the CAA at `caa`, or the proof that there is none.
        """
        return await self._chains.data(
            [*((owner, dns.rdatatype.TXT) for owner in sorted(owners)), *self._caa_at(caa)]
        )

    def _caa_at(
        self, owners: Iterable[dns.name.Name]
    ) -> list[tuple[dns.name.Name, dns.rdatatype.RdataType]]:
        """List the questions; reuse the answers that the CAA lookup already has."""
        owners = set(owners)
        for owner in owners:
            apex = owner
            while True:
                replies = self._caa.signed.get((apex, owner))
                if replies is not None and apex not in self._asked_anew:
                    self._chains.take(apex, owner, dns.rdatatype.CAA, replies)
                if apex == dns.name.root:
                    break
                apex = apex.parent()
        return [(owner, dns.rdatatype.CAA) for owner in sorted(owners)]

    def take_rounds(self, replies: SignedReplies) -> None:
        """Take the answers from the rounds, by zone and owner name: they came with signatures."""
        for (apex, owner), answers in replies.items():
            self._chains.take(apex, owner, dns.rdatatype.TXT, answers)

    def ask_anew(
        self,
        apexes: Collection[dns.name.Name],
        *,
        but: Collection[ServerAddress] = (),
        again: bool = False,
    ) -> bool:
        """From now on, query signatures in these zones again, at every address.

        A registry's servers in `but` are then passed over, as resolvers do. Returns
        False if all that was already done and is not wanted `again`.
        """
        apexes = set(apexes) if again else set(apexes) - self._asked_anew
        self._asked_anew |= apexes
        self._chains.forget(apexes, but)
        return bool(apexes)

    def forget(self) -> None:
        """Query all signatures again: a long wait may have changed them."""
        self._chains.forget()

    def drop(self, unneeded: Unneeded) -> None:
        """Drop what was collected about names that no challenge needs any more."""
        self._caa.drop(unneeded)
        self.host.drop(unneeded)
        drop(self._views.results, unneeded)
        drop(self._remarks, lambda domain: unneeded(dns.name.from_text(domain)))

    async def survey_zone(self, challenge: Challenge) -> Survey:
        """Check how the domain's zone is served by querying every address for the apex only."""
        self._surveys_zones = True
        return await self._health.of_domain(challenge)

    # -- beside the zone ---------------------------------------------------------------------------

    async def _beside(self, domain: dns.name.Name, remarks: _Remarks) -> None:
        """Find out what at most deserves a remark."""
        async with asyncio.TaskGroup() as group:
            resolving = group.create_task(self._addresses.resolve(domain))
            viewing = group.create_task(self._zone_view(domain))
            asking_here = group.create_task(self._local_addresses(domain))
        addresses, view = resolving.result(), viewing.result()
        if addresses is not None:
            remarks.addressless = not addresses
        cut = await self._walker.find_home(domain)
        if view is None and isinstance(cut, ZoneCut):
            local = asking_here.result()
            view = compare(local, addresses or (), cut.apex, domain, ViewOf.ADDRESSES)
        remarks.resolver_view = view

    async def _local_addresses(self, domain: dns.name.Name) -> Local | None:
        # Wait until something public has answered: this resolver alone proves nothing.
        if self._resolvers or not isinstance(await self._walker.find_home(domain), ZoneCut):
            return None
        return await self.host.addresses(domain)

    async def _zone_view(self, domain: dns.name.Name) -> ResolverView | None:
        """Compare with this host's resolver, unless discovery went through a resolver anyway."""
        if self._resolvers:
            return None
        found = await self._walker.find_home(domain)
        if not isinstance(found, ZoneCut):
            return None
        zone = await self._walker.zone(found)
        return await self._views.get(
            found.apex, lambda: self.host.of_zone(zone, lambda: self._primary(found, zone))
        )

    async def _primary(self, cut: ZoneCut, zone: Zone) -> dns.name.Name | None:
        """Find the primary that a zone's server names, reusing earlier answers where possible."""
        if self._surveys_zones:
            await self._chains.soa(cut)
        elif self._walker.known.primaries.get(cut.apex) is None:
            got = await ask_any(
                self._exchange,
                [e for s in zone.nameservers for e in s.endpoints if e.family in self._families],
                cut.apex,
                dns.rdatatype.SOA,
                usable=lambda response: is_authoritative(response.message),
                how=SINGLE_TRY,
            )
            if got is not None:
                self._walker.known.note_soa(cut.apex, got[1].message)
        return self._walker.known.primaries.get(cut.apex)
