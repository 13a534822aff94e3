"""How far this process is behind what comes in: a busy machine, not a slow network.

It is measured by datagrams that have arrived and wait to be read. Whoever is patient with others
adds to their time what this process took from it, and begins less while it lags.
"""

from __future__ import annotations

import asyncio

_SHARE = 8  # of the latest measure in the mean


class Lateness:
    """`lost` are the seconds, of those that have passed, in which something waited to be read."""

    def __init__(self) -> None:
        """Nothing is late yet."""
        self.lost = 0.0
        self._mean = 0.0
        self._noted = float("-inf")

    def note(self, waiting: float, now: float) -> None:
        """Note that a datagram was read now, and had been there for so many seconds."""
        self.lost += max(0.0, min(waiting, now - self._noted))
        self._mean += (waiting - self._mean) / _SHARE
        self._noted = now

    def seconds(self, now: float) -> float:
        """Say how late things are read; what was measured long ago counts for less."""
        return self._mean / (1 + max(0.0, now - self._noted))


async def sleep_unhurried(seconds: float, lateness: Lateness) -> None:
    """Sleep for so many seconds in which this process was not late."""
    loop = asyncio.get_running_loop()
    begun, lost = loop.time(), lateness.lost
    while (left := seconds - (loop.time() - begun) + (lateness.lost - lost)) > 0:  # noqa: ASYNC110 - time alone ends it
        await asyncio.sleep(left)
