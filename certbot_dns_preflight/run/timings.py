"""Define how long each part of a run takes: every pause and budget, and the one deadline.

Holds figures and arithmetic only; nothing here asks or judges. Times are on the event loop's clock,
so a test brings its own clock by running its own loop.
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
    """Pauses and budgets of a run, in seconds unless the name says otherwise."""

    # Between two rounds of a wait, from the queries of one to those of the next.
    first_pause: float = 0.2  # most secondaries follow within a second; the least after the answers
    share_at_first: float = 0.6  # by which it grows, up to the usual one
    usual_pause: float = 0.5
    share_of_wait: float = 0.02  # to notice a late secondary within a fiftieth of its delay
    confirming_pause: float = 0.3
    confirming_after_answers: float = 0.05
    stale_after: float = 10.0  # readiness older than this is checked again at the end
    relearn_every: float = 30.0  # delegations may have been fixed meanwhile

    tell_every: float = 60.0  # to whoever watches, also while nothing changes

    # When a wait ends early.
    hopeless_for: float = 10.0  # for which a problem that waiting cannot fix must persist
    second_look_at_most: float = 30.0  # at a name server found silent minutes ago
    share_of_second_look: float = 0.1  # of the timeout, where that is less

    # Before resolvers are asked for a record, as they cache a miss.
    before_resolvers: float = 3.0
    share_before_resolvers: float = 0.2  # of the timeout, at most

    # Everything besides the record itself.
    environment: float = 20.0
    tries_more: int = 4  # a second look for CAA may last this many tries of a query
    caa_again: float = 5.0  # in a wait, before CAA that nobody answered is asked for again
    caa_again_at_most: float = 60.0  # the same, doubled each time
    least_for_signatures: float = 0.8  # even if the wait has used up its time
    validation: float = 3.0  # for all signatures together; they take milliseconds

    # What a failure report needs, asked before the end: after it nothing is asked.
    reserve: float = 3.0
    share_in_reserve: float = 0.2  # of the timeout, where that is less than the reserve
    last_words: float = 0.8  # of the reserve, after the last round
    closer_look: float = 6.0  # where a look ends before its time is up

    # Before a record is made.
    precheck: float = 20.0  # what is unknown by then is left to the wait
    precheck_signatures: float = 2.0  # of these, for validating what was collected
    precheck_least: float = 0.1
    record_location: float = 10.0  # what is unknown by then is written at the requested name
    slack: float = 1.0  # beyond two tries of a query, before nothing is said to answer

    def pause(self, waited: float, *, longest: float, took: float = 0.0) -> float:
        """Return the pause before the next round, after `waited` seconds of waiting.

        The answers to the latest one `took` their time.
        """
        soon = min(self.usual_pause, self.first_pause + self.share_at_first * waited)
        pause = min(longest, max(soon, self.share_of_wait * waited))
        return max(min(self.first_pause, pause), pause - took)

    def confirming(self, agreed: int, *, took: float) -> float:
        """Return the same after a round in which nothing was missing.

        If it asked only those that were missing before, no round has `agreed` yet: then nothing is
        gained by a pause before the first that asks everybody.
        """
        return max(self.confirming_after_answers, self.confirming_pause - took) if agreed else 0.0

    def second_look(self, timeout: float, query_timeout: float) -> float:
        """Return how long to wait for a name server that was found silent minutes ago.

        Long enough for two tries of a query, and never longer than for any other server.
        """
        share = min(self.second_look_at_most, self.share_of_second_look * timeout)
        return min(timeout, max(share, 2 * query_timeout + self.slack))

    def first_look(self, published_after: float, *, timeout: float) -> float:
        """Return when to ask resolvers first for a record that takes this long to appear."""
        return min(
            max(self.before_resolvers, published_after), self.share_before_resolvers * timeout
        )

    def reserved(self, timeout: float) -> float:
        """Return how long before the end to investigate a failure."""
        return min(self.reserve, self.share_in_reserve * timeout)

    def after_last_round(self, timeout: float) -> float:
        """Return how long before the end to stop looking, unless all but confirmed is ready."""
        return min(self.last_words, self.reserved(timeout))


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment on the event loop's clock."""

    at: float

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        """Return the moment `seconds` from now."""
        return cls(asyncio.get_running_loop().time() + seconds)

    @property
    def left(self) -> float:
        """Seconds until then; 0 once it has come."""
        return max(0.0, self.at - asyncio.get_running_loop().time())

    def earlier(self, seconds: float) -> Deadline:
        """Return the moment `seconds` before this one."""
        return Deadline(self.at - seconds)

    def at_most(self, seconds: float) -> Deadline:
        """Return this moment, or the one `seconds` from now if that comes first."""
        return min(self, Deadline.after(seconds), key=lambda deadline: deadline.at)


@contextlib.asynccontextmanager
async def cut_off(
    deadline: Deadline, *, grace: float = 0.0, deserved: Callable[[], bool] = bool
) -> AsyncIterator[None]:
    """End the block when the deadline comes, or `grace` later if the block has `deserved` it.

    The block itself notes whether all was done. A `TimeoutError` of its own passes through.
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
