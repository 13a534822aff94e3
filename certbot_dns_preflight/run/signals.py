"""Run a coroutine to its end, or to the first signal that asks the process to stop.

Knows the event loop and signals, but nothing of what it runs.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import threading
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator
    from types import FrameType

T = TypeVar("T")

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine in its own event loop and return its result.

    SIGINT, SIGTERM and SIGHUP cancel it at once. The signal then goes to its previous handler, so
    this raises whatever that handler raises.
    """
    stopped_by: list[int] = []

    # Not returned by the task: asyncio has Python show the task at its end, whole result included.
    result: list[T] = []

    async def main() -> None:
        task = asyncio.current_task()
        assert task is not None
        with _caught_signals(task, stopped_by):
            try:
                result.append(await coroutine)
            except (asyncio.CancelledError, Exception):
                if not stopped_by:  # else the signal ended it, whatever the result
                    raise

    asyncio.run(main())
    if stopped_by:
        # Even if it ended at that very moment: whoever sent the signal meant it.
        signal.raise_signal(stopped_by[0])
    if result:
        return result[0]
    # If a handler neither raises nor exits, there is no result to return.
    raise KeyboardInterrupt


@contextlib.contextmanager
def _caught_signals(task: asyncio.Task[Any], stopped_by: list[int]) -> Iterator[None]:
    """Let signals cancel the task instead of raising somewhere inside the event loop.

    A handler's exception can surface in any callback, where asyncio would only log it.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    before = {number: signal.getsignal(number) for number in _SIGNALS}

    def stop(number: int, _frame: FrameType | None = None) -> None:
        stopped_by.append(number)
        loop.call_soon_threadsafe(task.cancel)

    caught = [n for n, handler in before.items() if handler not in (signal.SIG_IGN, None)]
    for number in caught:
        # Not loop.add_signal_handler: this also works while the loop is busy, and wakes it up.
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number in caught:
            signal.signal(number, before[number])
