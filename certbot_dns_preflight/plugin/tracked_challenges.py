"""Track which of a `perform`'s or `cleanup`'s challenges a plugin is working on.

Plugins take one after another, make or remove its record, and go on to the next. So if one breaks
off, those before the current one were dealt with. And hooks, which certbot runs meanwhile, find the
current one in their environment.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from certbot import errors

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from certbot.achallenges import AnnotatedChallenge


class TrackedChallenges(list["AnnotatedChallenge"]):
    """A list that records how far its latest loop got; nested loops leave no trace.

    While a challenge is being processed, its `variables` are in the environment.
    """

    def __init__(
        self,
        achalls: Sequence[AnnotatedChallenge],
        variables: Sequence[Mapping[str, str]] = (),
    ) -> None:
        """Hold `achalls`; `variables` are theirs, in the same order, or empty."""
        super().__init__(achalls)
        self._variables = variables
        self._taken = 0
        self._finished = False

    def __iter__(self) -> Iterator[AnnotatedChallenge]:
        """Yield one after another."""
        before = self._taken, self._finished
        for number, achall in enumerate(super().__iter__(), 1):
            self._taken, self._finished = number, False
            self._tell()
            yield achall
        # certbot's `manual` lists all names in the middle of its loop over the challenges.
        self._taken, self._finished = before if before[0] else (len(self), True)
        self._tell()

    @property
    def in_hand(self) -> int | None:
        """The index of the challenge being processed; None if there is none."""
        return self._taken - 1 if self._taken and not self._finished else None

    def part(self, index: int) -> TrackedChallenges:
        """Return a list of just one of them."""
        return TrackedChallenges(self[index : index + 1], self._variables[index : index + 1])

    def was_made(self, index: int, error: Exception) -> bool:
        """Return whether a failure to remove this record, after an aborted `perform`, counts.

        What was never made cannot be removed, and plugins report that with all kinds of exceptions
        (`manual` a KeyError, route53 a ValueError). If it is unknown how far `perform` got, the
        plugin's own errors count, and those that its bookkeeping trips over do not.
        """
        if self._finished or not self._taken:
            return isinstance(error, errors.Error)
        return index < self._taken - 1

    def forget(self) -> None:
        """Remove these challenges' variables from the environment."""
        for names in self._variables:
            for name in names:
                os.environ.pop(name, None)

    def _tell(self) -> None:
        self.forget()
        if self._taken and not self._finished and self._variables:
            os.environ.update(self._variables[self._taken - 1])
