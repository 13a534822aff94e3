"""Limit how many names are looked at in parallel to what this machine can keep up with.

A new name starts only while incoming answers are read in time. The first few start at once, the
others one by one, to reveal whether there is room for more.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from certbot_dns_preflight.resolve.lateness import Lateness

_AT_ONCE = 16
_MOST = 200  # in parallel
_STEP = 0.005  # seconds between later starts
_LATE = 0.05  # seconds; if answers wait this long to be read, nothing more starts


class Gate:
    """Admits names one after another."""

    def __init__(self, lateness: Lateness) -> None:
        """Take the gauge of how late this process is."""
        self._lateness = lateness
        self._begun = 0
        self._inside = 0
        self._left = asyncio.Event()

    async def open(self) -> None:
        """Wait until one more name may start."""
        if self._begun >= _AT_ONCE:
            await asyncio.sleep(_STEP)
        while self._inside and (self._inside >= _MOST or self._is_late()):
            self._left.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LATE):
                    await self._left.wait()
        self._begun += 1
        self._inside += 1

    @contextlib.contextmanager
    def inside(self) -> Iterator[None]:
        """Admit the next name when this one is done."""
        try:
            yield
        finally:
            self._inside -= 1
            self._left.set()

    def _is_late(self) -> bool:
        return self._lateness.seconds(asyncio.get_running_loop().time()) > _LATE
