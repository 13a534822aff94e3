"""Measures how late this process reads incoming data: a busy machine, not a slow network.

The measure is how long received datagrams wait to be read. Code that waits for others adds the time
this process cost them, and starts less work while it lags.
"""

from __future__ import annotations

import asyncio

_SHARE = 8  # weight of the latest sample in the mean: one part in this many


class Lateness:
    """The lag so far. `lost` is the total seconds in which something waited to be read."""

    def __init__(self) -> None:
        """Start with nothing late."""
        self.lost = 0.0
        self._mean = 0.0
        self._noted = float("-inf")

    def note(self, waiting: float, now: float) -> None:
        """Record that a datagram was read now, after waiting this many seconds."""
        self.lost += max(0.0, min(waiting, now - self._noted))
        self._mean += (waiting - self._mean) / _SHARE
        self._noted = now

    def seconds(self, now: float) -> float:
        """Return how late reads are; old measurements count for less."""
        return self._mean / (1 + max(0.0, now - self._noted))


async def sleep_unhurried(seconds: float, lateness: Lateness) -> None:
    """Sleep for this many seconds, not counting those in which this process was late."""
    loop = asyncio.get_running_loop()
    begun, lost = loop.time(), lateness.lost
    while (left := seconds - (loop.time() - begun) + (lateness.lost - lost)) > 0:  # noqa: ASYNC110 - time alone ends it
        await asyncio.sleep(left)
