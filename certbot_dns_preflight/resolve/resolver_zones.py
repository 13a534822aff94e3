"""Learns from resolvers where zones are cut, and how long missing names stay cached.

Queries SOA at the domains and their ancestors, and at a made-up name, but never at a challenge's
name or below: a negative answer there would be cached and hide the record to come.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeGuard

import dns.name
import dns.rcode
import dns.rdatatype

from certbot_dns_preflight.facts.answers import NoResponse, Response
from certbot_dns_preflight.facts.obstacle import NoEgress, NoSuchDomain, Tried
from certbot_dns_preflight.facts.registry import is_registry
from certbot_dns_preflight.facts.resolver_sight import ZoneSeen
from certbot_dns_preflight.resolve.queries import DEFAULT
from certbot_dns_preflight.resolve.random_names import random_sibling
from certbot_dns_preflight.resolve.reading import alias_at
from certbot_dns_preflight.resolve.recursive import ANSWERS, negative_ttl
from certbot_dns_preflight.resolve.single_flight import SingleFlight
from certbot_dns_preflight.resolve.tasks import together
from certbot_dns_preflight.resolve.unneeded import drop

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from certbot_dns_preflight.facts.answers import Endpoint, Reply
    from certbot_dns_preflight.resolve.exchange import Exchange
    from certbot_dns_preflight.resolve.unneeded import Unneeded

HOW = replace(DEFAULT, recursion=True, mixed_case=False)
"""DO brings the signatures, and with them the AD bit of a resolver that validates."""
_MOST_ALIASES = 16


class ResolverZones:
    """The zones of a run, as its resolvers see them. One per run."""

    def __init__(self, exchange: Exchange, resolvers: tuple[Endpoint, ...]) -> None:
        """Set the resolvers; all of them are queried."""
        self.resolvers = resolvers
        self._exchange = exchange
        self._replies: SingleFlight[dns.name.Name, dict[Endpoint, Reply]] = SingleFlight()
        self._found: SingleFlight[dns.name.Name, dns.name.Name | NoEgress | NoSuchDomain] = (
            SingleFlight()
        )
        self._negative_ttls: dict[dns.name.Name, int] = {}
        self._seen: dict[dns.name.Name, ZoneSeen] = {}

    def negative_ttl(self, apex: dns.name.Name | None) -> int | None:
        """Return how many seconds a missing name in a zone stays cached, if known."""
        return None if apex is None else self._negative_ttls.get(apex)

    def seen(self, apex: dns.name.Name | None) -> ZoneSeen:
        """Return how the apex of a zone is known."""
        return ZoneSeen.UNKNOWN if apex is None else self._seen.get(apex, ZoneSeen.FOUND)

    def note(self, apex: dns.name.Name, seconds: int) -> None:
        """Record the negative TTL from an answer; the longest counts."""
        self._negative_ttls[apex] = max(seconds, self._negative_ttls.get(apex, 0))

    def drop(self, unneeded: Unneeded) -> None:
        """Drop what was learned of names that no challenge needs any more."""
        drop(self._replies.results, unneeded)
        drop(self._found.results, unneeded)

    async def soa(self, name: dns.name.Name) -> dict[Endpoint, Reply]:
        """Query every resolver for the SOA at a name, once per run."""
        return await self._replies.get(name, lambda: self._ask(name))

    async def find(self, domain: dns.name.Name) -> dns.name.Name | NoEgress | NoSuchDomain:
        """Find the apex of the zone that a domain lies in; the domain itself if no answer tells.

        Where resolvers fail, it is the topmost name that they fail for: the zone above is not the
        domain's own. `seen` tells these cases apart.
        """
        return await self._found.get(domain, lambda: self._find(domain))

    async def _find(self, domain: dns.name.Name) -> dns.name.Name | NoEgress | NoSuchDomain:
        name = domain
        failing: dns.name.Name | None = None
        while name != dns.name.root:
            replies = await self.soa(name)
            apex = _apex(replies.values(), name)
            if apex is not None and failing is not None:
                self._seen[failing] = ZoneSeen.FAILING
                return failing
            if apex is not None:
                await self._learn_negative_ttl(apex)
                return _denied(replies.values(), domain) or apex
            if not any(isinstance(reply, Response) for reply in replies.values()):
                return NoEgress(self.resolvers, reasons=reasons(replies), asked=Tried.RESOLVERS)
            failing = None if any(map(_answers, replies.values())) else name
            name = name.parent()
        self._seen[domain] = ZoneSeen.UNKNOWN
        return domain

    def forget(self, domain: dns.name.Name) -> None:
        """Query again at the next lookup of a domain: silent resolvers may answer soon."""
        self._found.results.pop(domain, None)
        self._replies.results.pop(domain, None)

    async def _ask(self, name: dns.name.Name) -> dict[Endpoint, Reply]:
        replies = await together(
            self._exchange.ask(endpoint, name, dns.rdatatype.SOA, how=HOW)
            for endpoint in self.resolvers
        )
        return dict(zip(self.resolvers, replies, strict=True))

    async def _learn_negative_ttl(self, apex: dns.name.Name) -> None:
        """Query a name that nobody uses: it stays cached as long as any other missing name.

        The SOA itself may come from a cache, and then its TTL says little.
        """
        nobodys = random_sibling(dns.name.Name((b"_", *apex.labels)))
        if nobodys is None or apex in self._negative_ttls:
            return
        for reply in (await self._ask(nobodys)).values():
            told = negative_ttl(reply.message) if isinstance(reply, Response) else None
            if told is not None and told[0] == apex:
                self.note(*told)


def reasons(replies: Mapping[Endpoint, Reply]) -> tuple[tuple[Endpoint, str], ...]:
    """Return why each address gave no response."""
    return tuple(
        (endpoint, reply.detail or reply.reason.value)
        for endpoint, reply in replies.items()
        if isinstance(reply, NoResponse)
    )


async def aliases(
    exchange: Exchange, resolvers: Iterable[Endpoint], owner: dns.name.Name
) -> tuple[dns.name.Name, ...]:
    """Find the aliases that follow a name, by querying CNAME.

    If there is none, the resolver caches the absence of the name for all types.
    """
    chain: list[dns.name.Name] = []
    name = owner
    while len(chain) <= _MOST_ALIASES:
        target = await alias(exchange, resolvers, name)
        if target is None:
            return tuple(chain)
        if target == owner or target in chain:
            break
        chain.append(target)
        name = target
    return ()


async def alias(
    exchange: Exchange, resolvers: Iterable[Endpoint], name: dns.name.Name
) -> dns.name.Name | None:
    """Return the target of the alias at a name, as the first resolver that answers shows it."""
    for endpoint in resolvers:
        reply = await exchange.ask(endpoint, name, dns.rdatatype.CNAME, how=HOW)
        if _answers(reply):
            found = alias_at(reply.message, name)
            return None if found is None else found.target
    return None


def _answers(reply: Reply) -> TypeGuard[Response]:
    return isinstance(reply, Response) and reply.message.rcode() in ANSWERS


def _apex(replies: Iterable[Reply], name: dns.name.Name) -> dns.name.Name | None:
    for reply in replies:
        if _answers(reply):
            told = negative_ttl(reply.message)
            if told is not None and name.is_subdomain(told[0]):
                return told[0]
    return None


def _denied(replies: Iterable[Reply], domain: dns.name.Name) -> NoSuchDomain | None:
    """Return the denial if all resolvers agree that a registry's zone denies the domain."""
    zones = set()
    for reply in replies:
        if not isinstance(reply, Response) or reply.message.rcode() != dns.rcode.NXDOMAIN:
            return None
        told = negative_ttl(reply.message)
        if told is None or not is_registry(told[0]) or not domain.is_subdomain(told[0]):
            return None
        zones.add(told[0])
    if len(zones) != 1:
        return None
    zone = zones.pop()
    return NoSuchDomain(domain.split(len(zone.labels) + 1)[1], zone)
