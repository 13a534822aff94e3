"""One answer a key, however many want it at once. Knows tasks, and nothing of DNS.

Whoever comes first starts the work, and all wait for the same. It lives as long as anybody waits:
when the last one is cancelled the work is cancelled with it, and whoever comes later starts anew.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

K = TypeVar("K")
V = TypeVar("V")


@dataclass(slots=True)
class _Flight(Generic[V]):
    task: asyncio.Task[V]
    waiting: int = 0


class SingleFlight(Generic[K, V]):
    """Does the work for each key once, and keeps what came of it in `results`.

    What is taken out of `results` is worked out again when it is next asked for.
    """

    def __init__(self, results: dict[K, V] | None = None) -> None:
        """Keep results in a mapping of the caller's, if one is given."""
        self.results: dict[K, V] = {} if results is None else results
        self._flights: dict[K, _Flight[V]] = {}

    async def get(self, key: K, work: Callable[[], Coroutine[Any, Any, V]]) -> V:
        """Give the result for a key; what `work` raises is raised in all who wait."""
        if key in self.results:
            return self.results[key]
        flight = self._flights.get(key)
        if flight is None:
            flight = self._flights[key] = _Flight(asyncio.create_task(self._do(key, work)))
        flight.waiting += 1
        try:
            return await asyncio.shield(flight.task)
        finally:
            flight.waiting -= 1
            if not flight.waiting:
                # Before anything is awaited, so that nobody joins what is being cancelled.
                if self._flights.get(key) is flight:
                    del self._flights[key]
                if not flight.task.done():
                    flight.task.cancel()
                    await asyncio.gather(flight.task, return_exceptions=True)

    async def _do(self, key: K, work: Callable[[], Coroutine[Any, Any, V]]) -> V:
        result = self.results[key] = await work()
        return result
