"""An event loop on a simulated clock, with datagrams that arrive by that clock."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import selectors
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

T = TypeVar("T")


class _Selector(selectors.DefaultSelector):  # type: ignore[misc, valid-type] # a class by platform
    """Waits for nothing: what would be waited for has passed."""

    passes: Callable[[float | None], None]

    def select(self, timeout: float | None = None) -> Any:  # noqa: ANN401 - as its base
        found = super().select(0)
        if not found:
            self.passes(timeout)
        return found


class SimulatedLoop(asyncio.SelectorEventLoop):
    """Its time moves on where everybody waits, and by `charge` seconds with every callback.

    So a `charge` is a slow machine. What runs in threads elsewhere runs here at once.
    """

    def __init__(self, *, charge: float = 0.0) -> None:
        self._now = 0.0
        self._charge = charge
        self._arriving: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        selector = _Selector()
        super().__init__(selector)
        selector.passes = self._pass

    def time(self) -> float:
        """Give the seconds that have passed."""
        return self._now

    def arrive(self, seconds: float, callback: Callable[[], None]) -> None:
        """Call back when the loop next looks at its sockets, in so many seconds or later."""
        heapq.heappush(self._arriving, (self._now + seconds, next(self._numbers), callback))

    def call_soon(self, callback: Any, *args: Any, context: Any = None) -> asyncio.Handle:  # noqa: ANN401 - as its base
        """Schedule as usual, at a price."""
        if not self._charge:
            return super().call_soon(callback, *args, context=context)
        return super().call_soon(self._charged, callback, *args, context=context)

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> Any:  # noqa: ANN401 - as its base
        """Run it here and now: a thread's time is not this clock's."""
        del executor
        future = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 - whoever waits for it gets it
            future.set_exception(error)
        return future

    def _charged(self, callback: Callable[..., object], *args: object) -> None:
        self._now += self._charge
        callback(*args)

    def _pass(self, timeout: float | None) -> None:
        due = self._arriving[0][0] if self._arriving else None
        moments = [
            m for m in (due, None if timeout is None else self._now + timeout) if m is not None
        ]
        if moments:
            self._now = max(self._now, min(moments))
        elif timeout is None:
            raise RuntimeError("everybody waits, and nothing will happen")

    def _process_events(self, event_list: Any) -> None:  # noqa: ANN401 - as its base
        super()._process_events(event_list)  # type: ignore[misc]
        while self._arriving and self._arriving[0][0] <= self._now:
            self.call_soon(heapq.heappop(self._arriving)[2])


def run(coroutine: Callable[[], Coroutine[Any, Any, T]], *, charge: float = 0.0) -> T:
    """Run a coroutine to its end on a clock that begins at 0."""
    with asyncio.Runner(loop_factory=lambda: SimulatedLoop(charge=charge)) as runner:
        return runner.run(coroutine())
