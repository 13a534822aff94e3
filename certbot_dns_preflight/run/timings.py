"""How long a run takes over what: every pause and budget, and the one deadline.

Figures and arithmetic alone; nothing here asks or judges. The clock is the event loop's, so that a
test brings a clock of its own by running a loop of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable


@dataclass(frozen=True, slots=True, kw_only=True)
class Timings:
    """Pauses and budgets of a run, in seconds where the name says nothing else."""

    # Between two rounds of a wait.
    shortest_pause: float = 0.5
    share_of_wait: float = 0.02  # so that a late secondary is noticed in a fiftieth of its delay
    confirming_pause: float = 0.3
    stale_after: float = 10.0  # readiness older than this is looked at once more at the end
    relearn_every: float = 30.0  # delegations may have been fixed meanwhile

    # Until a wait ends before its time.
    hopeless_for: float = 10.0  # in which what no waiting mends shows itself all the time
    second_look_at_most: float = 30.0  # at a name server that was found silent minutes ago
    share_of_second_look: float = 0.1  # of the timeout, where that is less

    # Before resolvers are asked for a record: a miss stays in their caches.
    before_resolvers: float = 3.0
    share_before_resolvers: float = 0.2  # of the timeout, at most

    # What is not the record itself.
    environment: float = 20.0
    tries_more: int = 4  # tries of a query that a second look for CAA may last
    least_for_signatures: float = 2.0  # even if the wait has used up its time
    validation: float = 3.0  # for all signatures together; they take milliseconds

    # What a report of a failure wants to know. It is asked towards the end, and a little longer.
    reserve: float = 3.0
    share_in_reserve: float = 0.2  # of the timeout, where that is less than the reserve
    last_words: float = 0.8
    closer_look: float = 6.0  # the same in a single look, whose end nobody waits for

    # Before a record is made.
    precheck: float = 20.0  # what is not known by then is left to the wait
    precheck_signatures: float = 2.0  # of these, for validating what was collected
    precheck_least: float = 0.1
    record_location: float = 10.0  # what is not known by then is written where it was asked for
    slack: float = 1.0  # beside two tries of a query, until it is clear that nothing answers

    def pause(self, waited: float, *, longest: float) -> float:
        """Say how long to wait for the next round, after so many seconds of waiting."""
        return min(longest, max(self.shortest_pause, self.share_of_wait * waited))

    def second_look(self, timeout: float, query_timeout: float) -> float:
        """Say how long a name server is waited for that was found silent minutes ago.

        Long enough for two tries of a query, and never longer than what is waited for any other.
        """
        share = min(self.second_look_at_most, self.share_of_second_look * timeout)
        return min(timeout, max(share, 2 * query_timeout + self.slack))

    def first_look(self, published_after: float, *, timeout: float) -> float:
        """Say when to ask resolvers first, of a record that takes so long to appear."""
        return min(
            max(self.before_resolvers, published_after), self.share_before_resolvers * timeout
        )

    def reserved(self, timeout: float) -> float:
        """Say how long before the end a failure is looked into."""
        return min(self.reserve, self.share_in_reserve * timeout)


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment of the event loop's clock."""

    at: float

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        """Give the moment so many seconds from now."""
        return cls(asyncio.get_running_loop().time() + seconds)

    @property
    def left(self) -> float:
        """Seconds until then; 0 once it has come."""
        return max(0.0, self.at - asyncio.get_running_loop().time())

    def earlier(self, seconds: float) -> Deadline:
        """Give a moment before this one."""
        return Deadline(self.at - seconds)


@contextlib.asynccontextmanager
async def cut_off(
    deadline: Deadline, *, grace: float = 0.0, deserved: Callable[[], bool] = bool
) -> AsyncIterator[None]:
    """End what runs inside when the deadline comes; whoever gets it `deserved` has a grace more.

    Whether all was done is for what runs inside to note. A `TimeoutError` of its own passes.
    """
    loop = asyncio.get_running_loop()
    limit = asyncio.timeout_at(deadline.at + grace)

    def decide() -> None:
        if not limit.expired() and not deserved():
            limit.reschedule(loop.time())

    try:
        async with limit:
            handle = loop.call_at(deadline.at, decide)
            try:
                yield
            finally:
                handle.cancel()
    except TimeoutError:
        if not limit.expired():
            raise
