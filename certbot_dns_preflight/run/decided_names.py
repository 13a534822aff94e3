"""Drop what a run has learned about names whose challenges are decided, so that lists may be long.

Decides when, and what is still needed: registries' zones and those of name servers always are, a
domain of the list for as long as a challenge in it is not decided, or one passes through it.
Dropping too much costs queries, never a verdict: whatever is needed again is learned again.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from certbot_dns_preflight.facts.registry import registered_domain

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    import dns.name

    from certbot_dns_preflight.challenge import Challenge
    from certbot_dns_preflight.resolve.unneeded import Unneeded
    from certbot_dns_preflight.run.challenge_run import ChallengeRun

_FEWEST = 8
"""Decided names for which it is worth going through the caches, or half as many as are running."""


class DecidedNames:
    """The names of one run's decided challenges, which `drop` frees the caches of."""

    def __init__(
        self,
        challenges: Iterable[Challenge],
        drop: Callable[[Unneeded], None],
        *,
        fewest: int = _FEWEST,
    ) -> None:
        """Take all challenges, none of which is decided yet."""
        self._undecided = Counter(registered_domain(one.owner) for one in challenges)
        self._drop = drop
        self._fewest = fewest
        self._owners: set[dns.name.Name] = set()

    def note(self, decided: Challenge, running: Collection[ChallengeRun]) -> None:
        """Record that a challenge is decided; drop what no other needs once that is worth it."""
        self._undecided[registered_domain(decided.owner)] -= 1
        self._owners.add(decided.owner)
        if len(self._owners) < max(self._fewest, len(running) // 2):
            return
        needed = {registered_domain(name) for run in running for name in run.names}

        def is_unneeded(name: dns.name.Name) -> bool:
            domain = registered_domain(name)
            if domain in needed:
                return False
            return name in self._owners or self._undecided.get(domain) == 0

        self._drop(is_unneeded)
        self._owners.clear()
