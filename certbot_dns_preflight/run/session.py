"""What a run asks with: exchange, walker, scout, and from which vantage. Made from the settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from certbot_dns_preflight.facts.answers import Endpoint
from certbot_dns_preflight.facts.outcome import Vantage
from certbot_dns_preflight.resolve.environment import EnvironmentCollector
from certbot_dns_preflight.resolve.exchange import Exchange
from certbot_dns_preflight.resolve.root_hints import builtin, read
from certbot_dns_preflight.resolve.walker import Walker
from certbot_dns_preflight.settings import Family

if TYPE_CHECKING:
    from certbot_dns_preflight.resolve.cache import DelegationCache
    from certbot_dns_preflight.settings import Settings

_FAMILIES = {
    Family.AUTO: frozenset({4, 6}),
    Family.IPV4: frozenset({4}),
    Family.IPV6: frozenset({6}),
}


@dataclass(frozen=True, slots=True)
class Session:
    """The network side of one run. `families` (4, 6) are those that may be asked over."""

    exchange: Exchange
    walker: Walker
    collector: EnvironmentCollector
    resolvers: tuple[Endpoint, ...]
    families: frozenset[int]

    @property
    def vantage(self) -> Vantage:
        """From where the run looked, as far as it is known by now."""
        unroutable_families = self.exchange.unroutable_families
        return Vantage(
            resolvers=self.resolvers,
            families=tuple(f"ipv{n}" for n in sorted(self.families - unroutable_families)),
            left_out=tuple(f"ipv{n}" for n in sorted(self.families & unroutable_families)),
        )


def of_settings(
    settings: Settings, *, cache: DelegationCache | None = None, exchange: Exchange | None = None
) -> Session:
    """Make the means of a run; `cache` is what earlier walks learned.

    `exchange` stands in for the usual one, for those who want to watch.

    Raises `RootHintsError` for a bad hints file.
    """
    exchange = exchange or Exchange(
        query_timeout=settings.query_timeout,
        consecutive_timeouts=None if cache is None else cache.consecutive_timeouts,
    )
    families = _FAMILIES[settings.family]
    resolvers = tuple(Endpoint(r.address, r.port) for r in settings.resolver)
    walker = Walker(
        exchange,
        roots=read(settings.root_hints) if settings.root_hints else builtin(),
        resolvers=resolvers,
        families=families,
        cache=cache,
    )
    collector = EnvironmentCollector(exchange, walker, resolvers=resolvers, families=families)
    return Session(exchange, walker, collector, resolvers, families)
