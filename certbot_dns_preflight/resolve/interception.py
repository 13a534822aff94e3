"""Detects something between this host and the internet that answers in place of the servers.

For a walk from the root, `root_servers` detects it there. Where a resolver led to a zone, no root
server has been queried: this module decides when to query some, and what that says about the zone's
servers. A detected interception ends all walks of a run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import dns.flags
import dns.message
import dns.name
import dns.rdatatype

from certbot_dns_preflight.resolve.fanout import ask_everyone
from certbot_dns_preflight.resolve.root_servers import (
    ENOUGH_ROOTS,
    has_the_root,
    intercepted,
    is_root,
    shows_a_zone,
)
from certbot_dns_preflight.resolve.single_flight import SingleFlight

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from certbot_dns_preflight.facts.answers import Endpoint, Response
    from certbot_dns_preflight.facts.obstacle import Intercepted
    from certbot_dns_preflight.resolve.cache import DelegationCache
    from certbot_dns_preflight.resolve.exchange import Exchange


class Interception:
    """Looks for interception, and keeps it as the run's obstacle."""

    def __init__(
        self, exchange: Exchange, cache: DelegationCache, roots: Collection[Endpoint]
    ) -> None:
        """Take the addresses of the root servers."""
        self._exchange = exchange
        self._known = cache
        self._roots = roots
        self._flights: SingleFlight[dns.name.Name, Intercepted | None] = SingleFlight()

    def forget(self) -> None:
        """Look again the next time."""
        self._flights.results.clear()

    def at_the_root(self, heard: Mapping[Endpoint, Response]) -> Intercepted:
        """End this walk and all others of the run."""
        self._known.obstacle = found = intercepted(heard)
        return found

    async def in_answer(
        self, apex: dns.name.Name, endpoint: Endpoint, response: Response
    ) -> Intercepted | None:
        """Check whether a usable answer at a walk's start is not from a server of that zone."""
        if apex == dns.name.root:
            root = await is_root(self._exchange, endpoint, response)
            return None if root else self.at_the_root({endpoint: response})
        if shows_a_zone(response.message):
            return None
        return await self.behind(apex, [response])

    async def behind(self, apex: dns.name.Name, came: Iterable[Response]) -> Intercepted | None:
        """Check, once per zone, whether the source of what `came` also answers for the root."""
        responses = tuple(came)
        if not responses:
            return None
        return await self._flights.get(apex, lambda: self._look(responses))

    async def _look(self, came: Collection[Response]) -> Intercepted | None:
        """Query some root servers.

        If only a few answer, or if they answer differently from the zone's servers, that says
        nothing about those servers.
        """
        some = self._of_each_family()
        heard = dict(await ask_everyone(self._exchange, some, dns.name.root, dns.rdatatype.SOA))
        if len(heard) < min(len(some), ENOUGH_ROOTS) or not heard:
            return None
        if any(has_the_root(reply.message) for reply in heard.values()):
            return None
        manners = {_manner(reply.message) for reply in heard.values()}
        alike = all(_manner(response.message) in manners for response in came)
        return self.at_the_root(heard) if alike else None

    def _of_each_family(self) -> list[Endpoint]:
        """Return a few root server addresses of each family that this host has a route for."""
        unroutable = self._exchange.unroutable_families
        return [
            root
            for family in {4, 6} - unroutable
            for root in [root for root in self._roots if root.family == family][:ENOUGH_ROOTS]
        ]


def _manner(message: dns.message.Message) -> tuple[bool, bool, int | None]:
    """Describe the style of an empty answer; a resolver's error codes depend on the name."""
    recursive = bool(message.flags & dns.flags.RA)
    return bool(message.flags & dns.flags.AA), recursive, None if recursive else message.rcode()
