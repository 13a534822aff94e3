"""Sends each DNSSEC question to the servers of a zone, once.

Decides whom to ask: every address, one server of a registry, or the configured resolver. `dnssec`
decides which questions there are.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import dns.name
import dns.rcode
import dns.rdatatype

from certbot_dns_preflight.facts.dnssec import ServerAddress, ServerReply
from certbot_dns_preflight.resolve.fanout import ask_any
from certbot_dns_preflight.resolve.queries import RECURSIVE
from certbot_dns_preflight.resolve.reading import is_sound, may_be_signed
from certbot_dns_preflight.resolve.single_flight import SingleFlight
from certbot_dns_preflight.resolve.tasks import together

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from certbot_dns_preflight.facts.answers import Endpoint, Reply, Response
    from certbot_dns_preflight.resolve.cache import Question, ZoneCut
    from certbot_dns_preflight.resolve.exchange import Exchange
    from certbot_dns_preflight.resolve.zone_servers import ZoneServers

_RESOLVED = replace(RECURSIVE, dnssec=True, checking_disabled=True)


class DnssecReplies:
    """Keeps the replies, by zone, owner name and type."""

    def __init__(
        self,
        exchange: Exchange,
        servers: ZoneServers,
        resolvers: tuple[Endpoint, ...],
        known: dict[Question, tuple[ServerReply, ...]],
    ) -> None:
        """Query `servers`, or `resolvers` where there is no zone cut. Adds to `known`."""
        self._exchange = exchange
        self._servers = servers
        self._resolvers = resolvers
        self._asked = SingleFlight(known)
        self._avoided: set[ServerAddress] = set()

    def take(
        self,
        apex: dns.name.Name,
        owner: dns.name.Name,
        rdtype: dns.rdatatype.RdataType,
        replies: tuple[ServerReply, ...],
    ) -> None:
        """Take answers that are already known, and do not query them."""
        self._asked.results[apex, owner, rdtype] = replies

    def drop(
        self, apex: dns.name.Name, owner: dns.name.Name, rdtype: dns.rdatatype.RdataType
    ) -> None:
        """Query this again next time."""
        self._asked.results.pop((apex, owner, rdtype), None)

    def forget(
        self, apexes: Collection[dns.name.Name] | None = None, but: Collection[ServerAddress] = ()
    ) -> None:
        """Query again from now on: for data in these zones and their DS, or for everything.

        A registry's other servers are then queried, not those in `but`.
        """
        self._avoided.update(but)
        for key in [*self._asked.results]:
            if apexes is None or key[0] in apexes or key[1] in apexes:
                del self._asked.results[key]

    def avoids(self, server: dns.name.Name, endpoint: Endpoint) -> bool:
        """Return whether a registry's server gave signatures that did not hold, at any address."""
        return any(one.nameserver == server or one.endpoint == endpoint for one in self._avoided)

    def _left(self, names: Mapping[Endpoint, dns.name.Name]) -> Collection[Endpoint]:
        """Choose a registry's addresses: other servers', or else others of the same servers."""
        bad = {one.endpoint for one in self._avoided}
        others = [endpoint for endpoint, name in names.items() if not self.avoids(name, endpoint)]
        return others or [endpoint for endpoint in names if endpoint not in bad] or names

    async def ask(
        self,
        apex: dns.name.Name,
        cut: ZoneCut | None,
        owner: dns.name.Name,
        rdtype: dns.rdatatype.RdataType,
        *,
        but: frozenset[dns.name.Name | None] = frozenset(),
    ) -> tuple[ServerReply, ...]:
        """Query all addresses of a zone, except servers in `but`; a resolver if it has no cut."""
        return await self._asked.get(
            (apex, owner, rdtype), lambda: self._ask_zone(cut, owner, rdtype, but)
        )

    async def _ask_zone(
        self,
        cut: ZoneCut | None,
        owner: dns.name.Name,
        rdtype: dns.rdatatype.RdataType,
        but: frozenset[dns.name.Name | None],
    ) -> tuple[ServerReply, ...]:
        if cut is None:
            return await self.ask_resolver(owner, rdtype)
        if self._servers.is_registry(cut):
            return await self._ask_registry(cut, owner, rdtype)
        return await self.ask_everywhere(cut, owner, rdtype, but=but)

    async def ask_everywhere(
        self,
        cut: ZoneCut,
        owner: dns.name.Name,
        rdtype: dns.rdatatype.RdataType,
        *,
        but: frozenset[dns.name.Name | None] = frozenset(),
    ) -> tuple[ServerReply, ...]:
        """Query all addresses of a zone, whoever runs it, except name servers in `but`."""
        places = [
            place
            for place in await self._servers.every_address(cut)
            if self._servers.may_ask(place.endpoint) and place.nameserver not in but
        ]
        replies = await together(
            self._exchange.ask(place.endpoint, owner, rdtype) for place in places
        )
        return tuple(
            ServerReply(place, reply) for place, reply in zip(places, replies, strict=True)
        )

    async def _ask_registry(
        self, cut: ZoneCut, owner: dns.name.Name, rdtype: dns.rdatatype.RdataType
    ) -> tuple[ServerReply, ...]:
        names = await self._servers.alternatives(cut)
        left = self._left(names)
        replies = await self._ask_alternatives(cut, names, left, owner, rdtype)
        if not any(is_sound(one.reply) for one in replies):
            # Nobody else answers this: a resolver is left with what does not hold.
            rest = [endpoint for endpoint in names if endpoint not in left]
            again = await self._ask_alternatives(cut, names, rest, owner, rdtype)
            replies = again or replies
        return replies

    async def _ask_alternatives(
        self,
        cut: ZoneCut,
        names: Mapping[Endpoint, dns.name.Name],
        endpoints: Collection[Endpoint],
        owner: dns.name.Name,
        rdtype: dns.rdatatype.RdataType,
    ) -> tuple[ServerReply, ...]:
        signed = self._servers.seems_signed(cut)
        useless: dict[Endpoint, Reply] = {}
        got = await ask_any(
            self._exchange,
            endpoints,
            owner,
            rdtype,
            usable=lambda response: (
                is_sound(response) and may_be_signed(response, zone_signed=signed)
            ),
            useless=useless,
        )
        unsigned = [(endpoint, reply) for endpoint, reply in useless.items() if is_sound(reply)]
        replies = [got] if got is not None else unsigned[:1] or useless.items()
        return tuple(
            ServerReply(ServerAddress(names[endpoint], endpoint), reply)
            for endpoint, reply in replies
        )

    async def ask_resolver(
        self, owner: dns.name.Name, rdtype: dns.rdatatype.RdataType
    ) -> tuple[ServerReply, ...]:
        """Query the configured resolvers; one that answers will do."""
        got = await ask_any(
            self._exchange, self._resolvers, owner, rdtype, usable=_is_final, how=_RESOLVED
        )
        if got is None:
            return ()
        endpoint, reply = got
        return (ServerReply(ServerAddress(None, endpoint), reply, recursive=True),)


def _is_final(response: Response) -> bool:
    return response.message.rcode() in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN)
