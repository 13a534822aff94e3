"""An event loop whose clock a test advances: real sockets, and no waiting for time to pass."""

from __future__ import annotations

import asyncio
import heapq
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from certbot_dns_preflight.facts.outcome import Progress

T = TypeVar("T")
_LOOK_EVERY = 0.05


class Clock(asyncio.SelectorEventLoop):
    """A clock that runs as usual, and that `move_on` advances at once.

    Everything waiting for a time that is now past continues at once; an open query times out.
    """

    def __init__(self) -> None:
        super().__init__()
        self._ahead = 0.0
        self._scheduled: list[asyncio.TimerHandle]  # the base class's: what waits for a time

    def time(self) -> float:
        """Return the seconds that have passed, including those that were skipped."""
        return super().time() + self._ahead

    def move_on(self, seconds: float) -> None:
        """Advance by a number of seconds."""
        self._ahead += seconds

    def end(self, seconds: float) -> None:
        """Advance for what waits for longer than half of that; the rest waits as it did."""
        for handle in self._scheduled:
            if handle.when() < self.time() + seconds / 2:
                handle._when += seconds
        heapq.heapify(self._scheduled)
        self.move_on(seconds)

    def move_on_once(self, condition: Callable[[], object], seconds: float) -> None:
        """Let so many seconds have passed as soon as it is so."""
        if condition():
            self.move_on(seconds)
        else:
            self.call_later(_LOOK_EVERY, self.move_on_once, condition, seconds)

    def run_out(self, progress: Progress, *, left: float = 3.0) -> None:
        """Let a run's whole time pass except `left`, for the last queries of its report."""
        assert progress.timeout is not None
        self.move_on(max(0.0, progress.timeout - progress.elapsed - left))


def run(coroutine: Callable[[Clock], Coroutine[object, object, T]]) -> T:
    """Run the coroutine built from the clock to completion."""
    clock = Clock()
    with asyncio.Runner(loop_factory=lambda: clock) as runner:
        return runner.run(coroutine(clock))
