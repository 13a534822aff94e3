"""Limits what a run may spend on others' behalf: queries, names, addresses and bytes.

Delegations can be crafted so that one name leads to thousands of others (NRDelegation, TsuNAME). So
each zone has limits on what is learned for it, and so does the whole run. They are generous:
thirteen name servers with two addresses each, at every one of sixteen aliases, come nowhere near.
Anything over a limit is not queried, and `met` records that; `docs/reference/limits.md` has the
figures. Sends no queries itself.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from certbot_dns_preflight.facts.limits import Budget, LimitMet

if TYPE_CHECKING:
    from collections.abc import Iterator

    import dns.name

    from certbot_dns_preflight.facts.answers import Endpoint

# Per zone.
MOST_NAMESERVERS = 100
"""Name servers of a zone, those of delegation and apex together."""
MOST_ADDRESSES = 100
"""Addresses of all name servers of a zone together."""
# To learn who serves one zone, including lookups in other zones.
NAMES_A_ZONE = 300
"""Name servers' names whose addresses are looked up."""
QUERIES_A_ZONE = 3000
"""Questions that are sent."""
ADDRESSES_A_ZONE = 400
"""Different addresses that are asked."""
# Per run: a base amount, plus one for each name and one for each second of its timeout.
QUERIES_A_RUN, QUERIES_A_NAME, QUERIES_A_SECOND = 10_000, 2_000, 120
"""Questions that are sent, those of all rounds included."""
NAMES_A_RUN, NAMES_A_NAME = 1_000, 300
"""Name servers' names whose addresses are looked up."""
ADDRESSES_A_RUN, ADDRESSES_A_NAME = 2_000, 500
"""Different addresses that are asked."""
BYTES_A_RUN, BYTES_A_NAME, BYTES_A_SECOND = 1 << 26, 1 << 24, 1 << 20
"""Bytes of answers."""

MOST_HELD, HELD_FROM = 2 << 20, 4096
"""Bytes of the latest answers to all questions, of those answers that have so many bytes."""

_USUAL_SECONDS = 300.0


@dataclass(slots=True)
class _Spent:
    """What a zone or the run has spent so far."""

    queries: int = 0
    bytes: int = 0
    names: set[dns.name.Name] = field(default_factory=set)
    addresses: set[Endpoint] = field(default_factory=set)


class Budgets:
    """Counts what a run spends, and says when it must stop."""

    def __init__(self) -> None:
        """Start with the budgets of one name and the usual timeout."""
        self.met: dict[tuple[Budget, dns.name.Name | None], LimitMet] = {}
        self._zone: ContextVar[dns.name.Name | None] = ContextVar("zone", default=None)
        self._run = _Spent()
        self._zones: dict[dns.name.Name, _Spent] = {}
        self._held: dict[tuple[Endpoint, dns.name.Name, int], int] = {}
        self.allow(1, seconds=_USUAL_SECONDS)

    def allow(self, names: int, *, seconds: float) -> None:
        """Set the run's budgets for this many names, each with this timeout."""
        second = int(seconds)
        self._limits = {
            Budget.QUERIES: QUERIES_A_RUN + names * (QUERIES_A_NAME + QUERIES_A_SECOND * second),
            Budget.NAMES: NAMES_A_RUN + names * NAMES_A_NAME,
            Budget.ADDRESSES: ADDRESSES_A_RUN + names * ADDRESSES_A_NAME,
            Budget.BYTES: BYTES_A_RUN + names * (BYTES_A_NAME + BYTES_A_SECOND * second),
        }

    @contextlib.contextmanager
    def spending(self, zone: dns.name.Name) -> Iterator[None]:
        """Charge queries sent in this block to a zone, unless one is already being charged."""
        if self._zone.get() is not None:
            yield
            return
        token = self._zone.set(zone)
        try:
            yield
        finally:
            self._zone.reset(token)

    def take_query(self, endpoint: Endpoint) -> LimitMet | None:
        """Count a query to an address; return the limit that forbids it, if any."""
        zone = self._zone.get()
        for spent, whose in self._spenders(zone):
            limit = self._over(Budget.QUERIES, spent.queries + 1, whose)
            if limit is None and endpoint not in spent.addresses:
                limit = self._over(Budget.ADDRESSES, len(spent.addresses) + 1, whose)
            if limit is None and whose is None:
                limit = self._over(Budget.BYTES, spent.bytes, None)
            if limit is not None:
                return limit
        for spent, _ in self._spenders(zone):
            spent.queries += 1
            spent.addresses.add(endpoint)
        return None

    def take_name(self, name: dns.name.Name) -> LimitMet | None:
        """Count a lookup of a name server's addresses; return the limit that forbids it, if any."""
        zone = self._zone.get()
        for spent, whose in self._spenders(zone):
            if name not in spent.names:
                limit = self._over(Budget.NAMES, len(spent.names) + 1, whose)
                if limit is not None:
                    return limit
        for spent, _ in self._spenders(zone):
            spent.names.add(name)
        return None

    def take_bytes(self, size: int) -> None:
        """Count the bytes of an answer already received."""
        for spent, _ in self._spenders(self._zone.get()):
            spent.bytes += size

    def hold(
        self, endpoint: Endpoint, name: dns.name.Name, rdtype: int, size: int
    ) -> LimitMet | None:
        """Hold an answer in place of the previous one; return the limit if there is no room for it.

        As objects, large answers take about eight times their bytes.
        """
        question = (endpoint, name, rdtype)
        self._held.pop(question, None)
        if size < HELD_FROM:
            return None
        if sum(self._held.values()) + size <= MOST_HELD:
            self._held[question] = size
            return None
        known = self.met.get((Budget.BYTES, None))
        if known is None:
            names = Counter({name: size})
            for (_, whose, _), held in self._held.items():
                names[whose] += held
            ((most, _),) = names.most_common(1)
            known = LimitMet(Budget.BYTES, MOST_HELD, most, whole_run=True)
            self.met[Budget.BYTES, None] = known
        return known

    def note(self, budget: Budget, limit: int, zone: dns.name.Name) -> LimitMet:
        """Record that one of a zone's own limits was reached."""
        return self.met.setdefault((budget, zone), LimitMet(budget, limit, zone, whole_run=False))

    def concerning(self, owners: list[dns.name.Name], *, incomplete: bool) -> tuple[LimitMet, ...]:
        """Return the limits that kept us from seeing what is at these names.

        A limit of the whole run counts only if what was seen is `incomplete`.
        """
        return tuple(
            limit
            for limit in self.met.values()
            if (limit.whole_run and incomplete)
            or (
                not limit.whole_run
                and limit.zone is not None
                and any(owner.is_subdomain(limit.zone) for owner in owners)
            )
        )

    def _spenders(
        self, zone: dns.name.Name | None
    ) -> tuple[tuple[_Spent, dns.name.Name | None], ...]:
        if zone is None:
            return ((self._run, None),)
        return ((self._zones.setdefault(zone, _Spent()), zone), (self._run, None))

    def _over(self, budget: Budget, spent: int, zone: dns.name.Name | None) -> LimitMet | None:
        limit = self._limits[budget] if zone is None else _OF_A_ZONE[budget]
        if spent <= limit:
            return None
        known = self.met.get((budget, zone))
        if known is None:
            whose = zone or max(
                self._zones, key=lambda one: _amount(self._zones[one], budget), default=None
            )
            known = LimitMet(budget, limit, whose, whole_run=zone is None)
            self.met[budget, zone] = known
        return known


_OF_A_ZONE = {
    Budget.QUERIES: QUERIES_A_ZONE,
    Budget.NAMES: NAMES_A_ZONE,
    Budget.ADDRESSES: ADDRESSES_A_ZONE,
}


def _amount(spent: _Spent, budget: Budget) -> int:
    match budget:
        case Budget.QUERIES:
            return spent.queries
        case Budget.NAMES:
            return len(spent.names)
        case Budget.BYTES:
            return spent.bytes
        case _:
            return len(spent.addresses)
