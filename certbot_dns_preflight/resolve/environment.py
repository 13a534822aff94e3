"""Looks at what a CA meets besides the record: CAA, the zone's health, the domain's addresses.

Never asks for the challenge's name, so that it may run before the record is made without
seeding a negative cache. Collects facts; what they mean is `diagnosis`'s to say.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import dns.exception
import dns.flags
import dns.name
import dns.rcode
import dns.rdatatype

from certbot_dns_preflight.facts import survey
from certbot_dns_preflight.facts.answers import (
    Absent,
    Alias,
    Endpoint,
    NoResponseReason,
    NotAsked,
    Response,
    Unreachable,
    Values,
)
from certbot_dns_preflight.facts.environment import DomainEnvironment, ViewOf
from certbot_dns_preflight.resolve.caa import CaaSearch
from certbot_dns_preflight.resolve.cache import ZoneCut
from certbot_dns_preflight.resolve.dnssec import Collector
from certbot_dns_preflight.resolve.exchange import SINGLE_TRY
from certbot_dns_preflight.resolve.fanout import ask_any
from certbot_dns_preflight.resolve.reading import read_txt, rrset_at
from certbot_dns_preflight.resolve.referrals import ADDRESS_TYPES, is_authoritative
from certbot_dns_preflight.resolve.split_horizon import HostView, Local, compare

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from certbot_dns_preflight.challenge import Challenge
    from certbot_dns_preflight.facts.answers import Reading, Reply
    from certbot_dns_preflight.facts.dnssec import Facts
    from certbot_dns_preflight.facts.environment import ResolverView
    from certbot_dns_preflight.resolve.exchange import Exchange
    from certbot_dns_preflight.resolve.walker import Walker

_MOST_HOPS = 8
_MOMENT = 2.0  # seconds for what is worth a remark, once what decides is known
# Below the domain: through a resolver a walk looks only at what is above the name given.
_BELOW = b"_dns-preflight"


@dataclass(slots=True)
class _Found:
    """What is found beside CAA; None as long as it is not."""

    addressless: bool | None = None
    resolver_view: ResolverView | None = None


class EnvironmentCollector:
    """Looks around for several domains; what they have in common is asked once."""

    def __init__(
        self,
        exchange: Exchange,
        walker: Walker,
        *,
        resolvers: tuple[Endpoint, ...] = (),
        families: Collection[int] = (4, 6),
    ) -> None:
        """Share the run's walker; `resolvers` and `families` as it has them."""
        self._exchange = exchange
        self._walker = walker
        self._resolvers = resolvers
        self._families = families
        self._caa = CaaSearch(exchange, walker, resolvers=resolvers, families=families)
        self._chains = Collector(exchange, walker, resolvers=resolvers, families=families)
        self._host = HostView(exchange, families=families)
        self._found: dict[str, _Found] = {}
        self._forgotten = False
        self._views: dict[dns.name.Name, asyncio.Task[ResolverView | None]] = {}
        self._health: dict[dns.name.Name, asyncio.Task[survey.Hop]] = {}

    async def close(self) -> None:
        """Stop whatever is still being asked."""
        await self._caa.close()
        await self._chains.close()
        tasks = [*self._views.values(), *self._health.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def collect(self, challenge: Challenge) -> None:
        """Collect the facts about one domain; `so_far` gives them, at any time.

        CAA decides and is waited for. The rest is worth a remark, and gets a moment more.
        """
        domain = dns.name.from_text(challenge.domain)
        found = self._found[challenge.domain] = _Found()
        beside = asyncio.ensure_future(self._beside(domain, found))
        try:
            await self._caa.climb(domain)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_MOMENT):
                    await beside
        finally:
            beside.cancel()
            await asyncio.gather(beside, return_exceptions=True)

    def so_far(self, challenge: Challenge, *, seconds: float) -> DomainEnvironment:
        """Give what is known of a domain's surroundings after so many seconds."""
        found = self._found.get(challenge.domain, _Found())
        climb = self._caa.so_far(dns.name.from_text(challenge.domain), seconds=seconds)
        return DomainEnvironment(
            climb=climb, addressless=found.addressless, resolver_view=found.resolver_view
        )

    async def chains(
        self, challenges: Collection[Challenge], owners: Iterable[dns.name.Name] = ()
    ) -> Facts:
        """Collect what DNSSEC says from the root down to the zones of all these domains.

        And of the CAA, or the lack of it, at `owners`: those that the look for it went through.
        """
        names = {dns.name.from_text(challenge.domain) for challenge in challenges}
        return await self._chains.data(
            [*((name, dns.rdatatype.SOA) for name in sorted(names)), *self._caa_at(owners)]
        )

    async def signed_records(
        self, owners: Collection[dns.name.Name], caa: Iterable[dns.name.Name] = ()
    ) -> Facts:
        """Collect the TXT or alias at these owner names, with its signatures, at every address.

        And the CAA at `caa`, or the proof that there is none.
        """
        return await self._chains.data(
            [*((owner, dns.rdatatype.TXT) for owner in sorted(owners)), *self._caa_at(caa)]
        )

    def _caa_at(
        self, owners: Iterable[dns.name.Name]
    ) -> list[tuple[dns.name.Name, dns.rdatatype.RdataType]]:
        """List the questions; what the look for CAA was answered need not be asked again."""
        if not self._forgotten:
            for (apex, owner), said in self._caa.signed.items():
                self._chains.take(apex, owner, dns.rdatatype.CAA, said)
        return [(owner, dns.rdatatype.CAA) for owner in sorted(set(owners))]

    def forget(self) -> None:
        """Ask for signatures anew from now on: the wait may have changed them."""
        self._forgotten = True
        self._chains.forget()

    async def survey_zone(self, challenge: Challenge) -> survey.Survey:
        """See how the domain's zone is served, by asking every address for the apex alone."""
        found = await self._zone_of(dns.name.from_text(challenge.domain))
        bare = replace(challenge, expected=())
        if not isinstance(found, ZoneCut):
            return survey.Survey(bare, obstacle=found, rounds=1)
        if found.apex not in self._health:
            self._health[found.apex] = asyncio.create_task(self._ask_apex(found))
        hop = await asyncio.shield(self._health[found.apex])
        return survey.Survey(bare, hops=(hop,), rounds=1)

    # -- the zone --------------------------------------------------------------------------------

    async def _zone_of(
        self, domain: dns.name.Name
    ) -> ZoneCut | survey.NoSuchDomain | survey.NoEgress:
        name = domain
        if self._resolvers:
            try:
                name = dns.name.Name((_BELOW, *domain.labels))
            except dns.exception.DNSException:  # too long: the domain must do
                name = domain
        return await self._walker.find(name)

    async def _ask_apex(self, cut: ZoneCut) -> survey.Hop:
        zone = await self._walker.zone(cut)
        endpoints = {
            endpoint for nameserver in zone.nameservers for endpoint in nameserver.endpoints
        }
        asked = [e for e in endpoints if (6 if e.ipv6 else 4) in self._families]
        replies = dict(
            zip(
                asked,
                await asyncio.gather(
                    *(self._exchange.ask(e, zone.apex, dns.rdatatype.TXT) for e in asked)
                ),
                strict=True,
            )
        )
        return survey.Hop(
            zone.apex,
            zone,
            tuple(
                self._observation(zone, nameserver, endpoint, replies.get(endpoint))
                for nameserver in zone.nameservers
                for endpoint in nameserver.endpoints
            ),
        )

    def _observation(
        self,
        zone: survey.Zone,
        nameserver: survey.NameServer,
        endpoint: Endpoint,
        reply: Reply | None,
    ) -> survey.Observation:
        response = reply if isinstance(reply, Response) else None
        flags = response.message.flags if response else None
        reading = self._reading(zone, endpoint, reply)
        return survey.Observation(
            zone=zone.apex,
            nameserver=nameserver.name,
            endpoint=endpoint,
            listed_by=nameserver.listed_by,
            reading=reading,
            status=survey.measure(reading, ()),
            rcode=dns.rcode.to_text(response.message.rcode()) if response else None,
            authoritative=None if flags is None else bool(flags & dns.flags.AA),
            transport=response.transport if response else None,
            rtt=response.rtt if response else None,
        )

    def _reading(self, zone: survey.Zone, endpoint: Endpoint, reply: Reply | None) -> Reading:
        family = 6 if endpoint.ipv6 else 4
        if reply is None:
            return NotAsked(f"IPv{family} was left out")
        match read_txt(reply, zone.apex, zone.apex):
            case Values() | Alias():
                # What the apex holds is not the question; that it is answered for is.
                return Absent(nxdomain=False, soa=zone.apex)
            case Unreachable(reason=NoResponseReason.NO_ROUTE) if (
                family in self._exchange.unroutable_families
            ):
                return NotAsked(f"this host has no IPv{family} route")
            case reading:
                return reading

    # -- beside the zone ---------------------------------------------------------------------------

    async def _beside(self, domain: dns.name.Name, found: _Found) -> None:
        """Find out what is worth a remark at most."""
        addresses, view, local = await asyncio.gather(
            self._addresses(domain), self._zone_view(domain), self._local_addresses(domain)
        )
        if addresses is not None:
            found.addressless = not addresses
        cut = await self._zone_of(domain)
        if view is None and isinstance(cut, ZoneCut):
            view = compare(local, addresses or (), cut.apex, domain, ViewOf.ADDRESSES)
        found.resolver_view = view

    async def _addresses(self, domain: dns.name.Name) -> frozenset[str] | None:
        """Find the domain's A and AAAA, aliases followed; None if unknown."""
        answers = await asyncio.gather(*(self._resolve(domain, t) for t in ADDRESS_TYPES))
        known = frozenset(address for answer in answers for address in answer or ())
        return None if not known and None in answers else known

    async def _resolve(
        self, domain: dns.name.Name, rdtype: dns.rdatatype.RdataType
    ) -> tuple[str, ...] | None:
        name = domain
        for _ in range(_MOST_HOPS):
            found = await self._zone_of(name)
            if not isinstance(found, ZoneCut):
                return () if isinstance(found, survey.NoSuchDomain) else None
            zone = await self._walker.zone(found)
            got = await ask_any(
                self._exchange,
                [
                    e
                    for nameserver in zone.nameservers
                    for e in nameserver.endpoints
                    if (6 if e.ipv6 else 4) in self._families
                ],
                name,
                rdtype,
                usable=lambda response: is_authoritative(response.message),
                how=SINGLE_TRY,
            )
            if got is None:
                return None
            rrset = rrset_at(got[1].answer, name, rdtype)
            if rrset is not None:
                return tuple(rdata.address for rdata in rrset)
            alias = rrset_at(got[1].answer, name, dns.rdatatype.CNAME)
            if alias is None:
                return ()
            name = alias[0].target
        return None

    async def _local_addresses(self, domain: dns.name.Name) -> Local | None:
        # Not before anything public has answered: by this resolver alone nothing can be seen.
        if self._resolvers or not isinstance(await self._zone_of(domain), ZoneCut):
            return None
        return await self._host.addresses(domain)

    async def _zone_view(self, domain: dns.name.Name) -> ResolverView | None:
        """Compare with this host's resolver, where discovery did not go through one anyway."""
        if self._resolvers:
            return None
        found = await self._zone_of(domain)
        if not isinstance(found, ZoneCut):
            return None
        if found.apex not in self._views:
            zone = await self._walker.zone(found)
            self._views.setdefault(found.apex, asyncio.create_task(self._host.of_zone(zone)))
        return await asyncio.shield(self._views[found.apex])
