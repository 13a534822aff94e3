"""Asks every server for keys, signatures and proofs: the facts that `validate` judges.

For a zone of a person or company, every address is asked; for the root and a top-level
domain, one that answers will do. Asks for DS, DNSKEY and SOA, and for TXT and CAA only at names
that `data` is told to ask. Decides whom to ask, not what answers mean.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import dns.exception
import dns.flags
import dns.name
import dns.rcode
import dns.rdatatype

from certbot_dns_preflight.facts.answers import Endpoint, Response, Transport
from certbot_dns_preflight.facts.dnssec import Asked, Facts, ServerAddress, ServerReply, ZoneFacts
from certbot_dns_preflight.resolve.cache import ZoneCut
from certbot_dns_preflight.resolve.exchange import QueryOptions
from certbot_dns_preflight.resolve.fanout import ask_any
from certbot_dns_preflight.resolve.reading import rrset_at

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from certbot_dns_preflight.resolve.cache import Found
    from certbot_dns_preflight.resolve.exchange import Exchange
    from certbot_dns_preflight.resolve.walker import Walker

_TOP_LEVEL = 2  # labels of a top-level domain's name, the root's empty one included
# Not the name itself: through a resolver a walk looks only at what is above the name given.
_BELOW = b"_dns-preflight"
_SIGNED = QueryOptions(dnssec=True)
_RESOLVED = QueryOptions(dnssec=True, recursion=True, checking_disabled=True)
_DS, _DNSKEY, _SOA = dns.rdatatype.DS, dns.rdatatype.DNSKEY, dns.rdatatype.SOA


class Collector:
    """Collects for several names; what their chains have in common is asked once."""

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
        self._asked: dict[
            tuple[dns.name.Name, dns.name.Name, dns.rdatatype.RdataType],
            asyncio.Future[tuple[ServerReply, ...]],
        ] = {}

    async def chain(self, name: dns.name.Name) -> Facts:
        """Collect from the root down to the zone of `name`: DS, DNSKEY and, for the zone, SOA."""
        return await self.data([(name, _SOA)])

    async def data(self, wanted: Iterable[tuple[dns.name.Name, dns.rdatatype.RdataType]]) -> Facts:
        """Collect the chains of several names, and RRsets at them.

        An SOA is asked for at the zone's apex, whatever the name; everything else at the name.
        For an alias give each name of its chain: every hop is signed by its own zone.
        """
        wanted = tuple(wanted)
        found = await asyncio.gather(*(self._find(name) for name, _ in wanted))
        zones: dict[dns.name.Name, dns.name.Name | None] = {}
        questions: dict[dns.name.Name, dict[tuple[dns.name.Name, int], None]] = {}
        cuts: dict[dns.name.Name, ZoneCut] = {}
        for (name, rdtype), cut in zip(wanted, found, strict=True):
            if not isinstance(cut, ZoneCut):
                continue
            lineage = self._walker.lineage(cut)
            if lineage[0].apex != dns.name.root:
                if not self._resolvers:
                    continue  # the walker has just forgotten what is above
                zones.update(await self._resolved_parents(lineage[0].apex))
            for above, zone in zip((None, *lineage), lineage, strict=False):
                if above is not None or zone.apex == dns.name.root:
                    zones[zone.apex] = above.apex if above is not None else None
                cuts[zone.apex] = zone
            owner = cut.apex if rdtype == _SOA else name
            questions.setdefault(cut.apex, {})[owner, rdtype] = None
        # All at once; what hidden zones add is asked after that, and the rest is remembered.
        await self._ask_all(zones, cuts, questions)
        await self._insert_hidden(zones, cuts)
        return Facts(await self._ask_all(zones, cuts, questions))

    def take(
        self,
        apex: dns.name.Name,
        owner: dns.name.Name,
        rdtype: dns.rdatatype.RdataType,
        said: tuple[ServerReply, ...],
    ) -> None:
        """Take answers that somebody else has got already, and do not ask for them."""
        if (apex, owner, rdtype) not in self._asked:
            given: asyncio.Future[tuple[ServerReply, ...]] = (
                asyncio.get_running_loop().create_future()
            )
            given.set_result(said)
            self._asked[apex, owner, rdtype] = given

    async def close(self) -> None:
        """End what a cancelled collection left running."""
        for task in self._asked.values():
            task.cancel()
        await asyncio.gather(*self._asked.values(), return_exceptions=True)

    def forget(self) -> None:
        """Ask anew from now on."""
        self._asked = {key: task for key, task in self._asked.items() if not task.done()}

    async def _find(self, name: dns.name.Name) -> Found:
        if self._resolvers:
            try:
                name = dns.name.Name((_BELOW, *name.labels))
            except dns.exception.DNSException:  # too long: the name itself must do
                return await self._walker.find(name)
        return await self._walker.find(name)

    async def _ask_all(
        self,
        zones: dict[dns.name.Name, dns.name.Name | None],
        cuts: dict[dns.name.Name, ZoneCut],
        questions: dict[dns.name.Name, dict[tuple[dns.name.Name, int], None]],
    ) -> tuple[ZoneFacts, ...]:
        return tuple(
            await asyncio.gather(
                *(
                    self._zone(apex, zones[apex], cuts, questions.get(apex, {}))
                    for apex in sorted(zones, key=len)
                )
            )
        )

    async def _zone(
        self,
        apex: dns.name.Name,
        parent: dns.name.Name | None,
        cuts: dict[dns.name.Name, ZoneCut],
        questions: Iterable[tuple[dns.name.Name, int]],
    ) -> ZoneFacts:
        own = cuts.get(apex)
        rdtypes = [(owner, dns.rdatatype.RdataType(rdtype)) for owner, rdtype in questions]
        ds, dnskey, *said = await asyncio.gather(
            self._ask(parent, cuts.get(parent), apex, _DS) if parent is not None else _nobody(),
            self._ask(apex, own, apex, _DNSKEY),
            *(self._ask(apex, own, owner, rdtype) for owner, rdtype in rdtypes),
        )
        rrsets = tuple(
            Asked(owner, rdtype, answers)
            for (owner, rdtype), answers in zip(rdtypes, said, strict=True)
        )
        return ZoneFacts(apex, parent, ds, dnskey, rrsets)

    async def _insert_hidden(
        self,
        zones: dict[dns.name.Name, dns.name.Name | None],
        cuts: dict[dns.name.Name, ZoneCut],
    ) -> None:
        """Find zones that the walk went past, as one server holds them and the zone above.

        The signer of the DS, or of the proof that there is none, is the true parent.
        """
        todo = [(apex, parent) for apex, parent in zones.items() if parent is not None]
        while todo:
            said = await asyncio.gather(
                *(self._ask(parent, cuts.get(parent), apex, _DS) for apex, parent in todo)
            )
            hidden = [
                (apex, parent, signer)
                for (apex, parent), answers in zip(todo, said, strict=True)
                if (signer := _signer_between(answers, apex, parent)) is not None
            ]
            todo = []
            for apex, parent, signer in hidden:
                zones[apex] = signer
                if signer not in zones:
                    zones[signer] = parent
                    above = cuts[parent].nameservers if parent in cuts else {}
                    cuts[signer] = ZoneCut(signer, parent, above, referred=False)
                    todo.append((signer, parent))

    async def _ask(
        self,
        apex: dns.name.Name,
        cut: ZoneCut | None,
        owner: dns.name.Name,
        rdtype: dns.rdatatype.RdataType,
    ) -> tuple[ServerReply, ...]:
        key = (apex, owner, rdtype)
        if key not in self._asked:
            self._asked[key] = asyncio.create_task(self._ask_zone(cut, owner, rdtype))
        return await asyncio.shield(self._asked[key])

    async def _ask_zone(
        self, cut: ZoneCut | None, owner: dns.name.Name, rdtype: dns.rdatatype.RdataType
    ) -> tuple[ServerReply, ...]:
        if cut is None:
            return await self._ask_resolver(owner, rdtype)
        if len(cut.apex) <= _TOP_LEVEL:
            return await self._ask_registry(cut, owner, rdtype)
        zone = await self._walker.zone(cut)
        places = [
            ServerAddress(server.name, endpoint)
            for server in zone.nameservers
            for endpoint in server.endpoints
            if self._may_ask(endpoint)
        ]
        replies = await asyncio.gather(
            *(self._exchange.ask(place.endpoint, owner, rdtype, how=_SIGNED) for place in places)
        )
        return tuple(
            ServerReply(place, reply) for place, reply in zip(places, replies, strict=True)
        )

    async def _ask_registry(
        self, cut: ZoneCut, owner: dns.name.Name, rdtype: dns.rdatatype.RdataType
    ) -> tuple[ServerReply, ...]:
        """Ask one server of the root or a top-level domain: there are many, and looked after."""
        glue = [(name, endpoint) for name, found in cut.nameservers.items() for endpoint in found]
        if not glue:
            own = await asyncio.gather(*map(self._walker.addresses, cut.nameservers))
            glue = [
                (name, endpoint)
                for name, addresses in zip(cut.nameservers, own, strict=True)
                for endpoint in addresses.endpoints
            ]
        names = {endpoint: name for name, endpoint in glue if self._may_ask(endpoint)}
        got = await ask_any(
            self._exchange, names, owner, rdtype, usable=_is_authoritative, how=_SIGNED
        )
        if got is None:
            return ()
        endpoint, message = got
        return (
            ServerReply(
                ServerAddress(names[endpoint], endpoint), Response(message, Transport.UDP, 0.0)
            ),
        )

    async def _ask_resolver(
        self, owner: dns.name.Name, rdtype: dns.rdatatype.RdataType
    ) -> tuple[ServerReply, ...]:
        got = await ask_any(
            self._exchange, self._resolvers, owner, rdtype, usable=_is_final, how=_RESOLVED
        )
        if got is None:
            return ()
        endpoint, message = got
        reply = Response(message, Transport.UDP, 0.0)
        return (ServerReply(ServerAddress(None, endpoint), reply, recursive=True),)

    async def _resolved_parents(
        self, apex: dns.name.Name
    ) -> dict[dns.name.Name, dns.name.Name | None]:
        """Find the zones above one that a resolver led to; the resolver speaks for them."""
        names = [apex]
        while names[-1] != dns.name.root:
            names.append(names[-1].parent())
        names.reverse()
        soas = await asyncio.gather(*(self._ask_resolver(name, _SOA) for name in names))
        zones: dict[dns.name.Name, dns.name.Name | None] = {}
        last: dns.name.Name | None = None
        for name, said in zip(names, soas, strict=True):
            if name in (dns.name.root, apex) or any(_has_soa(one, name) for one in said):
                zones[name] = last
                last = name
        return zones

    def _may_ask(self, endpoint: Endpoint) -> bool:
        return (6 if endpoint.ipv6 else 4) in self._families


async def _nobody() -> tuple[ServerReply, ...]:
    return ()


def _signer_between(
    said: Iterable[ServerReply], apex: dns.name.Name, parent: dns.name.Name
) -> dns.name.Name | None:
    """Find a zone strictly between a zone and its supposed parent that signed the answer."""
    for one in said:
        if not isinstance(one.reply, Response):
            continue
        message = one.reply.message
        for rrset in (*message.answer, *message.authority):
            if rrset.rdtype != dns.rdatatype.RRSIG:
                continue
            signer = rrset[0].signer
            if signer not in (apex, parent) and apex.is_subdomain(signer):
                return signer if signer.is_subdomain(parent) else None
    return None


def _is_final(response: Response) -> bool:
    return response.message.rcode() in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN)


def _is_authoritative(response: Response) -> bool:
    return bool(response.message.flags & dns.flags.AA) and _is_final(response)


def _has_soa(said: ServerReply, name: dns.name.Name) -> bool:
    return isinstance(said.reply, Response) and (
        rrset_at(said.reply.message.answer, name, _SOA) is not None
    )
