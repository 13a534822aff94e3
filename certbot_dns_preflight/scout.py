"""Looks at what a CA meets besides the record: CAA, the zone's health, the domain's addresses.

Never asks for the challenge's name, so that it may run before the record is made without
seeding a negative cache. Collects facts; what they mean is `diagnosis`'s to say.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import dns.exception
import dns.flags
import dns.name
import dns.rcode
import dns.rdatatype
import dns.resolver

from certbot_dns_preflight import survey
from certbot_dns_preflight.asking import ask_any
from certbot_dns_preflight.caasearch import CaaSearch
from certbot_dns_preflight.dnssec.collect import Collector
from certbot_dns_preflight.exchange import ONCE, How
from certbot_dns_preflight.knowledge import Cut
from certbot_dns_preflight.referrals import ADDRESS_TYPES, is_authoritative
from certbot_dns_preflight.responses import (
    Absent,
    Alias,
    Endpoint,
    NotAsked,
    Response,
    Silence,
    Unreachable,
    Values,
    read_txt,
    rrset_at,
)
from certbot_dns_preflight.surroundings import OtherView, Surroundings

if TYPE_CHECKING:
    from collections.abc import Collection

    from certbot_dns_preflight.delegation import Walker
    from certbot_dns_preflight.dnssec.facts import Facts
    from certbot_dns_preflight.exchange import Exchange
    from certbot_dns_preflight.records import Challenge
    from certbot_dns_preflight.responses import Reading, Reply

_MOST_HOPS = 8
_RECURSIVE = How(recursion=True, tries=1, timeout=1.0)
# Below the domain: through a resolver a walk looks only at what is above the name given.
_BELOW = b"_dns-preflight"


class Scout:
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
        self._views: dict[dns.name.Name, asyncio.Task[OtherView | None]] = {}
        self._health: dict[dns.name.Name, asyncio.Task[survey.Hop]] = {}

    async def close(self) -> None:
        """Stop whatever is still being asked."""
        await self._caa.close()
        await self._chains.close()
        tasks = [*self._views.values(), *self._health.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def look_around(self, challenge: Challenge) -> Surroundings:
        """Collect the facts about one domain, all at once."""
        domain = dns.name.from_text(challenge.domain)
        climb, addressless, view = await asyncio.gather(
            self._caa.climb(domain), self._is_addressless(domain), self._other_view(domain)
        )
        return Surroundings(climb=climb, addressless=addressless, other_view=view)

    async def chains(self, challenges: Collection[Challenge]) -> Facts:
        """Collect what DNSSEC says from the root down to the zones of all these domains."""
        names = {dns.name.from_text(challenge.domain) for challenge in challenges}
        return await self._chains.data([(name, dns.rdatatype.SOA) for name in sorted(names)])

    async def signed_records(self, owners: Collection[dns.name.Name]) -> Facts:
        """Collect the TXT or alias at these owner names, with its signatures, at every address."""
        return await self._chains.data([(owner, dns.rdatatype.TXT) for owner in sorted(owners)])

    def forget(self) -> None:
        """Ask for signatures anew from now on: the wait may have changed them."""
        self._chains.forget()

    async def survey_zone(self, challenge: Challenge) -> survey.Survey:
        """See how the domain's zone is served, by asking every address for the apex alone."""
        found = await self._zone_of(dns.name.from_text(challenge.domain))
        bare = replace(challenge, expected=())
        if not isinstance(found, Cut):
            return survey.Survey(bare, obstacle=found, rounds=1)
        if found.apex not in self._health:
            self._health[found.apex] = asyncio.create_task(self._ask_apex(found))
        hop = await asyncio.shield(self._health[found.apex])
        return survey.Survey(bare, hops=(hop,), rounds=1)

    # -- the zone --------------------------------------------------------------------------------

    async def _zone_of(self, domain: dns.name.Name) -> Cut | survey.NoSuchDomain | survey.NoEgress:
        name = domain
        if self._resolvers:
            try:
                name = dns.name.Name((_BELOW, *domain.labels))
            except dns.exception.DNSException:  # too long: the domain must do
                name = domain
        return await self._walker.find(name)

    async def _ask_apex(self, cut: Cut) -> survey.Hop:
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
        return survey.Observation(
            zone=zone.apex,
            nameserver=nameserver.name,
            endpoint=endpoint,
            listed_by=nameserver.listed_by,
            reading=self._reading(zone, endpoint, reply),
            rcode=dns.rcode.to_text(response.message.rcode()) if response else None,
            authoritative=None if flags is None else bool(flags & dns.flags.AA),
            recursion_available=None if flags is None else bool(flags & dns.flags.RA),
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
            case Unreachable(reason=Silence.NO_ROUTE) if family in self._exchange.routeless:
                return NotAsked(f"this host has no IPv{family} route")
            case reading:
                return reading

    # -- the domain's own addresses ----------------------------------------------------------------

    async def _is_addressless(self, domain: dns.name.Name) -> bool | None:
        """Whether the domain has neither A nor AAAA, aliases followed; None if unknown."""
        answers = await asyncio.gather(*(self._has(domain, rdtype) for rdtype in ADDRESS_TYPES))
        if any(answers):
            return False
        return None if None in answers else True

    async def _has(self, domain: dns.name.Name, rdtype: dns.rdatatype.RdataType) -> bool | None:
        name = domain
        for _ in range(_MOST_HOPS):
            found = await self._zone_of(name)
            if not isinstance(found, Cut):
                return False if isinstance(found, survey.NoSuchDomain) else None
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
                how=ONCE,
            )
            if got is None:
                return None
            if rrset_at(got[1].answer, name, rdtype) is not None:
                return True
            alias = rrset_at(got[1].answer, name, dns.rdatatype.CNAME)
            if alias is None:
                return False
            name = alias[0].target
        return None

    # -- this host's own resolver ------------------------------------------------------------------

    async def _other_view(self, domain: dns.name.Name) -> OtherView | None:
        """Compare with this host's resolver, where discovery did not go through one anyway."""
        if self._resolvers:
            return None
        found = await self._zone_of(domain)
        if not isinstance(found, Cut):
            return None
        if found.apex not in self._views:
            self._views[found.apex] = asyncio.create_task(self._compare(found))
        return await asyncio.shield(self._views[found.apex])

    async def _compare(self, cut: Cut) -> OtherView | None:
        zone = await self._walker.zone(cut)
        public = frozenset(nameserver.name for nameserver in zone.nameservers)
        for endpoint in _own_resolvers()[:2]:
            reply = await self._exchange.ask(endpoint, zone.apex, dns.rdatatype.NS, how=_RECURSIVE)
            if not isinstance(reply, Response) or not reply.message.flags & dns.flags.RA:
                continue
            ns = rrset_at(reply.message.answer, zone.apex, dns.rdatatype.NS)
            if ns is None:
                return None  # a resolver that does not know the zone misleads nobody
            local = frozenset(rdata.target for rdata in ns)
            if local <= public:
                return None
            return OtherView(endpoint, zone.apex, local, public)
        return None


def _own_resolvers() -> list[Endpoint]:
    """Read the resolvers that this host is set up with; none if that cannot be read."""
    try:
        configured = dns.resolver.Resolver(configure=True)
    except (dns.exception.DNSException, OSError, ValueError):
        return []
    return [
        Endpoint(server, configured.port)
        for server in configured.nameservers
        if isinstance(server, str) and "//" not in server
    ]
