"""Learns who serves a zone: the name servers of delegation and apex, and their addresses.

Decides whom to ask for that, what counts, and what is looked up again. `server_addresses` finds the
addresses, and `ns_sets` reads what one server says of an NS set.
"""

from __future__ import annotations

import asyncio
import functools
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import dns.name

from certbot_dns_preflight.facts.limits import Budget
from certbot_dns_preflight.facts.registry import is_registry
from certbot_dns_preflight.facts.zone import Listing, NameServer, Zone
from certbot_dns_preflight.resolve.budgets import MOST_ADDRESSES, MOST_NAMESERVERS
from certbot_dns_preflight.resolve.ns_sets import ApexSet, Delegation, NsSets
from certbot_dns_preflight.resolve.same_servers import SameServers
from certbot_dns_preflight.resolve.server_addresses import within_bound
from certbot_dns_preflight.resolve.single_flight import SingleFlight
from certbot_dns_preflight.resolve.tasks import Background, together

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping

    from certbot_dns_preflight.facts.answers import Endpoint
    from certbot_dns_preflight.resolve.cache import DelegationCache, ZoneCut
    from certbot_dns_preflight.resolve.exchange import Exchange
    from certbot_dns_preflight.resolve.referrals import Addresses
    from certbot_dns_preflight.resolve.server_addresses import ServerAddresses

_ENOUGH_WHERE_THEY_DIFFER = 2  # registry servers
_MOST_PASSES = 3  # for name servers listed only by name servers that only others list


class NameServers:
    """Learns who serves a run's zones, once per zone; `same` checks that it still holds."""

    def __init__(
        self,
        exchange: Exchange,
        cache: DelegationCache,
        *,
        root: ZoneCut,
        addresses: ServerAddresses,
    ) -> None:
        """Share the walk's parts; `root` is where it starts, and `addresses` belongs to it too."""
        self._exchange = exchange
        self._known = cache
        self._root = root
        self._addresses = addresses
        self._zones = SingleFlight(cache.zones)
        self._sets = NsSets(exchange, cache)
        self.same = SameServers(exchange, cache, self._sets, addresses, self._delegation)
        self._again = Background()

    async def close(self) -> None:
        """Stop the lookups still running outside the rounds."""
        await self._again.close()

    async def zone(self, cut: ZoneCut, *, patience: float = 0.0) -> Zone:
        """Learn who serves a zone: the name servers of delegation and apex, and their addresses.

        Each call retries, in the background, addresses and NS sets that got no answer; `patience`
        is how many seconds to wait for that.
        """
        with self._exchange.budgets.spending(cut.apex):
            return await self._zone(cut, patience=patience)

    async def _zone(self, cut: ZoneCut, *, patience: float) -> Zone:
        known = self._known.zones.get(cut.apex)
        if known is None:
            self._known.learned[cut.apex] = asyncio.get_running_loop().time()
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
        """Choose what to look up again; a server that is down is left alone meanwhile."""
        missing = (e for unheard in known.unheard for e in unheard.addresses)
        if any(not self._exchange.is_silent(endpoint) for endpoint in missing):
            return lambda: self._learn_again(cut, known)
        if any(server.unanswered for server in known.nameservers):
            return lambda: self._resolve_again(known)
        return None

    async def _learn_again(self, cut: ZoneCut, zone: Zone) -> None:
        """Query again, in the background, NS sets that some servers did not answer for."""
        learned = await self._learn(cut)
        if self._known.zones.get(zone.apex) is zone:  # else relearned meanwhile
            self._known.zones[zone.apex] = learned

    async def _resolve_again(self, zone: Zone) -> None:
        """Look up again, in the background, addresses that got no answer."""
        unknown = [server.name for server in zone.nameservers if server.unanswered]
        resolved = await together(self._addresses.resolve(name, (name,)) for name in unknown)
        found = dict(zip(unknown, resolved, strict=True))
        if self._known.zones.get(zone.apex) is not zone:
            return  # relearned meanwhile
        self._known.addresses.update(found)
        self._known.zones[zone.apex] = replace(
            zone,
            nameservers=tuple(
                _with_own(server, found[server.name]) if server.name in found else server
                for server in zone.nameservers
            ),
        )

    async def _learn(self, cut: ZoneCut) -> Zone:
        """Ask every server of parent and child who serves the zone, since they may differ."""
        async with asyncio.TaskGroup() as group:
            asking_above = group.create_task(self._delegation(cut))
            asking_apex = group.create_task(self._apex_set(cut))
            # Needed in any case: started now, they are known below.
            for name in cut.nameservers:
                group.create_task(self._addresses.of(name))
        delegation, apex_set = asking_above.result(), asking_apex.result()
        agreed = delegation.nameservers.keys() == apex_set.nameservers.keys()
        if cut.parent is not None and is_registry(cut.parent) and (apex_set.unheard or not agreed):
            delegation = await self._delegation(cut, of_a_registry=_ENOUGH_WHERE_THEY_DIFFER)
        known = delegation.nameservers or dict(cut.nameservers)
        above = functools.partial(self._glue_above, cut)
        seen = bool(delegation.nameservers) or cut.referred
        await self._ask_further(cut, known, apex_set, above=None if seen else above)
        apex = apex_set.nameservers
        if not seen and apex:
            known = {}  # every server of the parent serves the child too: no delegation to see
        names = sorted({*known, *apex})
        if len(names) > MOST_NAMESERVERS:
            self._exchange.budgets.note(Budget.NAMESERVERS, MOST_NAMESERVERS, cut.apex)
            names = names[:MOST_NAMESERVERS]
        own = await together(self._addresses.of(name) for name in names)
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
                            glue=known.get(name, ())
                            or (() if addresses.endpoints or known else above(name)),
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

    def _glue_above(self, cut: ZoneCut, name: dns.name.Name) -> tuple[Endpoint, ...]:
        """Return the glue of a name server that serves a zone above, too.

        If nobody refers to the zone, that is where resolvers ask.
        """
        for above in reversed(self._known.lineage(cut, self._root)[:-1]):
            if above.nameservers.get(name):
                return above.nameservers[name]
        return ()

    def _bounded(self, cut: ZoneCut, nameservers: tuple[NameServer, ...]) -> tuple[NameServer, ...]:
        """Drop addresses beyond the limit, and record it; each name server keeps a fair share."""
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

    async def _delegation(
        self, cut: ZoneCut, *, of_a_registry: int = 1, anew: bool = False
    ) -> Delegation:
        """Ask the parent's servers for the delegation, if a walk came through the parent.

        At a registry, one server is asked, and another only if the zone itself disagrees.
        """
        parent = self._known.cuts.get(cut.parent) if cut.parent is not None else None
        if cut.parent == dns.name.root:
            parent = self._root
        if parent is None:
            return Delegation()
        servers = await (
            self._addresses.some(parent, held=())
            if is_registry(parent.apex)
            else self._addresses.every(parent)
        )
        return await self._sets.delegation(
            cut, parent, servers, of_a_registry=of_a_registry, anew=anew
        )

    async def _apex_set(self, cut: ZoneCut) -> ApexSet:
        """Ask the name servers that can be queried right away for the zone's own NS set."""
        found = ApexSet()
        await self._sets.apex(cut, await self._addresses.some(cut, held=()), found)
        return found

    async def _ask_further(
        self,
        cut: ZoneCut,
        delegated: Mapping[dns.name.Name, tuple[Endpoint, ...]],
        apex_set: ApexSet,
        *,
        above: Callable[[dns.name.Name], tuple[Endpoint, ...]] | None,
    ) -> None:
        """Ask all newly found name servers for the zone's NS set, at every address they have.

        If the names have none, and nobody refers to the zone, those known `above` it are theirs.
        """
        asked: dict[dns.name.Name, set[Endpoint]] = {
            name: set(self._addresses.usable(glue)) for name, glue in cut.nameservers.items()
        }
        if cut.known_at and not any(asked.values()):
            asked = {}  # an address was asked, and whose it is will be seen now
        elif not any(asked.values()):
            some = await self._addresses.some(cut, held=())
            asked = {name: set(endpoints) for name, endpoints in some.items()}
        for _ in range(_MOST_PASSES):
            names = sorted({*delegated, *apex_set.nameservers})
            resolved = await together(self._addresses.of(name) for name in names)
            due = {}
            for name, addresses in zip(names, resolved, strict=True):
                own = addresses.endpoints or (above(name) if above is not None else ())
                known = self._addresses.usable((*delegated.get(name, ()), *own))
                if name not in apex_set.unheard and (
                    asked.get(name) or not apex_set.heard.isdisjoint(known)
                ):
                    continue  # it has answered
                left = tuple(e for e in known if e not in asked.get(name, ()))
                if left:
                    due[name] = tuple(sorted(left, key=lambda e: (e.ipv6, e.address)))
            due = within_bound(due, most=MOST_ADDRESSES - sum(map(len, asked.values())))
            if not due:
                return
            for name, endpoints in due.items():
                asked.setdefault(name, set()).update(endpoints)
            await self._sets.apex(cut, due, apex_set)


def _with_own(server: NameServer, addresses: Addresses) -> NameServer:
    """Complete a name server with its addresses according to its own zone."""
    return replace(
        server,
        own=addresses.endpoints,
        failure=addresses.failure,
        unanswered=addresses.unanswered,
        limited=addresses.limited,
        circular=addresses.circular,
    )
