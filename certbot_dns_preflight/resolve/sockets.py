"""All sockets: one datagram or one TCP connection for one query, and what came of it.

Checks that an answer is one to what was asked; every failure of a server or a network is data.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import struct
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
from certbot_dns_preflight.resolve.queries import match_response

if TYPE_CHECKING:
    import dns.message

_MOST_STRAYS = 64
_NO_ROUTE = frozenset(
    {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.EINVAL}
)


class Sockets:
    """Sends queries from this host. `routed` are the families (4, 6) that it could send over."""

    def __init__(self) -> None:
        """Nothing is known of routes before something is sent."""
        self.routed: set[int] = set()

    async def over_udp(
        self, endpoint: Endpoint, query: dns.message.QueryMessage, patience: float
    ) -> Reply:
        """Send a datagram, and wait for one that answers it: so many seconds."""
        loop = asyncio.get_running_loop()
        begun = loop.time()
        garbage = ""
        try:
            # A connected socket: the kernel drops other sources, and ICMP errors arrive.
            transport, protocol = await loop.create_datagram_endpoint(
                _Datagrams, remote_addr=(endpoint.address, endpoint.port), family=_family(endpoint)
            )
        except OSError as error:
            return _failed(error, loop.time() - begun)
        self.routed.add(endpoint.family)
        try:
            async with asyncio.timeout(patience):
                transport.sendto(query.to_wire())
                while True:
                    datagram = await protocol.arrived.get()
                    if isinstance(datagram, OSError):
                        return _failed(datagram, loop.time() - begun)
                    message, wrong = match_response(datagram, query)
                    if message is not None:
                        return Response(message, Transport.UDP, loop.time() - begun)
                    garbage = wrong
        except TimeoutError:
            elapsed = loop.time() - begun
            if garbage:
                return NoResponse(NoResponseReason.GARBAGE, garbage, elapsed)
            return NoResponse(NoResponseReason.TIMED_OUT, f"no answer in {patience:g} s", elapsed)
        finally:
            transport.close()

    async def over_tcp(
        self, endpoint: Endpoint, query: dns.message.QueryMessage, patience: float
    ) -> Reply:
        """Connect, send and wait for the answer: so many seconds in all."""
        loop = asyncio.get_running_loop()
        begun = loop.time()
        writer: asyncio.StreamWriter | None = None
        try:
            async with asyncio.timeout(patience):
                reader, writer = await asyncio.open_connection(endpoint.address, endpoint.port)
                self.routed.add(endpoint.family)
                wire = query.to_wire()
                writer.write(struct.pack("!H", len(wire)) + wire)
                (length,) = struct.unpack("!H", await reader.readexactly(2))
                message, wrong = match_response(await reader.readexactly(length), query)
                elapsed = loop.time() - begun
                if message is None:
                    return NoResponse(NoResponseReason.GARBAGE, f"over TCP: {wrong}", elapsed)
                return Response(message, Transport.TCP, elapsed)
        except TimeoutError:
            detail = f"no answer over TCP in {patience:g} s"
            return NoResponse(NoResponseReason.TIMED_OUT, detail, loop.time() - begun)
        except asyncio.IncompleteReadError:
            detail = "the TCP connection was closed without an answer"
            return NoResponse(NoResponseReason.UNREACHABLE, detail, loop.time() - begun)
        except OSError as error:
            return _failed(error, loop.time() - begun)
        finally:
            if writer is not None:
                writer.transport.abort()  # a polite close could wait for the peer


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.arrived: asyncio.Queue[bytes | OSError] = asyncio.Queue(_MOST_STRAYS)

    def datagram_received(self, data: bytes, addr: object) -> None:  # noqa: ARG002 - asyncio's name
        with contextlib.suppress(asyncio.QueueFull):
            self.arrived.put_nowait(data)

    def error_received(self, exc: Exception) -> None:
        with contextlib.suppress(asyncio.QueueFull):
            self.arrived.put_nowait(exc if isinstance(exc, OSError) else OSError(str(exc)))


def _failed(error: OSError, elapsed: float) -> NoResponse:
    reason = NoResponseReason.NO_ROUTE if error.errno in _NO_ROUTE else NoResponseReason.UNREACHABLE
    return NoResponse(reason, printable(error.strerror or str(error)).lower(), elapsed)


def _family(endpoint: Endpoint) -> socket.AddressFamily:
    return socket.AF_INET6 if endpoint.ipv6 else socket.AF_INET
