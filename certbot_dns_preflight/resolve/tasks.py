"""Runs tasks that have an owner, and lets one of several tasks go first.

Nothing outlives the block, or the object, that started it.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import contextlib
    from collections.abc import Callable, Coroutine, Hashable, Iterable

T = TypeVar("T")


async def together(work: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """Run all coroutines at once, and return the results in order.

    When this returns or raises, even if cancelled, all of them have ended.
    """
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one) for one in work]
    return [task.result() for task in tasks]


async def promptly(work: Coroutine[Any, Any, T], stop: Callable[[], None]) -> T:
    """Run a coroutine in a task; if cancelled, call `stop` before that reaches its own tasks."""
    task = asyncio.create_task(work)
    try:
        await asyncio.wait([task])
    except asyncio.CancelledError:
        stop()
        task.cancel()
        await asyncio.wait([task])
        raise
    return task.result()


class Background:
    """Runs tasks in the background, one per key, until they finish or the owner closes this."""

    def __init__(self) -> None:
        """Start without tasks."""
        self._tasks: dict[Hashable, asyncio.Task[None]] = {}

    def start(
        self, key: Hashable, work: Callable[[], Coroutine[Any, Any, None]]
    ) -> asyncio.Task[None]:
        """Start the work unless it is already running, and return its task."""
        task = self._tasks.get(key)
        if task is None:
            task = self._tasks[key] = asyncio.create_task(work())
            task.add_done_callback(lambda _: self._tasks.pop(key, None))
        return task

    async def close(self) -> None:
        """Cancel all tasks, and wait until they have ended."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@dataclass(slots=True)
class Turn:
    """Lets one task go first; what it learns may spare the others. `taken`: it has been used."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    taken: bool = False

    async def give_way(self, holding: contextlib.AsyncExitStack[bool | None]) -> None:
        """Let the next task go ahead now, as it may be needed first."""
        self.taken = True
        await holding.aclose()
