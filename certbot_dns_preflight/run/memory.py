"""Remember silent name servers and delegations for later runs in the same process.

`certbot renew` processes all lineages in one process, one after another, and most have their zones
on the same name servers. Nothing is kept beyond the process. Delegations are kept as long as a
cache may keep them, but are learned again before a record counts as visible, and no run is stopped
because of them. Sends no queries.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from certbot_dns_preflight.facts.survey import silent_servers
from certbot_dns_preflight.resolve.cache import DelegationCache
from certbot_dns_preflight.resolve.registry_answers import seconds_to_keep

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import dns.name

    from certbot_dns_preflight.facts.answers import Endpoint
    from certbot_dns_preflight.facts.outcome import Outcome
    from certbot_dns_preflight.facts.survey import Hop
    from certbot_dns_preflight.resolve.registry_answers import Question
    from certbot_dns_preflight.settings import Settings

MINUTES_AGO = 900.0
"""Seconds for which a silence is remembered after it was last met."""
_MOST_SECONDS = 3600.0  # the longest that a delegation is kept, whatever its TTL


@dataclass(slots=True)
class _Learned:
    """What runs with the same view of the DNS have learned. Times are on the memory's clock."""

    silent: dict[Endpoint, float] = field(default_factory=dict)
    since: dict[dns.name.Name | Question, float] = field(default_factory=dict)
    cache: DelegationCache = field(default_factory=DelegationCache)


class Memory:
    """The memory of a process. Runs with a different view of the DNS share nothing."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Start empty; `clock` returns seconds."""
        self._clock = clock
        self._learned: dict[Settings, _Learned] = {}

    def forget(self) -> None:
        """Forget everything."""
        self._learned.clear()

    def now(self) -> float:
        """Return the current time on the memory's clock, as `keep` expects it."""
        return self._clock()

    def delegations(self, settings: Settings) -> DelegationCache:
        """Return a run's own cache with everything that is still fresh.

        It includes how addresses answer, but no silence from long ago.
        """
        known, now = self._of(settings), self._clock()
        cache = DelegationCache()
        for apex, cut in known.cache.cuts.items():
            if now - known.since[apex] < min(_MOST_SECONDS, known.cache.seconds_to_keep(apex)):
                cache.cuts[apex] = cut
                cache.referrals[apex] = dict(known.cache.referrals[apex])
        for question, answer in known.cache.registries.heard.items():
            seconds = seconds_to_keep(answer.message)
            if now - known.since[question] < min(_MOST_SECONDS, seconds):
                cache.registries.earlier[question] = answer
        silent = self.silent(settings)
        for endpoint, history in known.cache.histories.items():
            if not history.is_silent or endpoint in silent:
                cache.histories[endpoint] = history
        return cache

    def silent(self, settings: Settings) -> Mapping[Endpoint, float]:
        """Return the addresses that were silent, each with how many seconds ago that was."""
        now = self._clock()
        ages = {e: now - at for e, at in self._of(settings).silent.items()}
        return {endpoint: age for endpoint, age in ages.items() if age <= MINUTES_AGO}

    def keep(
        self,
        settings: Settings,
        cache: DelegationCache,
        *,
        since: float,
        outcome: Outcome | None = None,
    ) -> None:
        """Keep what a run learned that began at `since`, counting its age from then.

        Also keep which name servers were silent in its `outcome`, at every address asked.
        """
        known = self._of(settings)
        for apex, cut in cache.cuts.items():
            if cache.seconds_to_keep(apex) and known.cache.cuts.get(apex) is not cut:
                known.since[apex] = since
                known.cache.cuts[apex] = cut
                known.cache.referrals[apex] = dict(cache.referrals[apex])
        known.since.update(dict.fromkeys(cache.registries.heard, since))
        known.cache.registries.heard.update(cache.registries.heard)
        known.cache.histories.update(cache.histories)
        for judged in () if outcome is None else outcome.challenges:
            for hop in judged.survey.hops:
                self._note(known, hop)

    def _note(self, known: _Learned, hop: Hop) -> None:
        unheard = {endpoint for one in hop.zone.unheard for endpoint in one.addresses}
        dead = unheard.union(*silent_servers(hop).values())
        histories = known.cache.histories
        for endpoint in unheard.union(observation.endpoint for observation in hop.observations):
            # If time was up before an answer could come, that is no silence.
            if endpoint in dead and endpoint in histories and histories[endpoint].is_silent:
                known.silent[endpoint] = self._clock()
            else:
                known.silent.pop(endpoint, None)

    def _of(self, settings: Settings) -> _Learned:
        view = replace(settings, timeout=0, report=None, metrics=None, failure_hook=None)
        return self._learned.setdefault(view, _Learned())
