"""Owns all sockets: sends one query over UDP or TCP and returns the outcome.

Checks that an answer responds to the question; every failure of a server or a network is data. A
datagram that seems lost is sent again; what came while this process was too busy to look still
counts.
"""

from __future__ import annotations

import asyncio
import errno
import struct
from typing import TYPE_CHECKING, TypeAlias

from certbot_dns_preflight.facts.answers import (
    TLS_FAILS,
    Endpoint,
    NoResponse,
    NoResponseReason,
    Response,
    Transport,
)
from certbot_dns_preflight.resolve.datagrams import Datagrams
from certbot_dns_preflight.resolve.encrypted import Encrypted
from certbot_dns_preflight.resolve.lateness import Lateness
from certbot_dns_preflight.resolve.messages import Match, ParsedMessages, match_response
from certbot_dns_preflight.resolve.trips import Trip, failed, over_limit
from certbot_dns_preflight.resolve.wire import LARGE

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from certbot_dns_preflight.facts.limits import LimitMet
    from certbot_dns_preflight.resolve.datagrams import Arrived, Channel
    from certbot_dns_preflight.resolve.messages import Matched
    from certbot_dns_preflight.resolve.queries import Query

    Hold: TypeAlias = Callable[[int], LimitMet | None]

_MOST_RESENDS = 2
_TOO_MANY = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_UNTIL_SOME_CLOSE = 0.05  # seconds
_LATE = 0.05  # seconds that a timer may be late on a machine that keeps up
_UNTIL_CANCELLED = 60.0


class Sockets:
    """Sends queries from this host. `routed` are the families (4, 6) that it could send over.

    `lateness` measures how late this process reads incoming data.
    """

    def __init__(self, connect: Callable[[Endpoint], Channel] = Datagrams) -> None:
        """Send datagrams through `connect`, which returns a channel or raises `OSError`."""
        self._connect = connect
        self._parsed = ParsedMessages()
        self._parsing = asyncio.Semaphore(1)
        self.routed: set[int] = set()
        self.lateness = Lateness()
        self._encrypted = Encrypted()
        self._stopped = False

    def stop(self) -> None:
        """Send and parse nothing more: whoever still asks is about to be cancelled.

        Each task that ends makes room for another. Until they are all told, a thousand that waited
        for room would each send one more query.
        """
        self._stopped = True

    async def _unless_stopped(self) -> None:
        if self._stopped:
            await asyncio.sleep(_UNTIL_CANCELLED)

    async def close(self) -> None:
        """Close the connections kept for later questions."""
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
        """Send a datagram, and wait `patience` seconds for its answer.

        If nothing came after `resend_after` seconds it is sent again, and later once more. An
        answer in a different letter case may be forged, so the right one gets that time to arrive,
        unless the address is known to answer in `any_case`.
        """
        await self._unless_stopped()
        if endpoint.service:
            return await self._confidentially(endpoint, query, patience)
        while True:
            begun = asyncio.get_running_loop().time()
            try:
                channel = self._connect(endpoint)
                break
            except OSError as error:
                if error.errno not in _TOO_MANY:
                    return Trip(failed(error, 0.0))
            await asyncio.sleep(_UNTIL_SOME_CLOSE)  # running out of sockets is this host's problem
        self.routed.add(endpoint.family)
        try:
            channel.send(query.wire)
            listening = _Listening(
                query, begun, patience, resend_after, any_case=any_case, sockets=self
            )
            return await listening.listen(channel)
        finally:
            channel.close()

    async def over_tcp(
        self, endpoint: Endpoint, query: Query, *, patience: float, hold: Hold = lambda _: None
    ) -> Trip:
        """Connect, send and wait for the answer, for `patience` seconds in all.

        If this process is late by then, it checks once more before giving up. `hold` is told the
        size of an answer before it is read, and says which limit forbids that, if any.
        """
        if endpoint.service:
            return await self._confidentially(endpoint, query, patience)
        return await self._over_stream(endpoint, query, patience, hold=hold)

    async def _confidentially(self, endpoint: Endpoint, query: Query, patience: float) -> Trip:
        """Query over TLS or HTTPS; datagrams cannot be used there."""
        loop = asyncio.get_running_loop()
        begun = loop.time()
        if not endpoint.service.startswith("https://"):
            return await self._over_stream(
                endpoint, query, patience, tls=self._encrypted.tls_context()
            )
        fetched = await self._encrypted.fetch(endpoint, query.wire, patience=patience)
        if isinstance(fetched, NoResponse):
            return Trip(fetched)
        return await self._as_trip(fetched, query, "by HTTPS", loop.time() - begun)

    async def _over_stream(
        self,
        endpoint: Endpoint,
        query: Query,
        patience: float,
        *,
        tls: ssl.SSLContext | None = None,
        hold: Hold = lambda _: None,
    ) -> Trip:
        await self._unless_stopped()
        how = "TLS" if tls else "TCP"
        loop = asyncio.get_running_loop()
        begun = loop.time()
        fetching = loop.create_task(self._fetch(endpoint, query, tls, hold))
        end = begun + patience
        try:
            while not fetching.done():
                await asyncio.wait([fetching], timeout=max(0.0, end - loop.time()))
                late = loop.time() - end
                if late < _LATE or loop.time() > begun + 2 * patience:
                    break
                end += late
            if not fetching.done():
                detail = f"no answer over {how} in {patience:g} s"
                return Trip(NoResponse(NoResponseReason.TIMED_OUT, detail, loop.time() - begun))
            if isinstance(wire := fetching.result(), NoResponse):
                return Trip(wire)
        except asyncio.IncompleteReadError:
            detail = f"the {how} connection was closed without an answer"
            return Trip(NoResponse(NoResponseReason.UNREACHABLE, detail, loop.time() - begun))
        except OSError as error:
            if tls and isinstance(error, ConnectionResetError | ConnectionAbortedError):
                detail = f"{TLS_FAILS}: the connection was closed"  # as a plain port does
                return Trip(NoResponse(NoResponseReason.UNREACHABLE, detail, loop.time() - begun))
            return Trip(failed(error, loop.time() - begun))
        finally:
            fetching.cancel()
            await asyncio.gather(fetching, return_exceptions=True)
        # Outside the timeout: the time it takes to parse an answer is not the server's fault.
        return await self._as_trip(wire, query, f"over {how}", loop.time() - begun)

    async def _as_trip(self, wire: bytes, query: Query, how: str, elapsed: float) -> Trip:
        match await self.match(wire, query):
            case Match(message=message, exact=exact, echoed=echoed):
                reply = Response(message, Transport.TCP, elapsed)
                return Trip(reply, size=len(wire), exact=exact or not echoed)
            case mismatch:
                garbage = NoResponse(NoResponseReason.GARBAGE, f"{mismatch.what} ({how})", elapsed)
                return Trip(garbage, size=len(wire))

    async def _fetch(
        self, endpoint: Endpoint, query: Query, tls: ssl.SSLContext | None, hold: Hold
    ) -> bytes | NoResponse:
        reader, writer = await asyncio.open_connection(endpoint.address, endpoint.port, ssl=tls)
        try:
            self.routed.add(endpoint.family)
            writer.write(struct.pack("!H", len(query.wire)) + query.wire)
            (length,) = struct.unpack("!H", await reader.readexactly(2))
            if (limit := hold(length)) is not None:
                return over_limit(limit)
            try:
                return await reader.readexactly(length)
            except BaseException:
                hold(0)
                raise
        finally:
            writer.transport.abort()  # a clean close could wait for the peer

    async def match(self, wire: bytes, query: Query) -> Matched:
        """Check whether it responds to a query; parse large ones in a thread, one at a time."""
        if len(wire) < LARGE:
            return match_response(wire, query, self._parsed)
        async with self._parsing:
            await self._unless_stopped()
            # Any thread that computes delays the loop after each system call.
            return await asyncio.to_thread(match_response, wire, query)


class _Listening:
    """Waits from the sending of a datagram to the answer, or until patience runs out."""

    def __init__(  # noqa: PLR0913 - a question, and how it is waited for
        self,
        query: Query,
        begun: float,
        patience: float,
        resend_after: float,
        *,
        any_case: bool,
        sockets: Sockets,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._query = query
        self._any_case = any_case
        self._patience = patience
        self._sockets = sockets
        self._begun = begun
        self._pause = resend_after
        self._next = begun + resend_after
        self._sent = 1
        self._doubtful: Trip | None = None
        self._garbage = ""

    async def listen(self, channel: Channel) -> Trip:
        end = self._begun + self._patience
        while True:
            arrived = await channel.next(min(end, self._next))
            now = self._loop.time()
            if arrived is not None:
                trip = await self._read(arrived)
                if trip is not None:
                    return trip
            elif self._doubtful is not None:
                return self._doubtful
            if now >= end:
                return self._doubtful or Trip(self._nothing(), self._sent)
            if arrived is None:
                channel.send(self._query.wire)
                self._sent += 1
                self._pause *= 2
                again = self._sent <= _MOST_RESENDS
                self._next = now + self._pause if again else end

    async def _read(self, arrived: Arrived) -> Trip | None:
        now = self._loop.time()
        elapsed = max(0.0, now - self._begun - arrived.waiting)  # the network's share of it
        if isinstance(arrived.data, OSError):
            return self._doubtful or Trip(failed(arrived.data, elapsed), self._sent)
        self._sockets.lateness.note(arrived.waiting, now)
        match await self._sockets.match(arrived.data, self._query):
            case Match(message=message, exact=exact, echoed=echoed):
                response = Response(message, Transport.UDP, elapsed)
                trip = Trip(response, self._sent, len(arrived.data), exact or not echoed)
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
        detail = f"no answer within {self._patience:g} s"
        return NoResponse(NoResponseReason.TIMED_OUT, detail, elapsed)
