"""The challenges for one `perform` or `cleanup`, and which of them a plugin has in hand.

Plugins take one after the other, make or remove its record, and go on to the next. So where one
breaks off, those before the one in hand were dealt with; and hooks, which certbot runs meanwhile,
can be told in their environment about the one in hand.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from certbot import errors

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from certbot.achallenges import AnnotatedChallenge


class TrackedChallenges(list["AnnotatedChallenge"]):
    """A list that takes note of how far its latest loop came; loops within loops leave no trace.

    While a challenge is in hand, its `variables` are in the environment.
    """

    def __init__(
        self,
        achalls: Sequence[AnnotatedChallenge],
        variables: Sequence[Mapping[str, str]] = (),
    ) -> None:
        """Hand out `achalls`; `variables` are theirs, in the same order, or nobody's."""
        super().__init__(achalls)
        self._variables = variables
        self._taken = 0
        self._finished = False

    def __iter__(self) -> Iterator[AnnotatedChallenge]:
        """Hand out one after the other."""
        before = self._taken, self._finished
        for number, achall in enumerate(super().__iter__(), 1):
            self._taken, self._finished = number, False
            self._tell()
            yield achall
        # certbot's `manual` lists all names in the midst of its loop over the challenges.
        self._taken, self._finished = before if before[0] else (len(self), True)
        self._tell()

    @property
    def in_hand(self) -> int | None:
        """The index of the challenge that is being dealt with; None if there is none."""
        return self._taken - 1 if self._taken and not self._finished else None

    def part(self, index: int) -> TrackedChallenges:
        """Give a list of one of them, for itself."""
        return TrackedChallenges(self[index : index + 1], self._variables[index : index + 1])

    def was_made(self, index: int, error: Exception) -> bool:
        """Whether the failure to remove this one's record, after a broken-off `perform`, counts.

        What was never made cannot be removed, and plugins put that in all kinds of exceptions
        (`manual` a KeyError, route53 a ValueError). Where it cannot be known how far one came,
        its own words count, and what its bookkeeping stumbles over does not.
        """
        if self._finished or not self._taken:
            return isinstance(error, errors.Error)
        return index < self._taken - 1

    def forget(self) -> None:
        """Take out of the environment what is there of these challenges."""
        for names in self._variables:
            for name in names:
                os.environ.pop(name, None)

    def _tell(self) -> None:
        self.forget()
        if self._taken and not self._finished and self._variables:
            os.environ.update(self._variables[self._taken - 1])
