"""Tasks that have an owner, and tasks that let one of them go ahead.

Nothing runs on after the block, or the object, that began it.
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
    """Do all at once, and give the results in order.

    When this returns or raises, cancelled or not, all of it has ended.
    """
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one) for one in work]
    return [task.result() for task in tasks]


class Background:
    """What goes on beside its owner, one task a key, until it is done or the owner closes."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._tasks: dict[Hashable, asyncio.Task[None]] = {}

    def start(
        self, key: Hashable, work: Callable[[], Coroutine[Any, Any, None]]
    ) -> asyncio.Task[None]:
        """Start what is not already going on, and give its task."""
        task = self._tasks.get(key)
        if task is None:
            task = self._tasks[key] = asyncio.create_task(work())
            task.add_done_callback(lambda _: self._tasks.pop(key, None))
        return task

    async def close(self) -> None:
        """End everything, and wait until it has ended."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@dataclass(slots=True)
class Turn:
    """Lets the first task ahead; what it learns may spare the others. `taken`: it has been used."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    taken: bool = False

    async def give_way(self, holding: contextlib.AsyncExitStack[bool | None]) -> None:
        """Let the next one ahead now, which may be waited for."""
        self.taken = True
        await holding.aclose()
