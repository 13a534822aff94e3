"""How many names are looked at beside each other: as many as this machine keeps up with.

A name is begun only while what comes in is read in time; the first few are begun at once, the
others by and by, so that it shows whether there is room for more.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from certbot_dns_preflight.resolve.lateness import Lateness

_AT_ONCE = 16
_MOST = 200  # at the same time
_STEP = 0.005  # seconds between the others
_LATE = 0.05  # seconds that answers wait to be read, from which on nothing more is begun


class Gate:
    """Lets names in, one after the other."""

    def __init__(self, lateness: Lateness) -> None:
        """Take what tells how late this process is."""
        self._lateness = lateness
        self._begun = 0
        self._inside = 0
        self._left = asyncio.Event()

    async def open(self) -> None:
        """Wait until one more name may be begun."""
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
        """Let the next in when this one is done."""
        try:
            yield
        finally:
            self._inside -= 1
            self._left.set()

    def _is_late(self) -> bool:
        return self._lateness.seconds(asyncio.get_running_loop().time()) > _LATE
