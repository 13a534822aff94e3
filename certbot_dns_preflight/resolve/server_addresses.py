"""Finds the addresses of name servers: from the glue, or else with separate walks.

Decides which addresses of a zone's name servers are queried, how many, and when a delegation is
circular. `name_servers` learns who serves a zone; `walker` does the walk itself.
"""

from __future__ import annotations

import asyncio
import itertools
from typing import TYPE_CHECKING

import dns.message
import dns.name

from certbot_dns_preflight.facts.answers import Response
from certbot_dns_preflight.facts.obstacle import NoSuchDomain, RegistryFails
from certbot_dns_preflight.facts.registry import is_registry
from certbot_dns_preflight.facts.zone import NO_SUCH_NAME
from certbot_dns_preflight.resolve.budgets import MOST_ADDRESSES, MOST_NAMESERVERS
from certbot_dns_preflight.resolve.cache import ZoneCut
from certbot_dns_preflight.resolve.fanout import ask_any, ask_each_server
from certbot_dns_preflight.resolve.referrals import (
    ADDRESS_TYPES,
    Addresses,
    is_accepted,
    is_authoritative,
    read_addresses,
)
from certbot_dns_preflight.resolve.single_flight import SingleFlight
from certbot_dns_preflight.resolve.tasks import together
from certbot_dns_preflight.resolve.unneeded import drop

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping

    import dns.rdatatype

    from certbot_dns_preflight.facts.answers import Endpoint
    from certbot_dns_preflight.resolve.cache import DelegationCache, Found
    from certbot_dns_preflight.resolve.exchange import Exchange
    from certbot_dns_preflight.resolve.unneeded import Unneeded
    from certbot_dns_preflight.resolve.via_resolver import Discovery

    Find = Callable[[dns.name.Name, tuple[dns.name.Name, ...]], Awaitable[Found]]

_DEEPEST_CHAIN = 8  # of name servers whose addresses need other name servers, and so on
_ENOUGH_SERVERS = 4  # of a zone, queried for another name server's addresses
_NEVER = float("-inf")
_CIRCULAR = Addresses(
    (),
    "the delegation is circular: its address depends on itself, and there is no glue",
    circular=True,
)


class ServerAddresses:
    """Finds the addresses of a run's name servers, once for each name."""

    def __init__(
        self,
        exchange: Exchange,
        cache: DelegationCache,
        *,
        find: Find,
        discovery: Discovery | None,
        families: Collection[int],
    ) -> None:
        """Share the walk's parts; `discovery` resolves names if a resolver leads the way.

        `find` finds the zone that a name lies in, and passes on the names that wait for it.
        """
        self._exchange = exchange
        self._known = cache
        self._find = find
        self._discovery = discovery
        self._families = families
        # The usable glue of each cut, which walks to all names below it need.
        self._glued: dict[
            dns.name.Name, tuple[ZoneCut, dict[dns.name.Name, tuple[Endpoint, ...]]]
        ] = {}
        self._flights = SingleFlight(cache.addresses)
        self._same: SingleFlight[dns.name.Name, bool] = SingleFlight()
        self._looked: dict[dns.name.Name, float] = {}
        self._needs: dict[dns.name.Name, set[dns.name.Name]] = {}

    def drop(self, unneeded: Unneeded) -> None:
        """Drop the glue of zones that no challenge needs any more."""
        drop(self._glued, unneeded)

    async def of(self, name: dns.name.Name, *, held: tuple[dns.name.Name, ...] = ()) -> Addresses:
        """Resolve a name server's addresses with a separate walk.

        `held` are the names whose addresses wait for this one; a circle resolves to nothing.
        """
        if name not in self._known.addresses and self._exchange.budgets.take_name(name):
            return Addresses((), "it was not looked up: the run's limit was met", limited=True)
        if len(held) >= _DEEPEST_CHAIN or self._leads_to(name, frozenset(held)):
            return _CIRCULAR
        needed_by = self._needs.setdefault(held[-1], set()) if held else set()
        needed_by.add(name)
        try:
            return await self._flights.get(name, lambda: self.resolve(name, (*held, name)))
        finally:
            needed_by.discard(name)

    async def endpoints(
        self, cut: ZoneCut, *, held: tuple[dns.name.Name, ...] = ()
    ) -> tuple[Endpoint, ...]:
        """Return addresses good enough to continue: the glue, or else what the names resolve to."""
        servers = await self.some(cut, held=held)
        return self.usable(endpoint for some in servers.values() for endpoint in some)

    async def further(
        self,
        cut: ZoneCut,
        but: Collection[Endpoint],
        *,
        held: tuple[dns.name.Name, ...] = (),
    ) -> tuple[Endpoint, ...]:
        """Return more addresses in case those of `endpoints` are useless: the names' own."""
        with self._exchange.budgets.spending(cut.apex):
            found = await together(self.of(name, held=held) for name in cut.nameservers)
        own = self.usable(endpoint for addresses in found for endpoint in addresses.endpoints)
        return tuple(endpoint for endpoint in own if endpoint not in but)

    async def some(
        self, cut: ZoneCut, *, held: tuple[dns.name.Name, ...]
    ) -> dict[dns.name.Name, tuple[Endpoint, ...]]:
        """Return name servers with addresses to query: those with glue, or else all, resolved."""
        known_cut, known = self._glued.get(cut.apex, (None, {}))
        if known_cut is cut:
            return known
        servers = {name: self.usable(glue) for name, glue in cut.nameservers.items()}
        if any(servers.values()):
            bounded = within_bound(servers)
            self._glued[cut.apex] = cut, bounded
            return bounded
        if cut.known_at:
            return dict.fromkeys(tuple(cut.nameservers)[:1], cut.known_at)
        with self._exchange.budgets.spending(cut.apex):
            found = await together(self.of(name, held=held) for name in cut.nameservers)
        return within_bound(
            {
                name: self.usable(addresses.endpoints)
                for name, addresses in zip(cut.nameservers, found, strict=True)
            }
        )

    async def every(self, cut: ZoneCut) -> dict[dns.name.Name, tuple[Endpoint, ...]]:
        """Return all name servers with addresses to query: each one's glue, or else resolved."""
        servers = {name: self.usable(glue) for name, glue in cut.nameservers.items()}
        bare = [name for name, endpoints in servers.items() if not endpoints]
        with self._exchange.budgets.spending(cut.apex):
            found = await together(self.of(name) for name in bare)
        for name, addresses in zip(bare, found, strict=True):
            servers[name] = self.usable(addresses.endpoints)
        return within_bound(servers)

    def usable(self, endpoints: Iterable[Endpoint]) -> tuple[Endpoint, ...]:
        """Leave out families that must not be queried, and addresses beyond the limit."""
        usable = dict.fromkeys(e for e in endpoints if e.family in self._families)
        return tuple(usable)[:MOST_ADDRESSES]  # the zone itself reports what is beyond it

    async def are_as_before(self, name: dns.name.Name, since: float) -> bool:
        """Return whether a server's addresses still hold; query one server if not done `since`."""
        known = self._known.addresses.get(name)
        if known is None:
            return False
        if self._looked.get(name, _NEVER) < since:
            self._same.results.pop(name, None)
        return await self._same.get(name, lambda: self._are_the_same(name, known))

    async def _are_the_same(self, name: dns.name.Name, known: Addresses) -> bool:
        self._looked[name] = asyncio.get_running_loop().time()
        again = await self.resolve(name, (name,), enough=1)
        return set(again.endpoints) == set(known.endpoints)

    async def resolve(
        self, name: dns.name.Name, held: tuple[dns.name.Name, ...], *, enough: int = _ENOUGH_SERVERS
    ) -> Addresses:
        """Resolve a name server's addresses whatever is known; `held` ends with the name itself.

        In a zone that is not a registry's, `enough` servers are queried.
        """
        if self._discovery is not None:
            discovery = self._discovery
            messages = await together(discovery.ask(name, rdtype) for rdtype in ADDRESS_TYPES)
            return read_addresses(name, [[message] if message else [] for message in messages])
        found = await self._find(name, held)
        if isinstance(found, NoSuchDomain):
            # Denied for another type: what counts is the answer to a resolver's question.
            above = self._known.cuts.get(found.zone)
            if above is None:
                return Addresses((), NO_SUCH_NAME)
            found = above
        if isinstance(found, RegistryFails):
            return Addresses((), "the registry's servers above it fail", unanswered=True)
        if not isinstance(found, ZoneCut):
            return Addresses((), "nothing answers from this host", unanswered=True)
        servers = await self.some(found, held=held)
        if not servers and await self._is_circular(found, held):
            return _CIRCULAR
        replies = await together(
            self._addresses_of(name, rdtype, found, servers, enough) for rdtype in ADDRESS_TYPES
        )
        return read_addresses(name, replies)

    async def _is_circular(self, cut: ZoneCut, held: tuple[dns.name.Name, ...]) -> bool:
        """Return whether no name server of a zone has an address that can be found without it."""
        found = await together(self.of(name, held=held) for name in cut.nameservers)
        return any(addresses.circular for addresses in found)

    async def _addresses_of(
        self,
        name: dns.name.Name,
        rdtype: dns.rdatatype.RdataType,
        cut: ZoneCut,
        servers: Mapping[dns.name.Name, tuple[Endpoint, ...]],
        enough: int,
    ) -> list[dns.message.Message]:
        """Query several servers of the name's zone, as they may differ; a registry's are alike."""

        def usable(response: Response) -> bool:
            return is_authoritative(response.message) or is_accepted(response)

        if not is_registry(cut.apex) and min(enough, len(servers)) > 1:
            some = {
                server: self._exchange.by_promise(endpoints)[:1]
                for server, endpoints in tuple(servers.items())[:enough]
            }
            replies = await ask_each_server(
                self._exchange, some, name, rdtype, usable=usable, least=1
            )
            heard = [r.message for r in replies.values() if isinstance(r, Response) and usable(r)]
            if heard:
                return heard
        endpoints = self.usable(endpoint for some in servers.values() for endpoint in some)
        got = await ask_any(self._exchange, endpoints, name, rdtype, usable=usable)
        if got is None:
            more = [e for e in self._glueless(cut) if e not in endpoints]
            got = await ask_any(self._exchange, more, name, rdtype, usable=usable)
        return [] if got is None else [got[1].message]

    def _glueless(self, cut: ZoneCut) -> tuple[Endpoint, ...]:
        """Return addresses of a zone's name servers that are already known besides the glue."""
        known = (self._known.addresses.get(name) for name in cut.nameservers)
        return self.usable(e for addresses in known if addresses for e in addresses.endpoints)

    def _leads_to(self, name: dns.name.Name, targets: frozenset[dns.name.Name]) -> bool:
        """Return whether resolving `name` is waiting, directly or not, for one of `targets`."""
        seen: set[dns.name.Name] = set()
        todo = [name]
        while todo:
            current = todo.pop()
            if current in targets:
                return True
            if current not in seen:
                seen.add(current)
                todo.extend(self._needs.get(current, ()))
        return False


def within_bound(
    servers: Mapping[dns.name.Name, tuple[Endpoint, ...]], *, most: int = MOST_ADDRESSES
) -> dict[dns.name.Name, tuple[Endpoint, ...]]:
    """Keep a fair share of addresses for each name server; the zone itself reports the rest."""
    some = dict(itertools.islice(((n, e) for n, e in servers.items() if e), MOST_NAMESERVERS))
    if sum(map(len, some.values())) <= most:
        return some
    share = max(0, most) // max(1, len(some))
    return {name: endpoints[:share] for name, endpoints in some.items()} if share else {}
