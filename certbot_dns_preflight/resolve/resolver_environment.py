"""Checks through resolvers what a CA sees besides the record: CAA, addresses, the zone's SOA.

It has the interface of `EnvironmentCollector`, for a host that reaches no name server. Never
queries the challenge's name. The resolvers validate signatures, so nothing is collected for that.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import dns.message
import dns.name
import dns.rcode
import dns.rdatatype

from certbot_dns_preflight.facts.answers import Endpoint, Response
from certbot_dns_preflight.facts.caa import CaaAnswer, Failed, NoProperties, NotAskable, Properties
from certbot_dns_preflight.facts.dnssec import Facts, ServerReply
from certbot_dns_preflight.facts.environment import DomainEnvironment
from certbot_dns_preflight.resolve.caa import CaaSearch
from certbot_dns_preflight.resolve.caa_wire import properties
from certbot_dns_preflight.resolve.recursive import ANSWERS, extended_errors
from certbot_dns_preflight.resolve.referrals import ADDRESS_TYPES
from certbot_dns_preflight.resolve.resolver_zone_survey import survey_zone
from certbot_dns_preflight.resolve.resolver_zones import HOW
from certbot_dns_preflight.resolve.tasks import together
from certbot_dns_preflight.resolve.unneeded import drop

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from certbot_dns_preflight.challenge import Challenge
    from certbot_dns_preflight.facts.answers import Reply
    from certbot_dns_preflight.facts.caa import Climb
    from certbot_dns_preflight.facts.dnssec import ServerAddress, SignedReplies
    from certbot_dns_preflight.facts.survey import Survey
    from certbot_dns_preflight.resolve.exchange import Exchange
    from certbot_dns_preflight.resolve.lateness import Lateness
    from certbot_dns_preflight.resolve.resolver_zones import ResolverZones
    from certbot_dns_preflight.resolve.unneeded import Unneeded


class ResolverCaa:
    """Queries CAA at one owner name, at every resolver; resolvers follow aliases themselves."""

    def __init__(self, exchange: Exchange, resolvers: tuple[Endpoint, ...]) -> None:
        """Set the resolvers to query."""
        self._exchange = exchange
        self._resolvers = resolvers
        self.signed: dict[tuple[dns.name.Name, dns.name.Name], tuple[ServerReply, ...]] = {}

    async def ask(
        self, owner: dns.name.Name, _name: dns.name.Name, heard: Callable[[CaaAnswer], None]
    ) -> list[CaaAnswer]:
        """Query CAA at an owner name; `heard` is called with each answer as it arrives."""

        async def one(endpoint: Endpoint) -> CaaAnswer:
            reply = await self._exchange.ask(endpoint, owner, dns.rdatatype.CAA, how=HOW)
            answer = CaaAnswer(owner, owner, None, endpoint, _content(reply))
            heard(answer)
            return answer

        return await together(map(one, self._resolvers))


class ResolverEnvironment:
    """Collects for several domains; what they share is queried once."""

    def __init__(self, exchange: Exchange, zones: ResolverZones) -> None:
        """Use what `zones` knows about the zones of the run's resolvers."""
        self._exchange = exchange
        self._zones = zones
        self._patience = exchange.timings.remarks
        self._caa = CaaSearch(exchange, ResolverCaa(exchange, zones.resolvers))
        self._addressless: dict[str, bool | None] = {}

    async def collect(self, challenge: Challenge) -> None:
        """Collect the facts about one domain; CAA decides, the rest gets a moment more."""
        domain = dns.name.from_text(challenge.domain)
        async with asyncio.TaskGroup() as group:
            beside = group.create_task(self._look_for_addresses(domain, challenge.domain))
            await self._caa.climb(domain)
            await asyncio.wait([beside], timeout=self._patience)
            beside.cancel()

    async def caa_again(self, climb: Climb) -> Climb:
        """Query again the CAA that no server has answered for."""
        return await self._caa.again(climb)

    def so_far(self, challenge: Challenge, *, seconds: float) -> DomainEnvironment:
        """Return what is known of a domain's environment after this many seconds."""
        return DomainEnvironment(
            climb=self._caa.so_far(dns.name.from_text(challenge.domain), seconds=seconds),
            addressless=self._addressless.get(challenge.domain),
        )

    def with_faults(self, seen: Survey) -> Survey:
        """Add nothing: from here nobody can see why a name server fails."""
        return seen

    async def survey_zone(self, challenge: Challenge) -> Survey:
        """Check the resolvers' SOA answers for the domain, and learn how long they cache a miss."""
        return await survey_zone(replace(challenge, expected=()), self._zones)

    async def chains(
        self, challenges: Collection[Challenge], owners: Iterable[dns.name.Name] = ()
    ) -> Facts:
        """Collect nothing."""
        del challenges, owners
        return Facts(())

    async def signed_records(
        self, owners: Collection[dns.name.Name], caa: Iterable[dns.name.Name] = ()
    ) -> Facts:
        """Collect nothing."""
        del owners, caa
        return Facts(())

    def take_rounds(self, replies: SignedReplies) -> None:
        """Take nothing."""

    async def keys(self, challenge: Challenge) -> None:
        """Query nothing."""

    def ask_anew(
        self,
        apexes: Collection[dns.name.Name],
        *,
        but: Collection[ServerAddress] = (),
        again: bool = False,
    ) -> bool:
        """Query nothing again."""
        del apexes, but, again
        return False

    @property
    def lateness(self) -> Lateness:
        """How late this process reads incoming data."""
        return self._exchange.lateness

    def forget(self) -> None:
        """Forget nothing: nothing was collected."""

    def drop(self, unneeded: Unneeded) -> None:
        """Drop what was learned of names that no challenge needs any more."""
        self._caa.drop(unneeded)
        self._zones.drop(unneeded)
        drop(self._addressless, lambda domain: unneeded(dns.name.from_text(domain)))

    async def _look_for_addresses(self, domain: dns.name.Name, key: str) -> None:
        def usable(message: dns.message.Message) -> bool:
            return message.rcode() in ANSWERS

        async def one(rdtype: dns.rdatatype.RdataType) -> bool | None:
            for endpoint in self._zones.resolvers:
                reply = await self._exchange.ask(endpoint, domain, rdtype, how=HOW)
                if isinstance(reply, Response) and usable(reply.message):
                    return any(rrset.rdtype == rdtype for rrset in reply.message.answer)
            return None

        found = await together(map(one, ADDRESS_TYPES))
        self._addressless[key] = None if None in found and True not in found else not any(found)


def _content(reply: Reply) -> Properties | NoProperties | Failed | NotAskable:
    if not isinstance(reply, Response):
        return NotAskable(reply.detail or reply.reason.value)
    message = reply.message
    if message.rcode() not in ANSWERS:
        why = "".join(f" ({error.name})" for error in extended_errors(message)[:1])
        return Failed(f"{dns.rcode.to_text(message.rcode())}{why}")
    found = [rrset for rrset in message.answer if rrset.rdtype == dns.rdatatype.CAA]
    if found:
        return Properties(properties(found[-1]))
    return NoProperties(nxdomain=message.rcode() == dns.rcode.NXDOMAIN)
