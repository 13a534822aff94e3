"""Looks for CAA from a domain name up to its top-level domain, at the authoritative servers.

Decides whom to ask and follows aliases as a resolver would (RFC 8659 section 3: the climb goes on
from the name itself, not from its alias's target). It asks for CAA and SOA only, never for the
challenge's TXT. What the records mean is decided in `caa` and `diagnosis.caa`.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

from certbot_dns_preflight.dnssec.messages import is_final
from certbot_dns_preflight.facts.answers import NoResponse, NoResponseReason, Response, Transport
from certbot_dns_preflight.facts.caa import (
    AliasTo,
    CaaAnswer,
    Climb,
    Failed,
    Look,
    NoProperties,
    NotAskable,
    Properties,
)
from certbot_dns_preflight.facts.dnssec import ServerAddress, ServerReply
from certbot_dns_preflight.facts.survey import NoSuchDomain
from certbot_dns_preflight.resolve.caa_wire import properties
from certbot_dns_preflight.resolve.cache import ZoneCut
from certbot_dns_preflight.resolve.exchange import DEFAULT, SINGLE_TRY, QueryOptions
from certbot_dns_preflight.resolve.fanout import ask_any
from certbot_dns_preflight.resolve.reading import alias_at, rrset_at

if TYPE_CHECKING:
    from collections.abc import Collection

    from certbot_dns_preflight.facts.answers import Endpoint, Reply
    from certbot_dns_preflight.facts.caa import Content
    from certbot_dns_preflight.resolve.exchange import Exchange
    from certbot_dns_preflight.resolve.walker import Walker

_MOST_HOPS = 16
_LONGEST_NAME = 255  # bytes on the wire
_TOP_LEVEL = 2  # labels of a top-level domain's name, the root's empty one included
_RECURSIVE = QueryOptions(recursion=True)
# As a validating resolver asks. Where that fails, once more without: old servers are no news.
_SIGNED_ONCE, _SIGNED = QueryOptions(tries=1, dnssec=True), QueryOptions(dnssec=True)
# Not the domain itself: through a resolver the walk looks only at what is above the name given.
_BELOW = b"_dns-preflight-caa"


@dataclass(slots=True)
class _Looking:
    """A look that is going on: the owners it came to, and what was answered so far."""

    owners: list[dns.name.Name] = field(default_factory=list)
    answers: list[CaaAnswer] = field(default_factory=list)

    def so_far(self, name: dns.name.Name, content: Content) -> Look:
        """Give what is known; names that nobody answered for have `content`."""
        heard = {answer.owner for answer in self.answers}
        targets = [a.content.target for a in self.answers if isinstance(a.content, AliasTo)]
        missing = [o for o in dict.fromkeys((*self.owners, *targets)) if o not in heard]
        return Look(
            name,
            (*self.answers, *(CaaAnswer(owner, owner, None, None, content) for owner in missing)),
        )


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
        self._looking: dict[dns.name.Name, _Looking] = {}
        # By zone and owner name, what each address said to a question with DO: `dnssec` reads it.
        self.signed: dict[tuple[dns.name.Name, dns.name.Name], tuple[ServerReply, ...]] = {}

    async def climb(self, domain: dns.name.Name) -> Climb:
        """Look at the domain and each ancestor, the root left out, all at once."""
        names = _upwards(domain)
        for name in names:
            if name not in self._looks:
                self._looks[name] = asyncio.create_task(self._look(name))
        looks = await asyncio.gather(*(asyncio.shield(self._looks[name]) for name in names))
        return Climb(domain, tuple(looks))

    def so_far(self, domain: dns.name.Name, *, seconds: float) -> Climb | None:
        """Give what is known after so many seconds; None if nothing was begun.

        What has not answered counts as failed, unless nothing at all answers this host.
        """
        content: Content = NotAskable("nothing answers from this host")
        if self._exchange.answered:
            content = Failed(f"no answer in {max(1, round(seconds))} s")
        names = [name for name in _upwards(domain) if name in self._looks]
        if not names:
            return None
        looks = []
        for name in names:
            task = self._looks[name]
            if task.done() and not task.cancelled():
                looks.append(task.result())
            else:
                looks.append(self._looking.get(name, _Looking([name])).so_far(name, content))
        done = all(self._looks[name].done() for name in names)
        return Climb(domain, tuple(looks), unfinished=not done)

    async def close(self) -> None:
        """End what a cancelled climb left running."""
        for task in self._looks.values():
            task.cancel()
        await asyncio.gather(*self._looks.values(), return_exceptions=True)

    async def _look(self, name: dns.name.Name) -> Look:
        looking = self._looking[name] = _Looking()
        answers: list[CaaAnswer] = []
        todo = [name]
        while todo:
            owner = todo.pop(0)
            if owner in looking.owners or len(looking.owners) > _MOST_HOPS:
                circle = owner in looking.owners
                why = "the alias leads in a circle" if circle else "too many aliases"
                answers.append(CaaAnswer(owner, owner, None, None, Failed(why)))
                break
            looking.owners.append(owner)
            got = await self._ask(owner, looking)
            answers += got
            targets = (a.content.target for a in got if isinstance(a.content, AliasTo))
            todo += dict.fromkeys(targets)
        return Look(name, tuple(answers))

    async def _ask(self, owner: dns.name.Name, looking: _Looking) -> list[CaaAnswer]:
        if self._resolvers:
            below = dns.name.Name((_BELOW, *owner.labels)) if _has_room(owner) else owner
            found = await self._walker.find(below)
            if not (isinstance(found, ZoneCut) and owner.is_subdomain(found.apex)) or (
                found.apex == dns.name.root
            ):
                return [await self._ask_resolver(owner)]
        else:
            found = await self._walker.find(owner)
        if isinstance(found, NoSuchDomain):
            return [CaaAnswer(owner, found.zone, None, None, NoProperties(nxdomain=True))]
        if not isinstance(found, ZoneCut):
            detail = "nothing answers from this host"
            return [CaaAnswer(owner, owner, None, None, NotAskable(detail))]
        if len(found.apex) <= _TOP_LEVEL:
            return [await self._ask_registry(owner, found)]
        return await self._ask_everyone(owner, found, looking)

    async def _ask_everyone(
        self, owner: dns.name.Name, cut: ZoneCut, looking: _Looking
    ) -> list[CaaAnswer]:
        zone = await self._walker.zone(cut)
        places = [
            ServerAddress(server.name, endpoint)
            for server in zone.nameservers
            for endpoint in server.endpoints
        ]
        if not places:
            failed = Failed("none of the zone's name servers has an address")
            return [CaaAnswer(owner, cut.apex, None, None, failed)]

        async def ask(place: ServerAddress) -> tuple[CaaAnswer, ServerReply | None]:
            content, said = await self._ask_one(owner, cut.apex, place)
            answer = CaaAnswer(owner, cut.apex, place.nameserver, place.endpoint, content)
            looking.answers.append(answer)
            return answer, said

        got = await asyncio.gather(*map(ask, places))
        self.signed[cut.apex, owner] = tuple(said for _, said in got if said is not None)
        return [answer for answer, _ in got]

    async def _ask_registry(self, owner: dns.name.Name, cut: ZoneCut) -> CaaAnswer:
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

        async def ask(how: QueryOptions) -> tuple[Endpoint, dns.message.Message] | None:
            return await ask_any(
                self._exchange,
                names,
                owner,
                dns.rdatatype.CAA,
                usable=lambda response: not isinstance(_read(response, owner), Failed),
                how=how,
            )

        got = await ask(_SIGNED)
        if got is not None:
            place = ServerAddress(names[got[0]], got[0])
            self.signed[cut.apex, owner] = (
                ServerReply(place, Response(got[1], Transport.UDP, 0.0)),
            )
        elif self._exchange.answered:
            got = await ask(DEFAULT)
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
            content = Properties(properties(found[-1]))
        return CaaAnswer(owner, owner, None, endpoint, content)

    async def _ask_one(
        self, owner: dns.name.Name, apex: dns.name.Name, place: ServerAddress
    ) -> tuple[Content, ServerReply | None]:
        endpoint = place.endpoint
        if not self._may_ask(endpoint):
            return NotAskable(f"IPv{6 if endpoint.ipv6 else 4} was left out"), None
        said = ServerReply(
            place, await self._exchange.ask(endpoint, owner, dns.rdatatype.CAA, how=_SIGNED_ONCE)
        )
        content = _read(said.reply, owner)
        if isinstance(content, Failed):
            plain = await self._exchange.ask(endpoint, owner, dns.rdatatype.CAA, how=SINGLE_TRY)
            content = _read(plain, owner)
        if isinstance(content, Failed):
            soa = await self._exchange.ask(endpoint, apex, dns.rdatatype.SOA, how=SINGLE_TRY)
            fine = isinstance(soa, Response) and _is_authoritative(soa.message)
            content = replace(content, otherwise_fine=fine)
        return content, said

    def _may_ask(self, endpoint: Endpoint) -> bool:
        return (6 if endpoint.ipv6 else 4) in self._families


def _upwards(domain: dns.name.Name) -> list[dns.name.Name]:
    """List a domain and its ancestors, up to the top-level domain."""
    names = [domain]
    while len(names[-1]) > _TOP_LEVEL:
        names.append(names[-1].parent())
    return names


def _has_room(name: dns.name.Name) -> bool:
    return sum(len(label) + 1 for label in name.labels) + len(_BELOW) + 1 <= _LONGEST_NAME


def _read(reply: Reply, owner: dns.name.Name) -> Content:
    match reply:
        case NoResponse(reason=NoResponseReason.NO_ROUTE, detail=detail):
            return NotAskable(detail)
        case NoResponse(reason=reason, detail=detail):
            return Failed(detail or reason.value)
        case Response(message=message):
            return _read_message(message, owner)


def _read_message(message: dns.message.Message, owner: dns.name.Name) -> Content:
    rcode = message.rcode()
    if rcode not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        return Failed(dns.rcode.to_text(rcode))
    if not is_final(message):
        return Failed("an answer without authority")
    alias = alias_at(message, owner)
    if alias is not None:
        return AliasTo(alias.target)
    rrset = rrset_at(message.answer, owner, dns.rdatatype.CAA)
    if rrset is not None:
        return Properties(properties(rrset))
    if message.answer:
        return Failed("an answer about something else")
    return NoProperties(nxdomain=rcode == dns.rcode.NXDOMAIN)


def _is_authoritative(message: dns.message.Message) -> bool:
    return bool(message.flags & dns.flags.AA) and message.rcode() == dns.rcode.NOERROR
