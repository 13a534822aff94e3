"""Compares sets of values on behalf of one run: the same two only once, and all under one budget.

Every round is judged, so what is left to compare when time is up is what changed in the last. Very
many names with very many values each must not take long either. Knows no names: each is compared
with little effort at least, whatever others have spent.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import txt_difference
from certbot_dns_preflight.checks.txt_difference import MOST_STEPS, Work
from certbot_dns_preflight.facts.limits import Budget, LimitMet

if TYPE_CHECKING:
    from collections.abc import Iterable

    from certbot_dns_preflight.checks.txt_difference import Comparison, Difference

STEPS_A_RUN = 1_000_000
"""What all comparisons of a run may cost, those of `LEAST_STEPS` not counted."""
LEAST_STEPS = 2_000
"""What comparing two sets may cost though the run has spent all."""
MOST_REMEMBERED = 50_000
"""Values of the sets whose comparison is remembered."""


class Comparer:
    """Compares, remembers the latest comparisons, and counts what they cost."""

    def __init__(self) -> None:
        """Begin with the whole budget of a run."""
        self.limits: tuple[LimitMet, ...] = ()
        self._left = STEPS_A_RUN
        self._known: dict[Difference, tuple[Comparison, ...]] = {}
        self._remembered = 0

    def compare(self, expected: Iterable[bytes], served: Iterable[bytes]) -> Difference:
        """Compare values as a CA does, byte for byte, in no order."""
        difference = txt_difference.differing(expected, served)
        if not difference.missing or not difference.unexpected:
            return difference
        comparisons = self._known.pop(difference, None)
        if comparisons is None:
            comparisons = self._compare(difference)
            self._remembered += _size(difference)
        self._remember(difference, comparisons)
        return replace(difference, comparisons=comparisons)

    def _compare(self, difference: Difference) -> tuple[Comparison, ...]:
        steps = max(LEAST_STEPS, min(MOST_STEPS, self._left))
        work = Work(steps)
        comparisons = txt_difference.nearest_pairs(difference, work)
        self._left -= max(0, steps - work.left - LEAST_STEPS)
        if work.ran_out and steps < MOST_STEPS:
            self.limits = (LimitMet(Budget.COMPARISONS, STEPS_A_RUN, None, whole_run=True),)
        return comparisons

    def _remember(self, difference: Difference, comparisons: tuple[Comparison, ...]) -> None:
        """Keep the latest, in the memory that some honest names take: values may change always."""
        self._known[difference] = comparisons
        while self._remembered > MOST_REMEMBERED:
            oldest = next(iter(self._known))
            del self._known[oldest]
            self._remembered -= _size(oldest)


def _size(difference: Difference) -> int:
    return len(difference.missing) + len(difference.unexpected)
