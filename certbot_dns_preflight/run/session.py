"""Open what a run asks with: exchange, walker and collector, for one vantage."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from certbot_dns_preflight.facts.answers import Endpoint
from certbot_dns_preflight.facts.outcome import Vantage
from certbot_dns_preflight.resolve.environment import EnvironmentCollector
from certbot_dns_preflight.resolve.exchange import Exchange
from certbot_dns_preflight.resolve.resolver_environment import ResolverEnvironment
from certbot_dns_preflight.resolve.resolver_survey import ResolverSurvey
from certbot_dns_preflight.resolve.resolver_zones import ResolverZones
from certbot_dns_preflight.resolve.txt import TxtSurvey
from certbot_dns_preflight.resolve.walker import Walker
from certbot_dns_preflight.run import inputs
from certbot_dns_preflight.settings import Family

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from certbot_dns_preflight.challenge import Challenge
    from certbot_dns_preflight.resolve.cache import DelegationCache
    from certbot_dns_preflight.resolve.expectations import Expectations
    from certbot_dns_preflight.resolve.unneeded import Unneeded
    from certbot_dns_preflight.run.inputs import Inputs
    from certbot_dns_preflight.settings import Settings

Collector: TypeAlias = EnvironmentCollector | ResolverEnvironment
_FAMILIES = {
    Family.AUTO: frozenset({4, 6}),
    Family.IPV4: frozenset({4}),
    Family.IPV6: frozenset({6}),
}


@dataclass(frozen=True, slots=True)
class Session:
    """The network side of one run. `families` (4, 6) are those that may be asked over.

    `zones` is set if the resolvers get all queries, and the walker then gets none.
    """

    exchange: Exchange
    walker: Walker
    collector: Collector
    resolvers: tuple[Endpoint, ...]
    families: frozenset[int]
    zones: ResolverZones | None = None

    def survey(
        self, challenge: Challenge, expectations: Expectations
    ) -> TxtSurvey | ResolverSurvey:
        """Start a survey of a challenge, at the name servers or at the resolvers."""
        if self.zones is not None:
            return ResolverSurvey(challenge, self.exchange, self.zones, expectations=expectations)
        return TxtSurvey(
            challenge,
            self.exchange,
            self.walker,
            families=self.families,
            expectations=expectations,
        )

    def drop(self, unneeded: Unneeded) -> None:
        """Drop what was learned of names that no challenge needs any more."""
        self.walker.drop(unneeded)
        self.collector.drop(unneeded)

    @property
    def vantage(self) -> Vantage:
        """Where the run looked from, as known so far."""
        unroutable_families = self.exchange.unroutable_families
        return Vantage(
            resolvers=self.resolvers,
            families=tuple(f"ipv{n}" for n in sorted(self.families - unroutable_families)),
            left_out=tuple(f"ipv{n}" for n in sorted(self.families & unroutable_families)),
            asks_resolvers=self.zones is not None,
        )


@contextlib.asynccontextmanager
async def opened(
    settings: Settings,
    read: Inputs,
    *,
    cache: DelegationCache | None = None,
    exchange: Exchange | None = None,
) -> AsyncIterator[Session]:
    """Open a session as `of_settings` does, and at the end cancel whatever it is still asking."""
    session = of_settings(settings, read, cache=cache, exchange=exchange)
    try:
        yield session
    finally:
        await session.walker.close()
        await session.exchange.close()


def of_settings(
    settings: Settings,
    read: Inputs | None = None,
    *,
    cache: DelegationCache | None = None,
    exchange: Exchange | None = None,
) -> Session:
    """Build the session of a run; `cache` is what earlier walks learned.

    `read` holds the files that the settings name; if None, they are read here. `exchange` replaces
    the usual one, for callers that want to observe it.

    Raises `inputs.InputError` for a bad file.
    """
    read = read or inputs.load(settings)
    exchange = exchange or Exchange(
        query_timeout=settings.query_timeout,
        histories=None if cache is None else cache.histories,
        registries=None if cache is None else cache.registries,
    )
    families = _FAMILIES[settings.family]
    resolvers = tuple(Endpoint(r.address, r.port, r.service) for r in settings.resolver)
    walker = Walker(
        exchange,
        roots=read.hints,
        resolvers=resolvers,
        families=families,
        cache=cache,
    )
    if settings.asks_resolvers:
        zones = ResolverZones(exchange, resolvers)
        around = ResolverEnvironment(exchange, zones)
        return Session(exchange, walker, around, resolvers, families, zones)
    collector = EnvironmentCollector(exchange, walker, resolvers=resolvers, families=families)
    return Session(exchange, walker, collector, resolvers, families)
