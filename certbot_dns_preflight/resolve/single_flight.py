"""Computes one result per key, however many tasks want it at once. Knows tasks but no DNS.

The first caller starts the work, and all wait for the same result. The work lives as long as anyone
waits: when the last caller is cancelled it is cancelled too, and later callers start afresh.
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
    """Does the work for each key once, and keeps the outcome in `results`.

    A key removed from `results` is worked out again on the next call.
    """

    def __init__(self, results: dict[K, V] | None = None) -> None:
        """Keep results in the caller's mapping, if one is given."""
        self.results: dict[K, V] = {} if results is None else results
        self._flights: dict[K, _Flight[V]] = {}

    async def get(self, key: K, work: Callable[[], Coroutine[Any, Any, V]]) -> V:
        """Return the result for a key; an exception from `work` is raised in all who wait."""
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
                # Do this before any await, so that nobody joins a task that is being cancelled.
                if self._flights.get(key) is flight:
                    del self._flights[key]
                if not flight.task.done():
                    flight.task.cancel()
                    await asyncio.gather(flight.task, return_exceptions=True)

    async def _do(self, key: K, work: Callable[[], Coroutine[Any, Any, V]]) -> V:
        result = self.results[key] = await work()
        return result
