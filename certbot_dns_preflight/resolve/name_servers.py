"""Who serves a zone: the name servers of delegation and apex together, and their addresses.

Decides whom to ask for that and what counts. A name server's own addresses take a walk of their
own, which `walker` does.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import dns.name
import dns.rdatatype

from certbot_dns_preflight.facts.limits import Budget
from certbot_dns_preflight.facts.survey import Listing, NameServer, NoSuchDomain, Zone
from certbot_dns_preflight.resolve.budgets import MOST_ADDRESSES, MOST_NAMESERVERS
from certbot_dns_preflight.resolve.cache import ZoneCut
from certbot_dns_preflight.resolve.fanout import ask_any, ask_everyone
from certbot_dns_preflight.resolve.reading import rrset_at
from certbot_dns_preflight.resolve.referrals import (
    ADDRESS_TYPES,
    Addresses,
    find_referral,
    is_authoritative,
    merge,
    read_addresses,
    targets,
    with_glue,
)
from certbot_dns_preflight.resolve.single_flight import SingleFlight
from certbot_dns_preflight.resolve.tasks import Background, together

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping

    from certbot_dns_preflight.facts.answers import Endpoint
    from certbot_dns_preflight.resolve.cache import DelegationCache, Found
    from certbot_dns_preflight.resolve.exchange import Exchange
    from certbot_dns_preflight.resolve.via_resolver import Discovery

    Find = Callable[[dns.name.Name, tuple[dns.name.Name, ...]], Awaitable[Found]]

_DEEPEST_CHAIN = 8  # name servers whose addresses need other name servers, and so on


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
        self._needs: dict[dns.name.Name, set[dns.name.Name]] = {}
        self._again = Background()

    async def close(self) -> None:
        """Stop what is still being looked for beside the rounds."""
        await self._again.close()

    async def zone(self, cut: ZoneCut, *, patience: float = 0.0) -> Zone:
        """Learn who serves a zone: the name servers of delegation and apex, and their addresses.

        Addresses that nobody answered for are looked for again at every call, beside what the
        caller does then; `patience` are the seconds to wait for that.
        """
        with self._exchange.budgets.spending(cut.apex):
            return await self._zone(cut, patience=patience)

    async def _zone(self, cut: ZoneCut, *, patience: float) -> Zone:
        known = self._known.zones.get(cut.apex)
        if known is None:
            return await self._zones.get(cut.apex, lambda: self._learn(cut))
        if any(server.unanswered for server in known.nameservers):
            task = self._again.start(cut.apex, lambda: self._resolve_again(known))
            if patience:
                await asyncio.wait([task], timeout=patience)
                return self._known.zones.get(cut.apex, known)
        return known

    async def addresses(
        self, name: dns.name.Name, *, held: tuple[dns.name.Name, ...] = ()
    ) -> Addresses:
        """Resolve a name server's addresses by a walk of its own.

        `held` are the names whose addresses wait for this one; a circle resolves to nothing.
        """
        if name not in self._known.addresses and self._exchange.budgets.take_name(name):
            return Addresses((), "it was not looked up: the run's limit was met", limited=True)
        if len(held) >= _DEEPEST_CHAIN or self._leads_to(name, frozenset(held)):
            return Addresses((), "its address depends on itself, and there is no glue")
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
        glue = [endpoint for endpoints in cut.nameservers.values() for endpoint in endpoints]
        if not self._usable(glue):
            with self._exchange.budgets.spending(cut.apex):
                found = await together(self.addresses(name, held=held) for name in cut.nameservers)
            glue = [endpoint for addresses in found for endpoint in addresses.endpoints]
        return self._usable(glue)

    def _usable(self, endpoints: Collection[Endpoint]) -> tuple[Endpoint, ...]:
        usable = dict.fromkeys(e for e in endpoints if e.family in self._families)
        return tuple(usable)[:MOST_ADDRESSES]  # of more, the zone itself tells

    async def _resolve(self, name: dns.name.Name, held: tuple[dns.name.Name, ...]) -> Addresses:
        if self._discovery is not None:
            discovery = self._discovery
            messages = await together(discovery.ask(name, rdtype) for rdtype in ADDRESS_TYPES)
            return read_addresses(name, messages)
        found = await self._find(name, held)
        if isinstance(found, NoSuchDomain):
            return Addresses((), "the name does not exist")
        if not isinstance(found, ZoneCut):
            return Addresses((), "nothing answers from this host", unanswered=True)
        endpoints = await self.endpoints(found, held=held)
        got = await together(
            ask_any(
                self._exchange,
                endpoints,
                name,
                rdtype,
                usable=lambda response: is_authoritative(response.message),
            )
            for rdtype in ADDRESS_TYPES
        )
        return read_addresses(name, [answer[1].message if answer else None for answer in got])

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
            delegation = group.create_task(self._delegation(cut))
            apex_set = group.create_task(self._apex_set(cut.apex, cut.nameservers))
            # Needed in any case: asked at the same time, they are known below.
            for name in cut.nameservers:
                group.create_task(self.addresses(name))
        delegated, apex = delegation.result(), apex_set.result()
        known = delegated or dict(cut.nameservers)
        unheard = {name: glue for name, glue in known.items() if name not in cut.nameservers}
        if unheard:
            merge(apex, await self._apex_set(cut.apex, unheard))
        if not delegated and apex and not cut.referred:
            known = {}  # every server of the parent serves the child too: no delegation to see
        names = sorted({*known, *apex})
        if len(names) > MOST_NAMESERVERS:
            self._exchange.budgets.note(Budget.NAMESERVERS, MOST_NAMESERVERS, cut.apex)
            names = names[:MOST_NAMESERVERS]
        own = await together(self.addresses(name) for name in names)
        return self._bounded(
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
                    ),
                    addresses,
                )
                for name, addresses in zip(names, own, strict=True)
            ),
        )

    def _bounded(self, cut: ZoneCut, nameservers: tuple[NameServer, ...]) -> Zone:
        """Leave out addresses beyond the bound, and say so; each name server keeps a fair share."""
        every = {endpoint for server in nameservers for endpoint in server.endpoints}
        if len(every) > MOST_ADDRESSES:
            self._exchange.budgets.note(Budget.ADDRESSES, MOST_ADDRESSES, cut.apex)
            share = max(1, MOST_ADDRESSES // len(nameservers))
            nameservers = tuple(
                replace(server, own=server.endpoints[:share], glue=(), limited=True)
                if len(server.endpoints) > share
                else server
                for server in nameservers
            )
        return Zone(cut.apex, cut.parent, nameservers)

    async def _delegation(self, cut: ZoneCut) -> dict[dns.name.Name, tuple[Endpoint, ...]]:
        """Ask all servers of the zone above for the delegation, and take what any of them says."""
        delegated: dict[dns.name.Name, tuple[Endpoint, ...]] = {}
        parent = self._known.cuts.get(cut.parent) if cut.parent is not None else None
        if cut.parent == dns.name.root:
            parent = self._root
        if parent is not None:
            for endpoint, response in await ask_everyone(
                self._exchange, await self.endpoints(parent), cut.apex, dns.rdatatype.NS
            ):
                message = response.message
                referral = find_referral(message, parent.apex, cut.apex)
                if referral is not None and referral.name == cut.apex:
                    self._known.note_referral(cut.apex, endpoint, response)
                    merge(delegated, with_glue(referral, message, parent.apex))
        return delegated

    async def _apex_set(
        self, apex: dns.name.Name, nameservers: Mapping[dns.name.Name, tuple[Endpoint, ...]]
    ) -> dict[dns.name.Name, tuple[Endpoint, ...]]:
        """Ask these name servers for the NS RRset at the apex, and take what any of them says."""
        found: dict[dns.name.Name, tuple[Endpoint, ...]] = {}
        endpoints = await self.endpoints(ZoneCut(apex, None, nameservers))
        for _, response in await ask_everyone(self._exchange, endpoints, apex, dns.rdatatype.NS):
            ns = rrset_at(response.message.answer, apex, dns.rdatatype.NS)
            if ns is not None and is_authoritative(response.message):
                merge(found, dict.fromkeys(targets(ns), ()))
        return found


def _with_own(server: NameServer, addresses: Addresses) -> NameServer:
    """Complete a name server with what its own zone says of its addresses."""
    return replace(
        server,
        own=addresses.endpoints,
        failure=addresses.failure,
        unanswered=addresses.unanswered,
        limited=addresses.limited,
    )
