"""Limits how fast one address is queried: many servers rate-limit their answers."""

from __future__ import annotations

import asyncio

_PER_SECOND = 100.0  # NSD's default limit is 200 per second and /24
_PER_SECOND_TO_RESOLVERS = 500.0  # resolvers serve many clients
_BURST = 0.5  # seconds' worth of tokens


class Pacer:
    """A token bucket for one address."""

    def __init__(self, *, to_resolver: bool) -> None:
        """Start with a full bucket."""
        self._free_at = float("-inf")
        self._step = 1 / (_PER_SECOND_TO_RESOLVERS if to_resolver else _PER_SECOND)

    def delay(self) -> float:
        """Return how long a question would be held back."""
        return max(0.0, self._free_at + self._step - asyncio.get_running_loop().time())

    async def wait(self) -> None:
        """Take a token, waiting until there is one."""
        now = asyncio.get_running_loop().time()
        self._free_at = max(self._free_at, now - _BURST) + self._step
        if self._free_at > now:
            await asyncio.sleep(self._free_at - now)
