"""Checks that the servers above a zone let a resolver's query get to the zone.

A resolver sends the query for a zone's apex to the servers of the zone above, which refer it down.
If all of these hold the zone themselves, they even get the queries for all names in it. One server
that passes a query on, or answers it, will do: a resolver tries them all. `checks` words it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import dns.name
import dns.rdatatype

from certbot_dns_preflight.facts.answers import NoResponse, NoResponseReason
from certbot_dns_preflight.facts.dnssec import ServerAddress, ServerReply
from certbot_dns_preflight.resolve.fanout import ask_any
from certbot_dns_preflight.resolve.reading import is_sound
from certbot_dns_preflight.resolve.referrals import find_referral
from certbot_dns_preflight.resolve.zone_servers import ZoneServers

if TYPE_CHECKING:
    from collections.abc import Collection

    from certbot_dns_preflight.facts.answers import Endpoint, Reply, Response
    from certbot_dns_preflight.resolve.cache import ZoneCut
    from certbot_dns_preflight.resolve.exchange import Exchange
    from certbot_dns_preflight.resolve.walker import Walker

_OUR_OWN = frozenset({NoResponseReason.NO_ROUTE, NoResponseReason.LIMIT})


class ParentServers:
    """Asks the servers above the zones of a run; a query that they passed on is not repeated."""

    def __init__(self, exchange: Exchange, walker: Walker, families: Collection[int]) -> None:
        """Share the run's walker; `families` (4, 6) are the ones allowed for queries."""
        self._exchange = exchange
        self._walker = walker
        self._servers = ZoneServers(walker, families)
        self._passed: set[tuple[dns.name.Name, dns.name.Name, int]] = set()

    def above(self, cut: ZoneCut) -> ZoneCut | None:
        """Return the zone above one, if a walk came through it."""
        lineage = self._walker.lineage(cut)
        return lineage[-2] if len(lineage) > 1 else None

    async def failures(
        self, cut: ZoneCut, owner: dns.name.Name, rdtype: dns.rdatatype.RdataType
    ) -> tuple[ServerReply, ...]:
        """Query the servers above a zone for a name in it; return their replies if none is usable.

        Nothing is queried if a resolver does not ask them this, or if they let it pass before.
        """
        above = self.above(cut)
        asked_there = owner == cut.apex or not cut.referred
        if above is None or not asked_there or (cut.apex, owner, rdtype) in self._passed:
            return ()
        names = await self._servers.alternatives(above)
        useless: dict[Endpoint, Reply] = {}
        got = await self._ask(above.apex, names, (owner, rdtype), useless)
        if got is None and not self._servers.is_registry(above):
            # Not every server of the zone need have glue.
            names = {**names, **await self._servers.names(above)}
            left = [endpoint for endpoint in names if endpoint not in useless]
            got = await self._ask(above.apex, left, (owner, rdtype), useless)
        failed = {e: reply for e, reply in useless.items() if not _is_our_own(reply)}
        if got is None and failed and owner != cut.apex and await self._refer(above, cut, names):
            failed = {}
        if got is not None or not failed:
            self._passed.add((cut.apex, owner, rdtype))
            return ()
        return tuple(
            ServerReply(ServerAddress(names[endpoint], endpoint), reply)
            for endpoint, reply in sorted(failed.items())
        )

    async def _ask(
        self,
        apex: dns.name.Name,
        endpoints: Collection[Endpoint],
        question: tuple[dns.name.Name, dns.rdatatype.RdataType],
        useless: dict[Endpoint, Reply],
    ) -> tuple[Endpoint, Response] | None:
        owner, rdtype = question
        return await ask_any(
            self._exchange,
            endpoints,
            owner,
            rdtype,
            usable=lambda response: (
                is_sound(response) or find_referral(response.message, apex, owner) is not None
            ),
            useless=useless,
        )

    async def _refer(self, above: ZoneCut, cut: ZoneCut, names: Collection[Endpoint]) -> bool:
        """Return whether any of these servers refers to a zone that others of them hold."""
        got = await ask_any(
            self._exchange,
            names,
            cut.apex,
            dns.rdatatype.NS,
            usable=lambda response: (
                find_referral(response.message, above.apex, cut.apex) is not None
            ),
        )
        return got is not None


def _is_our_own(reply: Reply) -> bool:
    return isinstance(reply, NoResponse) and reply.reason in _OUR_OWN
