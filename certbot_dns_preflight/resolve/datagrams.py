"""Sends one question over a connected UDP socket and notes arrival times. Knows no DNS.

The kernel picks a source port for each socket, drops datagrams from other addresses, passes ICMP
errors on, and timestamps each datagram. So data that came in while this process was busy still
counts, from the moment it arrived.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from certbot_dns_preflight.facts.answers import Endpoint

_LARGEST = 65535
_TIMESTAMP = 35  # SO_TIMESTAMPNS on Linux, which Python does not define
_TIMESPEC = struct.Struct("@ll")
_ROOM = socket.CMSG_SPACE(_TIMESPEC.size) if hasattr(socket, "CMSG_SPACE") else 0


@dataclass(frozen=True, slots=True)
class Arrived:
    """A datagram, or the error received in its place, after `waiting` seconds in the kernel."""

    data: bytes | OSError
    waiting: float = 0.0


class Channel(Protocol):
    """Sends and receives the datagrams of one question."""

    def send(self, data: bytes) -> None:
        """Send a datagram; errors show up when receiving."""

    async def next(self, when: float) -> Arrived | None:
        """Return the next datagram, or None if none arrives by `when` on the loop's clock."""

    def close(self) -> None:
        """Free its resources."""


class Datagrams:
    """A `Channel` over its own socket."""

    def __init__(self, endpoint: Endpoint) -> None:
        """Connect, which sends nothing. Raises `OSError` if there is no route to the address."""
        self._loop = asyncio.get_running_loop()
        family = socket.AF_INET6 if endpoint.ipv6 else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        self._waiter: asyncio.Future[None] | None = None
        self._failed: OSError | None = None
        try:
            self._socket.setblocking(False)  # noqa: FBT003 - socket's own
            if sys.platform == "linux":
                with contextlib.suppress(OSError):
                    self._socket.setsockopt(socket.SOL_SOCKET, _TIMESTAMP, 1)
            self._socket.connect((endpoint.address, endpoint.port))
        except OSError:
            self._socket.close()
            raise

    def send(self, data: bytes) -> None:
        """Send a datagram; errors show up when receiving, and a full buffer counts as a loss."""
        try:
            self._socket.send(data)
        except BlockingIOError:
            return
        except OSError as error:
            self._failed = error

    async def next(self, when: float) -> Arrived | None:
        """Return the next datagram, or None if none arrives by `when` on the loop's clock.

        A datagram that is already there when this process looks counts as on time.
        """
        arrived = self._take()
        if arrived is not None:
            await asyncio.sleep(0)  # let other tasks run, however much we receive
            return arrived
        self._waiter = waiter = self._loop.create_future()
        timer = self._loop.call_at(when, _wake, waiter)
        descriptor = self._socket.fileno()  # the loop would format a socket as text each time
        self._loop.add_reader(descriptor, _wake, waiter)
        try:
            await waiter
        finally:
            timer.cancel()
            self._loop.remove_reader(descriptor)
        return self._take()

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def _take(self) -> Arrived | None:
        if self._failed is not None:
            error, self._failed = self._failed, None
            return Arrived(error)
        try:
            data, ancillary, _, _ = self._socket.recvmsg(_LARGEST, _ROOM)
        except BlockingIOError:
            return None
        except OSError as error:
            return Arrived(error)
        return Arrived(data, _waiting(ancillary))


def _waiting(ancillary: list[tuple[int, int, bytes]]) -> float:
    """Return how long the kernel held a datagram; 0 if the kernel does not say."""
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == _TIMESTAMP and len(data) == _TIMESPEC.size:
            seconds, nanoseconds = _TIMESPEC.unpack(data)
            return max(0.0, time.time() - float(seconds) - float(nanoseconds) / 1e9)
    return 0.0


def _wake(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
