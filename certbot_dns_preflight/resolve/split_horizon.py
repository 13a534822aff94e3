"""Compares this host's own resolver with the public DNS: an internal view would mislead.

Reports a different view only where caches, round robin or answers by region cannot explain it:
other name servers, another primary, or internal addresses where the public ones are not (or the
other way round). Collects facts; `checks` decides what they mean.
"""

from __future__ import annotations

import asyncio
import ipaddress
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.resolver

from certbot_dns_preflight.escaping import show_name
from certbot_dns_preflight.facts.answers import Absent, Endpoint, NotAsked, Response, Values
from certbot_dns_preflight.facts.environment import ResolverView, ViewOf
from certbot_dns_preflight.facts.obstacle import NoSuchDomain
from certbot_dns_preflight.facts.probes import SeenHere
from certbot_dns_preflight.resolve.fanout import ask_everyone
from certbot_dns_preflight.resolve.queries import RECURSIVE
from certbot_dns_preflight.resolve.reading import joined_texts, rrset_at
from certbot_dns_preflight.resolve.referrals import ADDRESS_TYPES
from certbot_dns_preflight.resolve.single_flight import SingleFlight
from certbot_dns_preflight.resolve.tasks import together
from certbot_dns_preflight.resolve.unneeded import drop

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Iterable

    from certbot_dns_preflight.facts.survey import Survey
    from certbot_dns_preflight.facts.zone import Zone
    from certbot_dns_preflight.resolve.exchange import Exchange
    from certbot_dns_preflight.resolve.unneeded import Unneeded

Local: TypeAlias = "tuple[Endpoint, frozenset[str]]"

_MOST_RESOLVERS = 2
_MOST_NAMESERVERS = 4
_INTERNAL = tuple(
    map(
        ipaddress.ip_network,
        ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"),
    )
)


class HostView:
    """Queries the resolvers configured on this host.

    Never about the challenge's name, except in `of_record`.
    """

    def __init__(self, exchange: Exchange, *, families: Collection[int] = (4, 6)) -> None:
        """Set the address families (4, 6) that may be used to query the public side."""
        self._exchange = exchange
        self._families = families
        self._resolvers: list[Endpoint] | None = None
        self._known: SingleFlight[dns.name.Name, Local | None] = SingleFlight()
        self._how = replace(RECURSIVE, tries=1, timeout=exchange.timings.own_resolver)

    def drop(self, unneeded: Unneeded) -> None:
        """Drop the addresses of names that no challenge needs any more."""
        drop(self._known.results, unneeded)

    async def of_zone(
        self, zone: Zone, primary: Callable[[], Awaitable[dns.name.Name | None]]
    ) -> ResolverView | None:
        """Compare who serves a zone; `primary` finds the primary in a public server's SOA."""
        known = [server for server in zone.nameservers if server.endpoints][:_MOST_NAMESERVERS]
        async with asyncio.TaskGroup() as group:
            servers = group.create_task(self._servers(zone))
            other_primary = group.create_task(self._primary(zone, primary))
            local = [group.create_task(self.addresses(server.name)) for server in known]
        views = [servers.result(), other_primary.result()]
        for server, found in zip(known, local, strict=True):
            public = {endpoint.address for endpoint in server.endpoints}
            views.append(
                compare(found.result(), public, zone.apex, server.name, ViewOf.SERVER_ADDRESSES)
            )
        return next((view for view in views if view is not None), None)

    async def addresses(self, name: dns.name.Name) -> Local | None:
        """Return this host's resolver and the addresses it has for a name, if any."""
        return await self._known.get(name, lambda: self._ask_addresses(name))

    async def _ask_addresses(self, name: dns.name.Name) -> Local | None:
        answers = await together(self._ask(name, rdtype) for rdtype in ADDRESS_TYPES)
        heard = [got for got in answers if got is not None]
        found = frozenset(address for _, message in heard for address in _all_addresses(message))
        return (heard[0][0], found) if found else None

    async def of_record(self, survey: Survey) -> SeenHere | None:
        """Check whether a resolver has expected values that no public server shows.

        The resolver is queried as a CA's resolver is, for the owner name, and follows aliases as it
        knows them. Only after a failure: a negative answer stays in the resolver's cache.
        """
        if not _is_known(survey):
            return None
        public = {
            text
            for observation in survey.observations
            if isinstance(observation.reading, Values)
            for text in observation.reading.texts
        }
        got = await self._ask(survey.challenge.owner, dns.rdatatype.TXT)
        if got is None or got[1].rcode() != dns.rcode.NOERROR:
            return None  # nobody accepts records that come with another rcode
        endpoint, message = got
        for rrset in message.answer:
            if rrset.rdtype == dns.rdatatype.TXT:
                texts = set(joined_texts(rrset)) - public
                values = tuple(value for value in survey.challenge.expected if value in texts)
                if values:
                    return SeenHere(endpoint, rrset.name, values)
        return None

    async def _servers(self, zone: Zone) -> ResolverView | None:
        got = await self._ask(zone.apex, dns.rdatatype.NS)
        ns = got and rrset_at(got[1].answer, zone.apex, dns.rdatatype.NS)
        if got is None or not ns:
            return None  # a resolver that does not know the zone cannot mislead
        local = {rdata.target for rdata in ns}
        public = {server.name for server in zone.nameservers}
        if local <= public:
            return None
        return ResolverView(
            got[0], zone.apex, _shown(local), _shown(public), ViewOf.NAME_SERVERS, zone.apex
        )

    async def _primary(
        self, zone: Zone, primary: Callable[[], Awaitable[dns.name.Name | None]]
    ) -> ResolverView | None:
        """Compare the primary named in the SOA; public servers need not agree on it."""
        got = await self._ask(zone.apex, dns.rdatatype.SOA)
        local = _primaries(zone.apex, [got[1]]) if got else frozenset()
        if got is None or not local or await primary() in local:
            return None
        endpoints = {e for server in zone.nameservers for e in server.endpoints}
        asked = [e for e in endpoints if e.family in self._families]
        heard = await ask_everyone(self._exchange, asked, zone.apex, dns.rdatatype.SOA)
        public = _primaries(zone.apex, (response.message for _, response in heard))
        if not public or local & public:
            return None
        return ResolverView(
            got[0], zone.apex, _shown(local), _shown(public), ViewOf.PRIMARY, zone.apex
        )

    async def _ask(
        self, name: dns.name.Name, rdtype: dns.rdatatype.RdataType
    ) -> tuple[Endpoint, dns.message.Message] | None:
        if self._resolvers is None:
            self._resolvers = own_resolvers()[:_MOST_RESOLVERS]
        for endpoint in self._resolvers:
            reply = await self._exchange.ask(endpoint, name, rdtype, how=self._how)
            if isinstance(reply, Response) and reply.message.flags & dns.flags.RA:
                return endpoint, reply.message
        return None


def compare(
    local: Local | None,
    public: Collection[str],
    apex: dns.name.Name,
    name: dns.name.Name,
    what: ViewOf,
) -> ResolverView | None:
    """Tell internal addresses from public ones; other differences can have many good reasons."""
    if local is None or not public:
        return None
    resolver, addresses = local
    inside, outside = set(map(_is_internal, addresses)), set(map(_is_internal, public))
    if len(inside) > 1 or len(outside) > 1 or inside == outside:
        return None
    return ResolverView(resolver, apex, tuple(sorted(addresses)), tuple(sorted(public)), what, name)


def _is_known(survey: Survey) -> bool:
    """Return whether the public view is known: plain answers, or that no such domain exists."""
    if isinstance(survey.obstacle, NoSuchDomain):
        return True
    return (
        survey.obstacle is None
        and bool(survey.hops)
        and all(
            isinstance(observation.reading, Values | Absent | NotAsked)
            for observation in survey.hops[-1].observations
        )
    )


def own_resolvers() -> list[Endpoint]:
    """Return the resolvers configured on this host; none if that cannot be read."""
    try:
        configured = dns.resolver.Resolver(configure=True)
    except (dns.exception.DNSException, OSError, ValueError):
        return []
    return [
        Endpoint(server, configured.port)
        for server in configured.nameservers
        if isinstance(server, str) and "//" not in server
    ]


def _primaries(
    apex: dns.name.Name, messages: Iterable[dns.message.Message]
) -> frozenset[dns.name.Name]:
    found = (rrset_at(message.answer, apex, dns.rdatatype.SOA) for message in messages)
    return frozenset(soa[0].mname for soa in found if soa)


def _all_addresses(message: dns.message.Message) -> list[str]:
    return [
        rdata.address
        for rrset in message.answer
        if rrset.rdtype in ADDRESS_TYPES
        for rdata in rrset
    ]


def _is_internal(address: str) -> bool:
    """Return whether an address is private: RFC 1918, RFC 6598 or RFC 4193."""
    read = ipaddress.ip_address(address)
    return any(read in network for network in _INTERNAL if network.version == read.version)


def _shown(names: Iterable[dns.name.Name]) -> tuple[str, ...]:
    return tuple(sorted(map(show_name, names)))
