"""Queries all servers of a zone for the CAA at one owner name; follows no parents or aliases.

One address of each server is enough as long as all agree; where they differ, fail or are slow,
every address is queried.

Keeps the answers with their signatures for `dnssec`. Where CAA fails, sends plainer queries, and
one for the zone's SOA, to find out what fails.
"""

from __future__ import annotations

import asyncio
import functools
from dataclasses import replace
from typing import TYPE_CHECKING, TypeGuard

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype

from certbot_dns_preflight.facts.answers import Response
from certbot_dns_preflight.facts.caa import (
    AliasTo,
    CaaAnswer,
    Failed,
    NoProperties,
    NotAskable,
    Properties,
)
from certbot_dns_preflight.facts.dnssec import ServerAddress, ServerReply
from certbot_dns_preflight.facts.obstacle import NoSuchDomain, RegistryFails
from certbot_dns_preflight.resolve.below_registries import let_caa_pass
from certbot_dns_preflight.resolve.caa_delegated import agree, reachable
from certbot_dns_preflight.resolve.caa_wire import properties
from certbot_dns_preflight.resolve.cache import ZoneCut
from certbot_dns_preflight.resolve.fanout import ask_any
from certbot_dns_preflight.resolve.parent_servers import ParentServers
from certbot_dns_preflight.resolve.queries import RECURSIVE, SINGLE_TRY
from certbot_dns_preflight.resolve.query_faults import FaultFinder, Place, describe
from certbot_dns_preflight.resolve.reading import is_signed, may_be_signed, read_caa
from certbot_dns_preflight.resolve.recursive import ANSWERS
from certbot_dns_preflight.resolve.referrals import is_authoritative
from certbot_dns_preflight.resolve.single_flight import SingleFlight
from certbot_dns_preflight.resolve.tasks import together
from certbot_dns_preflight.resolve.zone_servers import ZoneServers

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from certbot_dns_preflight.facts.answers import Endpoint, Reply
    from certbot_dns_preflight.facts.caa import Content
    from certbot_dns_preflight.resolve.exchange import Exchange
    from certbot_dns_preflight.resolve.walker import Walker

_NONE_ANSWERS = "none of the zone's servers gives a usable answer"


class CaaServers:
    """Queries CAA, one owner name at a time."""

    def __init__(
        self,
        exchange: Exchange,
        walker: Walker,
        *,
        resolvers: tuple[Endpoint, ...],
        families: Collection[int],
    ) -> None:
        """Share the run's walker, with the same `resolvers` and `families`."""
        self._exchange = exchange
        self._walker = walker
        self._resolvers = resolvers
        self._servers = ZoneServers(walker, families)
        self._fault_finder = FaultFinder(exchange)
        self._parents = ParentServers(exchange, walker, families)
        self._registries: SingleFlight[dns.name.Name, CaaAnswer] = SingleFlight()
        self._explained: set[Place] = set()
        self.signed: dict[tuple[dns.name.Name, dns.name.Name], tuple[ServerReply, ...]] = {}

    async def ask(
        self, owner: dns.name.Name, name: dns.name.Name, heard: Callable[[CaaAnswer], None]
    ) -> list[CaaAnswer]:
        """Query the CAA at an owner name that is `name` itself or in its alias chain.

        `heard` is called with each address's answer as it arrives.
        """
        found = await self._walker.find_home(owner)
        if self._resolvers and (
            not (isinstance(found, ZoneCut) and owner.is_subdomain(found.apex))
            or found.apex == dns.name.root
        ):
            return await self._ask_resolvers(owner)
        if isinstance(found, NoSuchDomain):
            return [CaaAnswer(owner, found.zone, None, None, NoProperties(nxdomain=True))]
        if isinstance(found, RegistryFails):
            return [CaaAnswer(owner, found.zone, None, None, Failed(_NONE_ANSWERS))]
        if not isinstance(found, ZoneCut):
            detail = "nothing answers from this host"
            return [CaaAnswer(owner, owner, None, None, NotAskable(detail))]
        if self._servers.is_registry(found):
            return [await self._ask_registry(owner, found)]
        async with asyncio.TaskGroup() as group:
            asking_above = group.create_task(self._stopped_above(owner, found))
            asking = group.create_task(self._ask_everyone(owner, name, found, heard))
        said = reachable(await self._walker.zone(found), asking.result())
        return asking_above.result() or said

    async def _stopped_above(self, owner: dns.name.Name, cut: ZoneCut) -> list[CaaAnswer]:
        """Return the failures of the servers above a zone, if they keep a resolver from it."""
        if let_caa_pass(self._walker.known, cut.apex):
            return []
        above = self._parents.above(cut)
        return [
            CaaAnswer(
                owner,
                above.apex if above is not None else cut.apex,
                said.place.nameserver,
                said.place.endpoint,
                Failed(describe(said.reply), otherwise_fine=True),
            )
            for said in await self._parents.failures(cut, owner, dns.rdatatype.CAA)
        ]

    async def _ask_everyone(
        self,
        owner: dns.name.Name,
        name: dns.name.Name,
        cut: ZoneCut,
        heard: Callable[[CaaAnswer], None],
    ) -> list[CaaAnswer]:
        places = [
            Place(cut.apex, server, owner, dns.rdatatype.CAA, name)
            for server in await self._servers.every_address(cut)
        ]
        if not places:
            failed = Failed("none of the zone's name servers has an address")
            return [CaaAnswer(owner, cut.apex, None, None, failed)]

        async def ask(place: Place) -> tuple[CaaAnswer, ServerReply | None]:
            content, reply = await self._ask_one(place)
            server = place.server
            answer = CaaAnswer(owner, cut.apex, server.nameserver, server.endpoint, content)
            heard(answer)
            return answer, reply

        first = self._one_of_each(places)
        async with asyncio.TaskGroup() as group:
            asking = {place: group.create_task(ask(place)) for place in first}
            patience = self._exchange.unhurried(
                self._exchange.timings.grace, *(place.server.endpoint for place in first)
            )
            await asyncio.wait(asking.values(), timeout=patience)
            contents = [task.result()[0].content for task in asking.values() if task.done()]
            if len(contents) < len(asking) or not agree(contents):
                asking |= {
                    place: group.create_task(ask(place)) for place in places if place not in asking
                }
        answers = [task.result() for task in asking.values()]
        self.signed[cut.apex, owner] = tuple(reply for _, reply in answers if reply is not None)
        signed = any(is_signed(reply.reply) for reply in self.signed[cut.apex, owner])
        await self._compare_denials(
            tuple(asking), [answer.content for answer, _ in answers], all_alike=not signed
        )
        return [answer for answer, _ in answers]

    def _one_of_each(self, places: Iterable[Place]) -> list[Place]:
        """Choose the address of each name server that is likeliest to answer."""
        found: dict[dns.name.Name | None, dict[Endpoint, Place]] = {}
        for place in places:
            found.setdefault(place.server.nameserver, {})[place.server.endpoint] = place
        chosen: dict[Endpoint, Place] = {}
        for some in found.values():
            usable = filter(self._servers.may_ask, some)
            endpoint = next(iter(self._exchange.by_promise(usable)), None) or next(iter(some))
            chosen.setdefault(endpoint, some[endpoint])
        return list(chosen.values())

    async def _ask_one(self, place: Place) -> tuple[Content, ServerReply | None]:
        endpoint = place.server.endpoint
        if not self._servers.may_ask(endpoint):
            return NotAskable(f"IPv{endpoint.family} was left out"), None
        signed = ServerReply(
            place.server, await self._exchange.ask(endpoint, place.owner, place.rdtype)
        )
        content = read_caa(signed.reply, place.owner)
        if isinstance(content, Failed):
            async with asyncio.TaskGroup() as group:
                asking = group.create_task(
                    self._exchange.ask(endpoint, place.zone, dns.rdatatype.SOA, how=SINGLE_TRY)
                )
                group.create_task(self._explain(place, signed.reply))
            soa = asking.result()
            fine = isinstance(soa, Response) and is_authoritative(soa.message)
            content = replace(content, otherwise_fine=fine)
        return content, signed

    async def _explain(self, place: Place, failed: Reply) -> None:
        """Find out why it fails, the first time only: a wait asks again and again."""
        if place in self._explained:
            return
        self._explained.add(place)
        await self._fault_finder.explain(
            place,
            failed,
            sound=lambda reply: not isinstance(read_caa(reply, place.owner), Failed | NotAskable),
        )

    async def _compare_denials(
        self, places: Iterable[Place], contents: Collection[Content], *, all_alike: bool
    ) -> None:
        """Check whether servers that deny CAA do so because of the question's letter case.

        Each is queried if others have CAA records, or if it denies the zone itself. If all deny
        CAA, they may be `all_alike` for that reason: then one is queried.
        """
        denying = [
            (place, content)
            for place, content in zip(places, contents, strict=True)
            if isinstance(content, NoProperties)
        ]
        has_some = any(isinstance(content, Properties | AliasTo) for content in contents)
        depends = (
            all_alike and denying and not has_some and await self._depends_on_case(*denying.pop(0))
        )
        if not (depends or has_some):
            denying = [
                (place, content)
                for place, content in denying
                if content.nxdomain and place.owner == place.zone
            ]
        await together(self._depends_on_case(place, content) for place, content in denying)

    async def _depends_on_case(self, place: Place, content: NoProperties) -> bool:
        return await self._fault_finder.compare(
            place, content=functools.partial(_comparable, owner=place.owner), known=content
        )

    async def _ask_registry(self, owner: dns.name.Name, cut: ZoneCut) -> CaaAnswer:
        answer = await self._registries.get(owner, lambda: self._ask_alternatives(owner, cut))
        if isinstance(answer.content, Failed):
            self._registries.results.pop(owner, None)  # it may be asked again
        return answer

    async def _ask_alternatives(self, owner: dns.name.Name, cut: ZoneCut) -> CaaAnswer:
        names = await self._servers.alternatives(cut)
        signed = self._servers.seems_signed(cut)
        useless: dict[Endpoint, Reply] = {}

        def answers(reply: Reply) -> TypeGuard[Response]:
            return isinstance(reply, Response) and not isinstance(read_caa(reply, owner), Failed)

        got = await ask_any(
            self._exchange,
            names,
            owner,
            dns.rdatatype.CAA,
            usable=lambda response: (
                answers(response) and may_be_signed(response, zone_signed=signed)
            ),
            useless=useless,
        )
        if got is None:
            got = next(((e, r) for e, r in useless.items() if answers(r)), None)
        if got is None:
            return CaaAnswer(owner, cut.apex, None, None, Failed(_NONE_ANSWERS))
        endpoint, response = got
        place = ServerAddress(names[endpoint], endpoint)
        self.signed[cut.apex, owner] = (ServerReply(place, response),)
        return CaaAnswer(owner, cut.apex, names[endpoint], endpoint, read_caa(response, owner))

    async def _ask_resolvers(self, owner: dns.name.Name) -> list[CaaAnswer]:
        """Query the configured resolvers for names above the zones they let the walk discover."""
        useless: dict[Endpoint, Reply] = {}
        got = await ask_any(
            self._exchange,
            self._resolvers,
            owner,
            dns.rdatatype.CAA,
            how=RECURSIVE,
            usable=lambda response: response.message.rcode() in ANSWERS,
            useless=useless,
        )
        if got is None:
            failed = {endpoint: Failed(describe(reply)) for endpoint, reply in useless.items()}
            return [CaaAnswer(owner, owner, None, *one) for one in failed.items()]
        endpoint, message = got[0], got[1].message
        found = [r for r in message.answer if r.rdtype == dns.rdatatype.CAA]
        content: Content = NoProperties(nxdomain=message.rcode() == dns.rcode.NXDOMAIN)
        if found:
            content = Properties(properties(found[-1]))
        return [CaaAnswer(owner, owner, None, endpoint, content)]


def _comparable(reply: Reply, *, owner: dns.name.Name) -> Content | None:
    content = read_caa(reply, owner)
    return None if isinstance(content, Failed | NotAskable) else content
