"""Find where a challenge's record belongs before it is made, following aliases.

Decides the owner name to write at and the zone that holds it. Never queries the TXT: a negative
answer must not be cached before the record exists. Only a query for the very name can find an
alias, so its CNAME is queried, at one authoritative server at a time until one answers. No resolver
is asked (it would cache NXDOMAIN for all types), nor are all servers of the zone: PowerDNS caches
the absence of a name, whatever the QTYPE, for up to a minute (negquery-cache-ttl) unless the record
arrives by its API or by zone transfer. Then only that server is late, and the run waits for it.
BIND, NSD and Knot cache nothing. A parent name that the walk needs is queried for SOA, and exists.

If an alias leads into a loop or a nonexistent domain, no record can help. As the name itself
exists, all servers are then asked what they show at it.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import dns.exception
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype

from certbot_dns_preflight.facts.obstacle import NoSuchDomain
from certbot_dns_preflight.resolve.cache import ZoneCut
from certbot_dns_preflight.resolve.fanout import ask_any
from certbot_dns_preflight.resolve.random_names import random_neighbours
from certbot_dns_preflight.resolve.reading import alias_at
from certbot_dns_preflight.resolve.referrals import find_referral, is_usable
from certbot_dns_preflight.resolve.resolver_zones import aliases
from certbot_dns_preflight.resolve.txt import TxtSurvey
from certbot_dns_preflight.run import inputs, session
from certbot_dns_preflight.run.timings import Timings
from certbot_dns_preflight.settings import AliasPolicy

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from certbot_dns_preflight.challenge import Challenge
    from certbot_dns_preflight.facts.answers import Alias
    from certbot_dns_preflight.facts.survey import Survey
    from certbot_dns_preflight.resolve.cache import DelegationCache, Found
    from certbot_dns_preflight.run.inputs import Inputs
    from certbot_dns_preflight.run.session import Session
    from certbot_dns_preflight.settings import Settings

_MOST_HOPS = 16
_BESIDE = b"_dns-preflight"  # the label of a sibling of the name in question


@dataclass(frozen=True, slots=True)
class RecordLocation:
    """Where one challenge's record goes. `record` is `owner` itself if that is no alias.

    `zone` is the apex of the zone that holds `record`, or None if unknown. Then no alias is
    followed, as nothing could be written at its target. `survey` is what all servers show if one of
    them has an alias that leads nowhere: the others may already have a new one.
    """

    owner: dns.name.Name
    record: dns.name.Name
    zone: dns.name.Name | None
    survey: Survey | None = None

    @property
    def is_alias(self) -> bool:
        """Whether the record goes to an alias target."""
        return bool(self.record != self.owner)

    @property
    def relative(self) -> str | None:
        """The record's name relative to its zone, as in a zone file or form; ``@`` at the apex."""
        if self.zone is None:
            return None
        return self.record.relativize(self.zone).to_text()


async def find(
    challenges: Iterable[Challenge],
    settings: Settings,
    *,
    cache: DelegationCache | None = None,
    read: Inputs | None = None,
    timings: Timings | None = None,
) -> dict[dns.name.Name, RecordLocation]:
    """Find where each challenge's record goes, by owner name, in ten seconds at most.

    `cache` is what earlier walks learned, and grows; `read` holds the files that the settings name.
    """
    patience = (timings or Timings()).record_location
    owners = {challenge.owner: challenge for challenge in challenges}
    if settings.asks_resolvers:
        return await _by_resolvers(owners, settings, read or inputs.load(settings), patience)
    places: dict[dns.name.Name, RecordLocation] = {}
    async with session.opened(settings, read or inputs.load(settings), cache=cache) as opened:
        search = _Search(opened)

        async def one(challenge: Challenge) -> None:
            place = places[challenge.owner] = await search.follow(challenge.owner)
            if place.zone is None and search.leads_nowhere(challenge.owner):
                survey = await search.survey(challenge)
                places[challenge.owner] = replace(place, survey=survey)

        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience), asyncio.TaskGroup() as group:
                for challenge in owners.values():
                    group.create_task(one(challenge))
    return {owner: places.get(owner, RecordLocation(owner, owner, None)) for owner in owners}


async def _by_resolvers(
    owners: Collection[dns.name.Name], settings: Settings, read: Inputs, patience: float
) -> dict[dns.name.Name, RecordLocation]:
    """Find the places through resolvers alone.

    If there is no alias, looking for one leaves a miss in their caches, so do that only where
    aliases are expected, that is, where the user explicitly asked for it.
    """
    follows = settings.alias is AliasPolicy.FOLLOW
    places: dict[dns.name.Name, RecordLocation] = {}
    async with session.opened(settings, read) as opened:
        zones = opened.zones
        assert zones is not None  # the settings guarantee it

        async def one(owner: dns.name.Name) -> None:
            chain = await aliases(opened.exchange, zones.resolvers, owner) if follows else ()
            record = chain[-1] if chain else owner
            apex = None if record == dns.name.root else await zones.find(record.parent())
            known = apex if isinstance(apex, dns.name.Name) else None
            places[owner] = RecordLocation(owner, record if known else owner, known)

        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience), asyncio.TaskGroup() as group:
                for owner in owners:
                    group.create_task(one(owner))
    return {owner: places.get(owner, RecordLocation(owner, owner, None)) for owner in owners}


class _Search:
    """The walk from alias to alias."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._lost: set[dns.name.Name] = set()

    async def follow(self, owner: dns.name.Name) -> RecordLocation:
        passed = [owner]
        zones: list[dns.name.Name] = []
        while len(passed) <= _MOST_HOPS:
            zone, message = await self._ask(passed[-1])
            if zone is None and len(passed) == 1:
                return RecordLocation(owner, owner, None)
            if zone is None or (zones and await self._is_denied(passed[-1], message, but=zones)):
                break
            zones.append(zone)
            alias = None if message is None else alias_at(message, passed[-1])
            if alias is None or await self._is_wildcards(passed[-1], alias):
                return RecordLocation(owner, passed[-1], zone)
            if alias.others or alias.target in passed:
                break
            passed.append(alias.target)
        self._lost.add(owner)
        return RecordLocation(owner, owner, None)

    def leads_nowhere(self, owner: dns.name.Name) -> bool:
        """Return whether the aliases from a name were seen to lead nowhere."""
        return owner in self._lost

    async def survey(self, challenge: Challenge) -> Survey:
        """Survey what all servers show of the aliases from a name."""
        survey = TxtSurvey(
            challenge,
            self._session.exchange,
            self._session.walker,
            families=self._session.families,
        )
        try:
            return await survey.round(complete=True)
        finally:
            await survey.close()

    async def _is_denied(
        self,
        name: dns.name.Name,
        message: dns.message.Message | None,
        *,
        but: Collection[dns.name.Name],
    ) -> bool:
        """Return whether a registry denies a name, which then is in no zone that one can write to.

        A zone that names on the way lie in is no registry's, whatever it looks like.
        """
        if message is None or message.rcode() != dns.rcode.NXDOMAIN:
            return False
        found = await self._session.walker.find(name)
        return isinstance(found, NoSuchDomain) and found.zone not in but

    async def _is_wildcards(self, name: dns.name.Name, alias: Alias) -> bool:
        """Return whether a wildcard provides the alias, which a record at the name would override.

        Then the name itself is the place, as it is for everybody who does not look for aliases.
        """
        if alias.dname is not None:
            return False
        neighbours = random_neighbours(name)
        for neighbour in neighbours:
            _, message = await self._ask(neighbour)
            beside = None if message is None else alias_at(message, neighbour)
            if beside is None or beside.target != alias.target:
                return False
        return bool(neighbours)

    async def _ask(
        self, name: dns.name.Name
    ) -> tuple[dns.name.Name | None, dns.message.Message | None]:
        """Query the alias at a name; return the apex of the name's zone, and the answer."""
        if name == dns.name.root:
            return None, None
        cut = await self._above(name)
        while isinstance(cut, ZoneCut):
            apex = cut.apex
            zone = await self._session.walker.zone(cut)
            got = await ask_any(
                self._session.exchange,
                [
                    endpoint
                    for nameserver in zone.nameservers
                    for endpoint in nameserver.endpoints
                    if (6 if endpoint.ipv6 else 4) in self._session.families
                ],
                name,
                dns.rdatatype.CNAME,
                usable=lambda response, apex=apex: is_usable(response.message, apex, name),  # type: ignore[misc] # mypy takes no default here
            )
            if got is None:
                return apex, None
            message = got[1].message
            if find_referral(message, apex, name) is None:
                return _deepest(apex, name, message), message
            # The name is an apex of its own, as with acme-dns, and so it exists.
            deeper = await self._session.walker.find(name)
            if isinstance(deeper, ZoneCut) and deeper.apex == apex:
                return apex, None
            cut = deeper
        return None, None

    async def _above(self, name: dns.name.Name) -> Found:
        """Find the zone above a name without a query for the name itself."""
        above = name.parent()
        if self._session.resolvers:
            # A walk through a resolver only looks above the name that it is given.
            with contextlib.suppress(dns.exception.DNSException):
                above = dns.name.Name((_BESIDE, *above.labels))
        return await self._session.walker.find(above)


def _deepest(
    apex: dns.name.Name, name: dns.name.Name, message: dns.message.Message
) -> dns.name.Name:
    """Return the apex that a negative answer shows: a server may also hold the zone above."""
    if message.answer:
        return apex
    for rrset in message.authority:
        if rrset.rdtype == dns.rdatatype.SOA and name.is_subdomain(rrset.name):
            return rrset.name if rrset.name.is_subdomain(apex) else apex
    return apex
