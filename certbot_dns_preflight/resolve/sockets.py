"""All sockets: one datagram or one TCP connection for one query, and what came of it.

Checks that an answer is one to what was asked; every failure of a server or a network is data. A
datagram that seems lost is sent again; what came while this process was too busy to look still
counts.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import ssl
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from certbot_dns_preflight.escaping import printable
from certbot_dns_preflight.facts.answers import (
    Endpoint,
    NoResponse,
    NoResponseReason,
    Reply,
    Response,
    Transport,
)
from certbot_dns_preflight.resolve.encrypted import Encrypted, tls_words
from certbot_dns_preflight.resolve.messages import Match, match_response
from certbot_dns_preflight.resolve.wire import LARGE

if TYPE_CHECKING:
    from certbot_dns_preflight.resolve.messages import Matched
    from certbot_dns_preflight.resolve.queries import Query

_MOST_STRAYS = 64
_MOST_RESENDS = 2
_NO_ROUTE = frozenset(
    {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.EINVAL}
)


@dataclass(frozen=True, slots=True)
class Trip:
    """What came of sending a query `sent` times. `size` is the answer's length in bytes.

    `exact` False: the answer has the question in other letters than it was asked in.
    """

    reply: Reply
    sent: int = 1
    size: int = 0
    exact: bool = True


class Sockets:
    """Sends queries from this host. `routed` are the families (4, 6) that it could send over."""

    def __init__(self) -> None:
        """Nothing is known of routes before something is sent."""
        self.routed: set[int] = set()
        self._reader = _Reader()
        self._encrypted = Encrypted()

    async def close(self) -> None:
        """Close what was kept open for later questions."""
        await self._encrypted.close()

    async def over_udp(
        self,
        endpoint: Endpoint,
        query: Query,
        *,
        patience: float,
        resend_after: float,
        any_case: bool = False,
    ) -> Trip:
        """Send a datagram, and wait so many seconds for one that answers it.

        Where nothing came after `resend_after` it is sent again, and later once more. An answer in
        other letters than it was asked in may be forged, so the right one is given that time to
        come, but for an address that is known to answer in `any_case`.
        """
        if endpoint.service:
            return await self._confidentially(endpoint, query, patience)
        loop = asyncio.get_running_loop()
        begun = loop.time()
        try:
            # A connected socket: the kernel drops other sources, and ICMP errors arrive.
            transport, protocol = await loop.create_datagram_endpoint(
                _Datagrams, remote_addr=(endpoint.address, endpoint.port), family=_family(endpoint)
            )
        except OSError as error:
            return Trip(_failed(error, loop.time() - begun))
        self.routed.add(endpoint.family)
        try:
            transport.sendto(query.wire)
            listening = _Listening(query, self._reader, patience, resend_after, any_case=any_case)
            return await listening.listen(transport, protocol)
        finally:
            transport.close()

    async def over_tcp(self, endpoint: Endpoint, query: Query, *, patience: float) -> Trip:
        """Connect, send and wait for the answer: so many seconds in all."""
        if endpoint.service:
            return await self._confidentially(endpoint, query, patience)
        return await self._over_stream(endpoint, query, patience)

    async def _confidentially(self, endpoint: Endpoint, query: Query, patience: float) -> Trip:
        """Ask over TLS, or by HTTPS; a datagram is no way to get there."""
        loop = asyncio.get_running_loop()
        begun = loop.time()
        if not endpoint.service.startswith("https://"):
            return await self._over_stream(
                endpoint, query, patience, tls=self._encrypted.tls_context()
            )
        fetched = await self._encrypted.fetch(endpoint, query.wire, patience=patience)
        elapsed = loop.time() - begun
        if isinstance(fetched, NoResponse):
            return Trip(fetched)
        match await self._reader.match(fetched, query):
            case Match(message=message, exact=exact, echoed=echoed):
                reply = Response(message, Transport.TCP, elapsed)
                return Trip(reply, size=len(fetched), exact=exact or not echoed)
            case mismatch:
                detail = f"by HTTPS: {mismatch.what}"
                return Trip(
                    NoResponse(NoResponseReason.GARBAGE, detail, elapsed), size=len(fetched)
                )

    async def _over_stream(
        self,
        endpoint: Endpoint,
        query: Query,
        patience: float,
        *,
        tls: ssl.SSLContext | None = None,
    ) -> Trip:
        how = "TLS" if tls else "TCP"
        loop = asyncio.get_running_loop()
        begun = loop.time()
        writer: asyncio.StreamWriter | None = None
        try:
            async with asyncio.timeout(patience):
                reader, writer = await asyncio.open_connection(
                    endpoint.address, endpoint.port, ssl=tls
                )
                self.routed.add(endpoint.family)
                writer.write(struct.pack("!H", len(query.wire)) + query.wire)
                (length,) = struct.unpack("!H", await reader.readexactly(2))
                wire = await reader.readexactly(length)
                elapsed = loop.time() - begun
        except TimeoutError:
            detail = f"no answer over {how} in {patience:g} s"
            return Trip(NoResponse(NoResponseReason.TIMED_OUT, detail, loop.time() - begun))
        except asyncio.IncompleteReadError:
            detail = f"the {how} connection was closed without an answer"
            return Trip(NoResponse(NoResponseReason.UNREACHABLE, detail, loop.time() - begun))
        except OSError as error:
            return Trip(_failed(error, loop.time() - begun))
        finally:
            if writer is not None:
                writer.transport.abort()  # a polite close could wait for the peer
        # Not within the time: how long it takes to read an answer is no fault of the server's.
        match await self._reader.match(wire, query):
            case Match(message=message, exact=exact, echoed=echoed):
                reply = Response(message, Transport.TCP, elapsed)
                return Trip(reply, size=length, exact=exact or not echoed)
            case mismatch:
                detail = f"over {how}: {mismatch.what}"
                return Trip(NoResponse(NoResponseReason.GARBAGE, detail, elapsed))


class _Listening:
    """The time from a datagram that was sent to the answer, or to the end of patience."""

    def __init__(
        self,
        query: Query,
        reader: _Reader,
        patience: float,
        resend_after: float,
        *,
        any_case: bool,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._query = query
        self._reader = reader
        self._any_case = any_case
        self._patience = patience
        self._begun = self._loop.time()
        self._pause = resend_after
        self._next = self._begun + resend_after
        self._sent = 1
        self._doubtful: Trip | None = None
        self._garbage = ""

    async def listen(self, transport: asyncio.DatagramTransport, protocol: _Datagrams) -> Trip:
        end = self._begun + self._patience
        while True:
            datagram = await protocol.next(min(end, self._next))
            if datagram is not None:
                trip = await self._read(datagram)
                if trip is not None:
                    return trip
            elif self._doubtful is not None:
                return self._doubtful
            elif self._loop.time() >= end:
                return Trip(self._nothing(), self._sent)
            else:
                transport.sendto(self._query.wire)
                self._sent += 1
                self._pause *= 2
                again = self._sent <= _MOST_RESENDS
                self._next = self._loop.time() + self._pause if again else end

    async def _read(self, datagram: bytes | OSError) -> Trip | None:
        elapsed = self._loop.time() - self._begun
        if isinstance(datagram, OSError):
            return self._doubtful or Trip(_failed(datagram, elapsed), self._sent)
        match await self._reader.match(datagram, self._query):
            case Match(message=message, exact=exact, echoed=echoed):
                response = Response(message, Transport.UDP, elapsed)
                trip = Trip(response, self._sent, len(datagram), exact or not echoed)
                if exact or self._any_case:
                    return trip
                self._doubtful = self._doubtful or trip
            case mismatch:
                self._garbage = mismatch.what
        return None

    def _nothing(self) -> NoResponse:
        elapsed = self._loop.time() - self._begun
        if self._garbage:
            return NoResponse(NoResponseReason.GARBAGE, self._garbage, elapsed)
        detail = f"no answer in {self._patience:g} s"
        return NoResponse(NoResponseReason.TIMED_OUT, detail, elapsed)


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self._arrived: asyncio.Queue[bytes | OSError] = asyncio.Queue(_MOST_STRAYS)

    def datagram_received(self, data: bytes, addr: object) -> None:  # noqa: ARG002 - asyncio's name
        with contextlib.suppress(asyncio.QueueFull):
            self._arrived.put_nowait(data)

    def error_received(self, exc: Exception) -> None:
        with contextlib.suppress(asyncio.QueueFull):
            self._arrived.put_nowait(exc if isinstance(exc, OSError) else OSError(str(exc)))

    async def next(self, when: float) -> bytes | OSError | None:
        """Give the next datagram, or None if there is none by a moment of the loop's clock."""
        try:
            async with asyncio.timeout_at(when):
                return await self._arrived.get()
        except TimeoutError:
            # If the loop was busy, the answer may wait to be read: that is not the server's fault.
            for _ in range(2):
                await asyncio.sleep(0)
            return None if self._arrived.empty() else self._arrived.get_nowait()


class _Reader:
    """Parses what came in; large messages beside the event loop, and one of them at a time.

    Every thread that computes keeps the event loop from going on after each of its system calls.
    """

    def __init__(self) -> None:
        self._free = asyncio.Semaphore(1)

    async def match(self, wire: bytes, query: Query) -> Matched:
        if len(wire) < LARGE:
            return match_response(wire, query)
        async with self._free:
            return await asyncio.to_thread(match_response, wire, query)


def _failed(error: OSError, elapsed: float) -> NoResponse:
    reason = NoResponseReason.NO_ROUTE if error.errno in _NO_ROUTE else NoResponseReason.UNREACHABLE
    if isinstance(error, ssl.SSLError):  # its number is no errno
        return NoResponse(NoResponseReason.UNREACHABLE, tls_words(error), elapsed)
    return NoResponse(reason, printable(error.strerror or str(error)).lower(), elapsed)


def _family(endpoint: Endpoint) -> socket.AddressFamily:
    return socket.AF_INET6 if endpoint.ipv6 else socket.AF_INET
