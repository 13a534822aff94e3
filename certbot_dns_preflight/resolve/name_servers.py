"""Who serves a zone: the name servers of delegation and apex together, and their addresses.

Decides whom to ask for that and what counts. A name server's own addresses take a walk of their
own, which `walker` does.
"""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import dns.message
import dns.name
import dns.rdatatype

from certbot_dns_preflight.facts.answers import Response
from certbot_dns_preflight.facts.limits import Budget
from certbot_dns_preflight.facts.registry import is_registry
from certbot_dns_preflight.facts.survey import Listing, NameServer, NoSuchDomain, Zone
from certbot_dns_preflight.resolve.budgets import MOST_ADDRESSES, MOST_NAMESERVERS
from certbot_dns_preflight.resolve.cache import ZoneCut
from certbot_dns_preflight.resolve.fanout import ask_any, ask_each_server
from certbot_dns_preflight.resolve.ns_sets import ApexSet, Delegation, NsSets
from certbot_dns_preflight.resolve.referrals import (
    ADDRESS_TYPES,
    Addresses,
    is_authoritative,
    read_addresses,
)
from certbot_dns_preflight.resolve.single_flight import SingleFlight
from certbot_dns_preflight.resolve.tasks import Background, together

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterable, Mapping

    from certbot_dns_preflight.facts.answers import Endpoint
    from certbot_dns_preflight.resolve.cache import DelegationCache, Found
    from certbot_dns_preflight.resolve.exchange import Exchange
    from certbot_dns_preflight.resolve.via_resolver import Discovery

    Find = Callable[[dns.name.Name, tuple[dns.name.Name, ...]], Awaitable[Found]]

_DEEPEST_CHAIN = 8  # name servers whose addresses need other name servers, and so on
_ENOUGH_SERVERS = 4  # of a zone, asked for another name server's addresses
_MOST_PASSES = 3  # name servers that only name servers list that only others list
_CIRCULAR = Addresses(
    (),
    "the delegation is circular: its address depends on itself, and there is no glue",
    circular=True,
)


class NameServers:
    """Learns who serves the zones of a run, each once."""

    def __init__(  # noqa: PLR0913 - the parts of a walk, by keyword
        self,
        exchange: Exchange,
        cache: DelegationCache,
        *,
        root: ZoneCut,
        find: Find,
        discovery: Discovery | None,
        families: Collection[int],
    ) -> None:
        """Take the walk's parts; `discovery` resolves names where it leads the way.

        `find` finds the zone that a name lies in, and passes on the names that wait for it.
        """
        self._exchange = exchange
        self._known = cache
        self._root = root
        self._find = find
        self._discovery = discovery
        self._families = families
        self._addresses = SingleFlight(cache.addresses)
        self._zones = SingleFlight(cache.zones)
        self._sets = NsSets(exchange, cache)
        self._needs: dict[dns.name.Name, set[dns.name.Name]] = {}
        self._again = Background()

    async def close(self) -> None:
        """Stop what is still being looked for beside the rounds."""
        await self._again.close()

    async def zone(self, cut: ZoneCut, *, patience: float = 0.0) -> Zone:
        """Learn who serves a zone: the name servers of delegation and apex, and their addresses.

        Addresses and NS sets that nobody answered for are looked for again at every call, beside
        what the caller does then; `patience` are the seconds to wait for that.
        """
        with self._exchange.budgets.spending(cut.apex):
            return await self._zone(cut, patience=patience)

    async def _zone(self, cut: ZoneCut, *, patience: float) -> Zone:
        known = self._known.zones.get(cut.apex)
        if known is None:
            return await self._zones.get(cut.apex, lambda: self._learn(cut))
        again = self._again_for(cut, known)
        if again is not None:
            task = self._again.start(cut.apex, again)
            if patience:
                await asyncio.wait([task], timeout=patience)
                return self._known.zones.get(cut.apex, known)
        return known

    def _again_for(
        self, cut: ZoneCut, known: Zone
    ) -> Callable[[], Coroutine[Any, Any, None]] | None:
        """Say what is to be looked for once more; a server that is down is left alone meanwhile."""
        missing = (e for unheard in known.unheard for e in unheard.addresses)
        if any(not self._exchange.is_silent(endpoint) for endpoint in missing):
            return lambda: self._learn_again(cut, known)
        if any(server.unanswered for server in known.nameservers):
            return lambda: self._resolve_again(known)
        return None

    async def _learn_again(self, cut: ZoneCut, zone: Zone) -> None:
        """Ask once more for NS sets that were not heard from everybody, beside the rounds."""
        learned = await self._learn(cut)
        if self._known.zones.get(zone.apex) is zone:  # else learned anew meanwhile
            self._known.zones[zone.apex] = learned

    async def addresses(
        self, name: dns.name.Name, *, held: tuple[dns.name.Name, ...] = ()
    ) -> Addresses:
        """Resolve a name server's addresses by a walk of its own.

        `held` are the names whose addresses wait for this one; a circle resolves to nothing.
        """
        if name not in self._known.addresses and self._exchange.budgets.take_name(name):
            return Addresses((), "it was not looked up: the run's limit was met", limited=True)
        if len(held) >= _DEEPEST_CHAIN or self._leads_to(name, frozenset(held)):
            return _CIRCULAR
        needed_by = self._needs.setdefault(held[-1], set()) if held else set()
        needed_by.add(name)
        try:
            return await self._addresses.get(name, lambda: self._resolve(name, (*held, name)))
        finally:
            needed_by.discard(name)

    async def endpoints(
        self, cut: ZoneCut, *, held: tuple[dns.name.Name, ...] = ()
    ) -> tuple[Endpoint, ...]:
        """Addresses good enough to go on with: the glue, or else what the names resolve to."""
        servers = await self._some(cut, held=held)
        return self._usable(endpoint for some in servers.values() for endpoint in some)

    async def further(
        self,
        cut: ZoneCut,
        but: Collection[Endpoint],
        *,
        held: tuple[dns.name.Name, ...] = (),
    ) -> tuple[Endpoint, ...]:
        """Addresses to go on with where those of `endpoints` are of no use: the names' own."""
        with self._exchange.budgets.spending(cut.apex):
            found = await together(self.addresses(name, held=held) for name in cut.nameservers)
        own = self._usable(endpoint for addresses in found for endpoint in addresses.endpoints)
        return tuple(endpoint for endpoint in own if endpoint not in but)

    async def _some(
        self, cut: ZoneCut, *, held: tuple[dns.name.Name, ...]
    ) -> dict[dns.name.Name, tuple[Endpoint, ...]]:
        """Give name servers with addresses to ask: those with glue, or else all with their own."""
        servers = {name: self._usable(glue) for name, glue in cut.nameservers.items()}
        if not any(servers.values()):
            if cut.known_at:
                return dict.fromkeys(tuple(cut.nameservers)[:1], cut.known_at)
            with self._exchange.budgets.spending(cut.apex):
                found = await together(self.addresses(name, held=held) for name in cut.nameservers)
            servers = {
                name: self._usable(addresses.endpoints)
                for name, addresses in zip(cut.nameservers, found, strict=True)
            }
        return _within_bound(servers)

    async def _all(self, cut: ZoneCut) -> dict[dns.name.Name, tuple[Endpoint, ...]]:
        """Give all name servers with addresses to ask: the glue of each, or else its own."""
        servers = {name: self._usable(glue) for name, glue in cut.nameservers.items()}
        bare = [name for name, endpoints in servers.items() if not endpoints]
        with self._exchange.budgets.spending(cut.apex):
            found = await together(self.addresses(name) for name in bare)
        for name, addresses in zip(bare, found, strict=True):
            servers[name] = self._usable(addresses.endpoints)
        return _within_bound(servers)

    def _usable(self, endpoints: Iterable[Endpoint]) -> tuple[Endpoint, ...]:
        usable = dict.fromkeys(e for e in endpoints if e.family in self._families)
        return tuple(usable)[:MOST_ADDRESSES]  # of more, the zone itself tells

    async def _resolve(self, name: dns.name.Name, held: tuple[dns.name.Name, ...]) -> Addresses:
        if self._discovery is not None:
            discovery = self._discovery
            messages = await together(discovery.ask(name, rdtype) for rdtype in ADDRESS_TYPES)
            return read_addresses(name, [[message] if message else [] for message in messages])
        found = await self._find(name, held)
        if isinstance(found, NoSuchDomain):
            return Addresses((), "the name does not exist")
        if not isinstance(found, ZoneCut):
            return Addresses((), "nothing answers from this host", unanswered=True)
        servers = await self._some(found, held=held)
        if not servers and await self._is_circular(found, held):
            return _CIRCULAR
        replies = await together(
            self._addresses_of(name, rdtype, found, servers) for rdtype in ADDRESS_TYPES
        )
        return read_addresses(name, replies)

    async def _is_circular(self, cut: ZoneCut, held: tuple[dns.name.Name, ...]) -> bool:
        """Whether no name server of a zone has an address that could be learned without it."""
        found = await together(self.addresses(name, held=held) for name in cut.nameservers)
        return any(addresses.circular for addresses in found)

    async def _addresses_of(
        self,
        name: dns.name.Name,
        rdtype: dns.rdatatype.RdataType,
        cut: ZoneCut,
        servers: Mapping[dns.name.Name, tuple[Endpoint, ...]],
    ) -> list[dns.message.Message]:
        """Ask several servers of the name's zone, as they may differ; a registry's are alike."""

        def usable(response: Response) -> bool:
            return is_authoritative(response.message)

        if not is_registry(cut.apex) and len(servers) > 1:
            some = {
                server: self._exchange.by_promise(endpoints)[:1]
                for server, endpoints in tuple(servers.items())[:_ENOUGH_SERVERS]
            }
            replies = await ask_each_server(
                self._exchange, some, name, rdtype, usable=usable, least=1
            )
            heard = [r.message for r in replies.values() if isinstance(r, Response) and usable(r)]
            if heard:
                return heard
        endpoints = self._usable(endpoint for some in servers.values() for endpoint in some)
        got = await ask_any(self._exchange, endpoints, name, rdtype, usable=usable)
        if got is None:
            more = [e for e in self._glueless(cut) if e not in endpoints]
            got = await ask_any(self._exchange, more, name, rdtype, usable=usable)
        return [] if got is None else [got[1].message]

    def _glueless(self, cut: ZoneCut) -> tuple[Endpoint, ...]:
        """Give the addresses of a zone's name servers that happen to be known beside the glue."""
        known = (self._known.addresses.get(name) for name in cut.nameservers)
        return self._usable(e for addresses in known if addresses for e in addresses.endpoints)

    async def _resolve_again(self, zone: Zone) -> None:
        """Look once more for addresses that nobody answered for, beside the rounds."""
        unknown = [server.name for server in zone.nameservers if server.unanswered]
        resolved = await together(self._resolve(name, (name,)) for name in unknown)
        found = dict(zip(unknown, resolved, strict=True))
        if self._known.zones.get(zone.apex) is not zone:
            return  # learned anew meanwhile
        self._known.addresses.update(found)
        self._known.zones[zone.apex] = replace(
            zone,
            nameservers=tuple(
                _with_own(server, found[server.name]) if server.name in found else server
                for server in zone.nameservers
            ),
        )

    def _leads_to(self, name: dns.name.Name, targets: frozenset[dns.name.Name]) -> bool:
        """Whether resolving `name` now waits, directly or not, for one of `targets`."""
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

    async def _learn(self, cut: ZoneCut) -> Zone:
        """Ask parent and child who serves the zone: every server, since they may differ."""
        async with asyncio.TaskGroup() as group:
            asking_above = group.create_task(self._delegation(cut))
            asking_apex = group.create_task(self._apex_set(cut))
            # Needed in any case: asked at the same time, they are known below.
            for name in cut.nameservers:
                group.create_task(self.addresses(name))
        delegation, apex_set = asking_above.result(), asking_apex.result()
        known = delegation.nameservers or dict(cut.nameservers)
        await self._ask_further(cut, known, apex_set)
        apex = apex_set.nameservers
        if not delegation.nameservers and apex and not cut.referred:
            known = {}  # every server of the parent serves the child too: no delegation to see
        names = sorted({*known, *apex})
        if len(names) > MOST_NAMESERVERS:
            self._exchange.budgets.note(Budget.NAMESERVERS, MOST_NAMESERVERS, cut.apex)
            names = names[:MOST_NAMESERVERS]
        own = await together(self.addresses(name) for name in names)
        return Zone(
            cut.apex,
            cut.parent,
            self._bounded(
                cut,
                tuple(
                    _with_own(
                        NameServer(
                            name,
                            frozenset(
                                listing
                                for listing, names_listed in (
                                    (Listing.DELEGATION, known),
                                    (Listing.APEX, apex),
                                )
                                if name in names_listed
                            ),
                            glue=known.get(name, ()),
                            apex_from=apex.get(name, frozenset()),
                        ),
                        addresses,
                    )
                    for name, addresses in zip(names, own, strict=True)
                ),
            ),
            parent_answers=tuple(delegation.answers),
            unheard=(*delegation.unheard, *apex_set.unheard.values()),
        )

    def _bounded(self, cut: ZoneCut, nameservers: tuple[NameServer, ...]) -> tuple[NameServer, ...]:
        """Leave out addresses beyond the bound, and say so; each name server keeps a fair share."""
        every = {endpoint for server in nameservers for endpoint in server.endpoints}
        if len(every) <= MOST_ADDRESSES:
            return nameservers
        self._exchange.budgets.note(Budget.ADDRESSES, MOST_ADDRESSES, cut.apex)
        share = max(1, MOST_ADDRESSES // len(nameservers))
        return tuple(
            replace(server, own=server.endpoints[:share], glue=(), limited=True)
            if len(server.endpoints) > share
            else server
            for server in nameservers
        )

    async def _delegation(self, cut: ZoneCut) -> Delegation:
        """Ask the servers of the zone above for the delegation, where a walk came through it."""
        parent = self._known.cuts.get(cut.parent) if cut.parent is not None else None
        if cut.parent == dns.name.root:
            parent = self._root
        if parent is None:
            return Delegation()
        servers = await (
            self._some(parent, held=()) if is_registry(parent.apex) else self._all(parent)
        )
        return await self._sets.delegation(cut, parent, servers)

    async def _apex_set(self, cut: ZoneCut) -> ApexSet:
        """Ask those of the zone's name servers that can be asked at once for its own NS set."""
        found = ApexSet()
        await self._sets.apex(cut, await self._some(cut, held=()), found)
        return found

    async def _ask_further(
        self,
        cut: ZoneCut,
        delegated: Mapping[dns.name.Name, tuple[Endpoint, ...]],
        apex_set: ApexSet,
    ) -> None:
        """Ask all name servers that turn up for the zone's NS set, at every address they have."""
        asked: dict[dns.name.Name, set[Endpoint]] = {
            name: set(self._usable(glue)) for name, glue in cut.nameservers.items()
        }
        if not any(asked.values()):
            some = await self._some(cut, held=())
            asked = {name: set(endpoints) for name, endpoints in some.items()}
        for _ in range(_MOST_PASSES):
            names = sorted({*delegated, *apex_set.nameservers})
            own = await together(self.addresses(name) for name in names)
            due = {}
            for name, addresses in zip(names, own, strict=True):
                if asked.get(name) and name not in apex_set.unheard:
                    continue  # it has told
                known = self._usable((*delegated.get(name, ()), *addresses.endpoints))
                left = tuple(e for e in known if e not in asked.get(name, ()))
                if left:
                    due[name] = tuple(sorted(left, key=lambda e: (e.ipv6, e.address)))
            due = _within_bound(due, most=MOST_ADDRESSES - sum(map(len, asked.values())))
            if not due:
                return
            for name, endpoints in due.items():
                asked.setdefault(name, set()).update(endpoints)
            await self._sets.apex(cut, due, apex_set)


def _within_bound(
    servers: Mapping[dns.name.Name, tuple[Endpoint, ...]], *, most: int = MOST_ADDRESSES
) -> dict[dns.name.Name, tuple[Endpoint, ...]]:
    """Keep of each name server with addresses a fair share; of more, the zone itself tells."""
    some = dict(itertools.islice(((n, e) for n, e in servers.items() if e), MOST_NAMESERVERS))
    if sum(map(len, some.values())) <= most:
        return some
    share = max(0, most) // max(1, len(some))
    return {name: endpoints[:share] for name, endpoints in some.items()} if share else {}


def _with_own(server: NameServer, addresses: Addresses) -> NameServer:
    """Complete a name server with what its own zone says of its addresses."""
    return replace(
        server,
        own=addresses.endpoints,
        failure=addresses.failure,
        unanswered=addresses.unanswered,
        limited=addresses.limited,
    )
