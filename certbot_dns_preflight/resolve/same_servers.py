"""Checks briefly whether the servers found for a zone still serve it.

Decides what to query for that, and what counts as a change; `name_servers` and `server_addresses`
learn the NS sets and addresses themselves. No walk is needed for it.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from certbot_dns_preflight.facts.zone import Listing
from certbot_dns_preflight.resolve.ns_sets import ApexSet
from certbot_dns_preflight.resolve.server_addresses import within_bound
from certbot_dns_preflight.resolve.single_flight import SingleFlight
from certbot_dns_preflight.resolve.tasks import together

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Protocol

    import dns.name

    from certbot_dns_preflight.facts.zone import Zone
    from certbot_dns_preflight.resolve.cache import DelegationCache, ZoneCut
    from certbot_dns_preflight.resolve.exchange import Exchange
    from certbot_dns_preflight.resolve.ns_sets import Delegation, NsSets
    from certbot_dns_preflight.resolve.server_addresses import ServerAddresses

    class AskAbove(Protocol):
        """Queries the parent's servers for a delegation."""

        async def __call__(self, cut: ZoneCut, *, anew: bool) -> Delegation:
            """Query the delegation; with `anew`, ignore what the walks already learned."""


_NEVER = float("-inf")


class SameServers:
    """Rechecks the zones of a run, each at most once since a given moment."""

    def __init__(
        self,
        exchange: Exchange,
        cache: DelegationCache,
        sets: NsSets,
        addresses: ServerAddresses,
        ask_above: AskAbove,
    ) -> None:
        """Set the parts that send queries; `ask_above` queries a delegation."""
        self._exchange = exchange
        self._known = cache
        self._sets = sets
        self._addresses = addresses
        self._ask_above = ask_above
        self._same: SingleFlight[dns.name.Name, bool] = SingleFlight()
        self._looked: dict[dns.name.Name, float] = {}

    async def are_all_there(self, cuts: Iterable[ZoneCut], since: float, *, again: bool) -> bool:
        """Check several zones at once."""
        return all(await together(self.are_there(cut, since, again=again) for cut in cuts))

    async def are_there(self, cut: ZoneCut, since: float, *, again: bool) -> bool:
        """Check who serves a zone, unless known since `since`; return whether that is unchanged.

        `again`: skip only if someone has rechecked since then; having learned it is not enough.
        Queries the NS sets at one address of each server, and one server for the addresses of each
        name server. What got no answer this time is kept with the zone.
        """
        if not again and self._known.learned.get(cut.apex, _NEVER) >= since:
            return True
        if self._looked.get(cut.apex, _NEVER) < since:
            self._same.results.pop(cut.apex, None)
        return await self._same.get(cut.apex, lambda: self._look(cut, since))

    async def _look(self, cut: ZoneCut, since: float) -> bool:
        known = self._known.zones.get(cut.apex)
        if known is None:
            return False
        now = asyncio.get_running_loop().time()
        self._looked[cut.apex] = self._known.learned[cut.apex] = now
        servers = {s.name: self._addresses.usable(s.endpoints) for s in known.nameservers}
        apex_set = ApexSet()
        with self._exchange.budgets.spending(cut.apex):
            async with asyncio.TaskGroup() as group:
                asking_above = group.create_task(self._ask_above(cut, anew=True))
                group.create_task(self._sets.apex(cut, within_bound(servers), apex_set))
                own = [
                    group.create_task(self._addresses.are_as_before(name, since))
                    for name in servers
                ]
        delegation = asking_above.result()
        if not all(task.result() for task in own) or not _are_listed(known, delegation, apex_set):
            return False
        self._known.zones[cut.apex] = replace(
            known,
            parent_answers=tuple(delegation.answers) or known.parent_answers,
            unheard=(*delegation.unheard, *apex_set.unheard.values()),
        )
        return True


def _are_listed(zone: Zone, delegation: Delegation, apex_set: ApexSet) -> bool:
    """Return whether the NS sets list the known servers of a zone, with no other glue."""
    glue = {server.name: server.glue for server in zone.nameservers}
    delegated = {s.name for s in zone.nameservers if Listing.DELEGATION in s.listed_by}
    at_apex = {s.name for s in zone.nameservers if Listing.APEX in s.listed_by}
    return (
        delegation.nameservers.keys() == delegated
        and apex_set.nameservers.keys() == at_apex
        and all(set(glue[name]).issuperset(e) for name, e in delegation.nameservers.items())
    )
