"""Looks for CAA from a domain name up to its top-level domain, at the authoritative servers.

Decides whom to ask and follows aliases as a resolver would (RFC 8659 section 3: the climb goes on
from the name itself, not from its alias's target). It asks for CAA and SOA only, never for the
challenge's TXT. What the records mean is decided in `caa` and `diagnosis.caa`.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

from certbot_dns_preflight import caawire
from certbot_dns_preflight.asking import ask_any
from certbot_dns_preflight.caasets import (
    AliasTo,
    CaaAnswer,
    Climb,
    Failed,
    Look,
    NoProperties,
    NotAskable,
    Properties,
)
from certbot_dns_preflight.exchange import ONCE, How
from certbot_dns_preflight.knowledge import Cut
from certbot_dns_preflight.responses import NoResponse, Response, Silence, alias_at, rrset_at
from certbot_dns_preflight.survey import NoSuchDomain

if TYPE_CHECKING:
    from collections.abc import Collection

    from certbot_dns_preflight.caasets import Content
    from certbot_dns_preflight.delegation import Walker
    from certbot_dns_preflight.exchange import Exchange
    from certbot_dns_preflight.responses import Endpoint, Reply

_MOST_HOPS = 16
_LONGEST_NAME = 255  # bytes on the wire
_TOP_LEVEL = 2  # labels of a top-level domain's name, the root's empty one included
_RECURSIVE = How(recursion=True)
# Not the domain itself: through a resolver the walk looks only at what is above the name given.
_BELOW = b"_dns-preflight-caa"


class CaaSearch:
    """Searches for several domains; what they have in common is asked once."""

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
        self._looks: dict[dns.name.Name, asyncio.Task[Look]] = {}

    async def climb(self, domain: dns.name.Name) -> Climb:
        """Look at the domain and each ancestor, the root left out, all at once."""
        names = [domain]
        while len(names[-1]) > _TOP_LEVEL:
            names.append(names[-1].parent())
        for name in names:
            if name not in self._looks:
                self._looks[name] = asyncio.create_task(self._look(name))
        looks = await asyncio.gather(*(asyncio.shield(self._looks[name]) for name in names))
        return Climb(domain, tuple(looks))

    async def close(self) -> None:
        """End what a cancelled climb left running."""
        for task in self._looks.values():
            task.cancel()
        await asyncio.gather(*self._looks.values(), return_exceptions=True)

    async def _look(self, name: dns.name.Name) -> Look:
        answers: list[CaaAnswer] = []
        seen: set[dns.name.Name] = set()
        todo = [name]
        while todo:
            owner = todo.pop(0)
            if owner in seen or len(seen) > _MOST_HOPS:
                why = "the alias leads in a circle" if owner in seen else "too many aliases"
                answers.append(CaaAnswer(owner, owner, None, None, Failed(why)))
                break
            seen.add(owner)
            got = await self._ask(owner)
            answers += got
            targets = (a.content.target for a in got if isinstance(a.content, AliasTo))
            todo += dict.fromkeys(targets)
        return Look(name, tuple(answers))

    async def _ask(self, owner: dns.name.Name) -> list[CaaAnswer]:
        if self._resolvers:
            below = dns.name.Name((_BELOW, *owner.labels)) if _has_room(owner) else owner
            found = await self._walker.find(below)
            if not (isinstance(found, Cut) and owner.is_subdomain(found.apex)) or (
                found.apex == dns.name.root
            ):
                return [await self._ask_resolver(owner)]
        else:
            found = await self._walker.find(owner)
        if isinstance(found, NoSuchDomain):
            return [CaaAnswer(owner, found.zone, None, None, NoProperties(nxdomain=True))]
        if not isinstance(found, Cut):
            detail = "nothing answers from this host"
            return [CaaAnswer(owner, owner, None, None, NotAskable(detail))]
        if len(found.apex) <= _TOP_LEVEL:
            return [await self._ask_registry(owner, found)]
        return await self._ask_everyone(owner, found)

    async def _ask_everyone(self, owner: dns.name.Name, cut: Cut) -> list[CaaAnswer]:
        zone = await self._walker.zone(cut)
        asked = [
            (server.name, endpoint) for server in zone.nameservers for endpoint in server.endpoints
        ]
        if not asked:
            failed = Failed("none of the zone's name servers has an address")
            return [CaaAnswer(owner, cut.apex, None, None, failed)]
        contents = await asyncio.gather(
            *(self._ask_one(owner, cut.apex, endpoint) for _, endpoint in asked)
        )
        return [
            CaaAnswer(owner, cut.apex, nameserver, endpoint, content)
            for (nameserver, endpoint), content in zip(asked, contents, strict=True)
        ]

    async def _ask_registry(self, owner: dns.name.Name, cut: Cut) -> CaaAnswer:
        """Ask a server of a top-level domain: there are many, and they are looked after."""
        glue = [(name, e) for name, found in cut.nameservers.items() for e in found]
        if not glue:
            own = await asyncio.gather(*map(self._walker.addresses, cut.nameservers))
            glue = [
                (name, endpoint)
                for name, addresses in zip(cut.nameservers, own, strict=True)
                for endpoint in addresses.endpoints
            ]
        names = {endpoint: name for name, endpoint in glue if self._may_ask(endpoint)}
        got = await ask_any(
            self._exchange,
            names,
            owner,
            dns.rdatatype.CAA,
            usable=lambda response: not isinstance(_read(response, owner), Failed),
        )
        if got is None:
            failed = Failed("none of the zone's servers gives a usable answer")
            return CaaAnswer(owner, cut.apex, None, None, failed)
        endpoint, message = got
        content = _read_message(message, owner)
        return CaaAnswer(owner, cut.apex, names[endpoint], endpoint, content)

    async def _ask_resolver(self, owner: dns.name.Name) -> CaaAnswer:
        """Ask the given resolver, above the zones that it let the walk discover."""
        got = await ask_any(
            self._exchange,
            self._resolvers,
            owner,
            dns.rdatatype.CAA,
            how=_RECURSIVE,
            usable=lambda response: (
                response.message.rcode() in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN)
            ),
        )
        if got is None:
            failed = Failed("the resolver gives no usable answer")
            return CaaAnswer(owner, owner, None, None, failed)
        endpoint, message = got
        found = [r for r in message.answer if r.rdtype == dns.rdatatype.CAA]
        content: Content = NoProperties(nxdomain=message.rcode() == dns.rcode.NXDOMAIN)
        if found:
            content = Properties(caawire.properties(found[-1]))
        return CaaAnswer(owner, owner, None, endpoint, content)

    async def _ask_one(
        self, owner: dns.name.Name, apex: dns.name.Name, endpoint: Endpoint
    ) -> Content:
        if not self._may_ask(endpoint):
            return NotAskable(f"IPv{6 if endpoint.ipv6 else 4} was left out")
        reply = await self._exchange.ask(endpoint, owner, dns.rdatatype.CAA)
        content = _read(reply, owner)
        if isinstance(content, Failed):
            soa = await self._exchange.ask(endpoint, apex, dns.rdatatype.SOA, how=ONCE)
            fine = isinstance(soa, Response) and _is_authoritative(soa.message)
            return replace(content, otherwise_fine=fine)
        return content

    def _may_ask(self, endpoint: Endpoint) -> bool:
        return (6 if endpoint.ipv6 else 4) in self._families


def _has_room(name: dns.name.Name) -> bool:
    return sum(len(label) + 1 for label in name.labels) + len(_BELOW) + 1 <= _LONGEST_NAME


def _read(reply: Reply, owner: dns.name.Name) -> Content:
    match reply:
        case NoResponse(reason=Silence.NO_ROUTE, detail=detail):
            return NotAskable(detail)
        case NoResponse(reason=reason, detail=detail):
            return Failed(detail or reason.value)
        case Response(message=message):
            return _read_message(message, owner)


def _read_message(message: dns.message.Message, owner: dns.name.Name) -> Content:
    rcode = message.rcode()
    if rcode not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        return Failed(dns.rcode.to_text(rcode))
    if not message.flags & dns.flags.AA:
        return Failed("an answer without authority")
    alias = alias_at(message, owner)
    if alias is not None:
        return AliasTo(alias.target)
    rrset = rrset_at(message.answer, owner, dns.rdatatype.CAA)
    if rrset is not None:
        return Properties(caawire.properties(rrset))
    if message.answer:
        return Failed("an answer about something else")
    return NoProperties(nxdomain=rcode == dns.rcode.NXDOMAIN)


def _is_authoritative(message: dns.message.Message) -> bool:
    return bool(message.flags & dns.flags.AA) and message.rcode() == dns.rcode.NOERROR
