"""Where a challenge's record belongs, found out before it is made: aliases are followed.

Decides the owner name to write at and the zone that holds it. Nobody is asked for the TXT: a
negative answer must not get into a cache before the record is there. The alias itself can only be
found by asking at the very name, and is asked for as CNAME, of one authoritative server at a time
until one has answered. No resolver hears of it (it would keep NXDOMAIN for all types), nor do all
servers of the zone: PowerDNS keeps the absence of a name, whatever type was asked for, for up to a
minute (negquery-cache-ttl) unless the record comes by its API or by transfer, and then that one
server alone is late, and is waited for. BIND, NSD and Knot keep nothing. A parent name that the
walk needs is asked for as SOA, and exists.

Where an alias leads into a loop or into a domain that does not exist, no record can help: then, as
the name is there, all servers are asked what they show at it.
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
_BESIDE = b"_dns-preflight"  # a label for a name next to the one in question


@dataclass(frozen=True, slots=True)
class RecordLocation:
    """Where one challenge's record goes. `record` is `owner` itself where that is no alias.

    `zone` is the apex of the zone that holds `record`; None where it is not known. Then no alias
    is followed, for nothing could be written at its end. `survey` is what all servers show where
    one of them has an alias that leads nowhere: it may have been changed at the others.
    """

    owner: dns.name.Name
    record: dns.name.Name
    zone: dns.name.Name | None
    survey: Survey | None = None

    @property
    def is_alias(self) -> bool:
        """Whether the record goes to an alias's target."""
        return bool(self.record != self.owner)

    @property
    def relative(self) -> str | None:
        """The record's name as its zone's file or form has it: ``@`` for the apex."""
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
    """Find out for every challenge where its record goes, by owner name; in ten seconds at most.

    `cache` is what earlier walks learned, and grows; `read` the files that the settings name.
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
    """Find the places by resolvers alone.

    Where there is no alias, to look for one leaves a miss in their caches; so that is done only
    where aliases are expected: where it was asked for in so many words.
    """
    follows = settings.alias is AliasPolicy.FOLLOW
    places: dict[dns.name.Name, RecordLocation] = {}
    async with session.opened(settings, read) as opened:
        zones = opened.zones
        assert zones is not None  # the settings say so

        async def one(owner: dns.name.Name) -> None:
            chain = await aliases(opened.exchange, zones.resolvers, owner) if follows else ()
            record = chain[-1] if chain else owner
            apex = await zones.find(record.parent())
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
        """Whether the aliases from a name lead to no place, as far as was seen."""
        return owner in self._lost

    async def survey(self, challenge: Challenge) -> Survey:
        """See what all servers show of the aliases from a name."""
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
        """Whether a registry denies a name: then it is no name of a zone where one could write.

        A zone that names on the way lie in is no registry's, whatever it looks like.
        """
        if message is None or message.rcode() != dns.rcode.NXDOMAIN:
            return False
        found = await self._session.walker.find(name)
        return isinstance(found, NoSuchDomain) and found.zone not in but

    async def _is_wildcards(self, name: dns.name.Name, alias: Alias) -> bool:
        """Whether the alias is a wildcard's: a record at the name takes the name out of it.

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
        """Ask for the alias at a name; give the apex of the zone it lies in, and the answer."""
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
            # The name is a zone of its own, as those of acme-dns are, and so it exists.
            deeper = await self._session.walker.find(name)
            if isinstance(deeper, ZoneCut) and deeper.apex == apex:
                return apex, None
            cut = deeper
        return None, None

    async def _above(self, name: dns.name.Name) -> Found:
        """Find the zone above a name, without a question about the name itself."""
        above = name.parent()
        if self._session.resolvers:
            # A walk through a resolver looks only at what is above the name that it is given.
            with contextlib.suppress(dns.exception.DNSException):
                above = dns.name.Name((_BESIDE, *above.labels))
        return await self._session.walker.find(above)


def _deepest(
    apex: dns.name.Name, name: dns.name.Name, message: dns.message.Message
) -> dns.name.Name:
    """Give the zone's apex by a negative answer: a server may hold a zone and the one above it."""
    if message.answer:
        return apex
    for rrset in message.authority:
        if rrset.rdtype == dns.rdatatype.SOA and name.is_subdomain(rrset.name):
            return rrset.name if rrset.name.is_subdomain(apex) else apex
    return apex
