"""One query to one server address: a `Response`, or the reason why there is none.

Sockets are here and nowhere else. Checks that what comes back is a response to what was asked
(source, id, QR, question); what it *says* is read in `responses`. Every failure of a server or a
network is data; nothing here raises for them. Knows no zones and no challenges.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import socket
import struct
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype

from certbot_dns_preflight.escaping import printable
from certbot_dns_preflight.facts.answers import (
    Endpoint,
    NoResponse,
    NoResponseReason,
    Reply,
    Response,
    Transport,
)
from certbot_dns_preflight.resolve.caa_wire import read

if TYPE_CHECKING:
    from collections.abc import Iterable

log = logging.getLogger(__name__)

# The payload that fits every path without fragments (DNS flag day 2020).
PAYLOAD = 1232
_HEADER = 12
_QR = 0x80
_MOST_STRAYS = 64
_MOST_SOCKETS = 200  # well below the usual limit of 1,024 open files
_QUERIES_PER_SECOND = 100.0  # NSD's default limit is 200 a second and /24
_BURST = 50
_PAUSE_AFTER_ICMP = 0.2
_UNKNOWN, _BAD = 10.0, 100.0  # in seconds, beside real round-trip times
_BRIEFLY = 1.0  # seconds for an address that kept silent with full patience
_FULLY_EVERY = 4
_SILENT = frozenset({NoResponseReason.TIMED_OUT, NoResponseReason.UNREACHABLE})
_NOT_UNDERSTOOD = frozenset({dns.rcode.FORMERR, dns.rcode.NOTIMP})
_NO_ROUTE = frozenset(
    {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.EINVAL}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryOptions:
    """How to ask. `timeout` is for one try, in seconds; None takes the exchange's own.

    `edns` False sends plain DNS; `dnssec` sets DO; `tcp` goes straight to TCP; `recursion` sets
    RD and `checking_disabled` CD, both for recursive resolvers only.
    """

    tries: int = 2
    timeout: float | None = None
    edns: bool = True
    dnssec: bool = False
    tcp: bool = False
    recursion: bool = False
    checking_disabled: bool = False


SINGLE_TRY = QueryOptions(tries=1)
DEFAULT = QueryOptions()


class Exchange:
    """Asks questions, politely: paced per address, bounded in open sockets.

    `answered` tells afterwards whether anything at all came back, `routed` and
    `unroutable_families` which address families (4, 6) this host could and could not send over.
    `rate_limited` are the addresses that sent an empty truncated answer where the whole one would
    have fitted; `without_edns` those that understand no EDNS and answer without it.
    """

    def __init__(
        self, *, query_timeout: float, consecutive_timeouts: dict[Endpoint, int] | None = None
    ) -> None:
        """Take `query_timeout`, the seconds that one try of one query may last.

        `consecutive_timeouts` counts, per address, the questions in a row that it left unanswered;
        the one of an earlier exchange is continued.
        """
        self._timeout = query_timeout
        self._silences = {} if consecutive_timeouts is None else consecutive_timeouts
        self._sockets = asyncio.Semaphore(_MOST_SOCKETS)
        self._pacers: dict[Endpoint, _Pacer] = {}
        self.answered = False
        self.routed: set[int] = set()
        self._unrouted: set[int] = set()
        self.rate_limited: set[Endpoint] = set()
        self.without_edns: set[Endpoint] = set()
        self._promise: dict[Endpoint, float] = {}

    @property
    def unroutable_families(self) -> frozenset[int]:
        """The families (4, 6) that were tried, and that this host has no route for at all."""
        return frozenset(self._unrouted - self.routed)

    def by_promise(self, endpoints: Iterable[Endpoint]) -> list[Endpoint]:
        """Order addresses by how soon they answered before: good ones, unknown ones, bad ones."""
        return sorted(endpoints, key=lambda e: (self._promise.get(e, _UNKNOWN), e.ipv6))

    async def ask(
        self,
        endpoint: Endpoint,
        name: dns.name.Name,
        rdtype: dns.rdatatype.RdataType,
        *,
        how: QueryOptions = DEFAULT,
    ) -> Reply:
        """Ask one question of one address, over UDP and, when truncated, over TCP."""
        if endpoint in self.without_edns and not how.dnssec:
            how = replace(how, edns=False)
        how = self._with_due_patience(endpoint, how)
        begun = asyncio.get_running_loop().time()
        try:
            return await self._tried(endpoint, name, rdtype, how)
        except asyncio.CancelledError:
            if asyncio.get_running_loop().time() - begun > _BRIEFLY:
                self._count_silence(endpoint)
            raise

    def _count_silence(self, endpoint: Endpoint) -> None:
        self._silences[endpoint] = self._silences.get(endpoint, 0) + 1

    def _with_due_patience(self, endpoint: Endpoint, how: QueryOptions) -> QueryOptions:
        """Wait only briefly for an address that kept silent; fully now and then, it may be slow."""
        consecutive_timeouts = self._silences.get(endpoint, 0)
        if not consecutive_timeouts:
            return how
        timeout = self._timeout if how.timeout is None else how.timeout
        if consecutive_timeouts % _FULLY_EVERY:
            timeout = min(timeout, _BRIEFLY)
        return replace(how, tries=1, timeout=timeout)

    async def _tried(
        self,
        endpoint: Endpoint,
        name: dns.name.Name,
        rdtype: dns.rdatatype.RdataType,
        how: QueryOptions,
    ) -> Reply:
        query = _query(name, rdtype, how)
        pacer = self._pacers.setdefault(endpoint, _Pacer())
        reply: Reply = NoResponse(NoResponseReason.TIMED_OUT, "not asked", 0.0)
        for attempt in range(how.tries):
            if (
                attempt
                and isinstance(reply, NoResponse)
                and reply.reason is NoResponseReason.UNREACHABLE
            ):
                await asyncio.sleep(_PAUSE_AFTER_ICMP)  # a server that restarts is soon back
            await pacer.wait()
            async with self._sockets:
                reply = await self._once(endpoint, query, how)
                if _knows_no_edns(reply, how):
                    reply = await self._without_edns(endpoint, name, rdtype, how) or reply
            _log(endpoint, name, rdtype, reply)
            self._promise[endpoint] = reply.rtt if isinstance(reply, Response) else _BAD
            if isinstance(reply, Response):
                self.answered = True
                break
            if reply.reason is NoResponseReason.NO_ROUTE:
                self._unrouted.add(_number(endpoint))
                break
            if reply.reason is NoResponseReason.TRUNCATED:
                break
        if how.tcp:
            return reply  # it may well answer over UDP
        if isinstance(reply, NoResponse) and reply.reason in _SILENT:
            self._count_silence(endpoint)
        else:
            self._silences.pop(endpoint, None)
        return reply

    async def _once(
        self, endpoint: Endpoint, query: dns.message.QueryMessage, how: QueryOptions
    ) -> Reply:
        timeout = self._timeout if how.timeout is None else how.timeout
        if how.tcp:
            return await self._over_tcp(endpoint, query, timeout)
        reply = await self._over_udp(endpoint, query, timeout)
        if isinstance(reply, Response) and reply.message.flags & dns.flags.TC:
            self.answered = True
            whole = await self._over_tcp(endpoint, query, timeout)
            if isinstance(whole, NoResponse):
                detail = f"{NoResponseReason.TRUNCATED.value} ({whole.detail})"
                return NoResponse(NoResponseReason.TRUNCATED, detail, reply.rtt + whole.rtt)
            if not reply.message.answer and _size(whole.message) <= PAYLOAD:
                self.rate_limited.add(endpoint)
            return whole
        return reply

    async def _without_edns(
        self,
        endpoint: Endpoint,
        name: dns.name.Name,
        rdtype: dns.rdatatype.RdataType,
        how: QueryOptions,
    ) -> Response | None:
        """Ask as resolvers do then (RFC 6891 section 7), and from now on at once."""
        plain = replace(how, edns=False)
        reply = await self._once(endpoint, _query(name, rdtype, plain), plain)
        if not isinstance(reply, Response) or reply.message.rcode() in _NOT_UNDERSTOOD:
            return None
        self.without_edns.add(endpoint)
        return reply

    async def _over_udp(
        self, endpoint: Endpoint, query: dns.message.QueryMessage, patience: float
    ) -> Reply:
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
        self.routed.add(_number(endpoint))
        try:
            async with asyncio.timeout(patience):
                transport.sendto(query.to_wire())
                while True:
                    datagram = await protocol.arrived.get()
                    if isinstance(datagram, OSError):
                        return _failed(datagram, loop.time() - begun)
                    message, wrong = _parse(datagram, query)
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

    async def _over_tcp(
        self, endpoint: Endpoint, query: dns.message.QueryMessage, patience: float
    ) -> Reply:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        writer: asyncio.StreamWriter | None = None
        try:
            async with asyncio.timeout(patience):
                reader, writer = await asyncio.open_connection(endpoint.address, endpoint.port)
                self.routed.add(_number(endpoint))
                wire = query.to_wire()
                writer.write(struct.pack("!H", len(wire)) + wire)
                (length,) = struct.unpack("!H", await reader.readexactly(2))
                message, wrong = _parse(await reader.readexactly(length), query)
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


class _Pacer:
    """A token bucket for one address."""

    def __init__(self) -> None:
        self._free_at = float("-inf")

    async def wait(self) -> None:
        now = asyncio.get_running_loop().time()
        earliest = now - _BURST / _QUERIES_PER_SECOND
        self._free_at = max(self._free_at, earliest) + 1 / _QUERIES_PER_SECOND
        if self._free_at > now:
            await asyncio.sleep(self._free_at - now)


def _query(
    name: dns.name.Name, rdtype: dns.rdatatype.RdataType, how: QueryOptions
) -> dns.message.QueryMessage:
    flags = dns.flags.Flag(0)
    if how.recursion:
        flags |= dns.flags.RD
    if how.checking_disabled:
        flags |= dns.flags.CD
    query = dns.message.make_query(
        name,
        rdtype,
        use_edns=0 if how.edns else False,
        payload=PAYLOAD,
        want_dnssec=how.dnssec,
        flags=int(flags),
    )
    query.flags = flags  # releases differ in whether `flags` or RD wins
    return query


def _parse(wire: bytes, query: dns.message.QueryMessage) -> tuple[dns.message.Message | None, str]:
    if len(wire) < _HEADER:
        return None, f"{len(wire)} bytes are no DNS message"
    (identity,) = struct.unpack("!H", wire[:2])
    if identity != query.id:
        return None, "an answer with another id than the question's"
    if not wire[2] & _QR:
        return None, "a question in place of an answer"
    try:
        message = _read(wire, query)
    except Exception as error:  # noqa: BLE001 - hostile bytes: whatever the parser raises
        return None, f"a message that does not parse ({printable(type(error).__name__)})"
    if not query.is_response(message):
        asked = query.question[0]
        got = message.question[0] if message.question else None
        about = f"{got.name} {dns.rdatatype.to_text(got.rdtype)}" if got is not None else "nothing"
        return None, (
            f"an answer to another question: {about}, "
            f"not {asked.name} {dns.rdatatype.to_text(asked.rdtype)}"
        )
    return message, ""


def _read(wire: bytes, query: dns.message.QueryMessage) -> dns.message.Message:
    try:
        return dns.message.from_wire(wire, raise_on_truncation=False)
    except dns.exception.DNSException:
        if query.question[0].rdtype != dns.rdatatype.CAA:
            raise
        return read(wire)


def _size(message: dns.message.Message) -> int:
    try:
        return len(message.to_wire(max_size=65535))
    except dns.exception.DNSException:  # longer than a message can be
        return PAYLOAD + 1


def _knows_no_edns(reply: Reply, how: QueryOptions) -> bool:
    """Tell whether a server complains of EDNS: it does so without an OPT record of its own."""
    return (
        how.edns
        and not how.dnssec
        and isinstance(reply, Response)
        and reply.message.edns < 0
        and reply.message.rcode() in _NOT_UNDERSTOOD
    )


def _failed(error: OSError, elapsed: float) -> NoResponse:
    reason = NoResponseReason.NO_ROUTE if error.errno in _NO_ROUTE else NoResponseReason.UNREACHABLE
    return NoResponse(reason, printable(error.strerror or str(error)).lower(), elapsed)


def _number(endpoint: Endpoint) -> int:
    return 6 if endpoint.ipv6 else 4


def _family(endpoint: Endpoint) -> socket.AddressFamily:
    return socket.AF_INET6 if endpoint.ipv6 else socket.AF_INET


def _log(
    endpoint: Endpoint, name: dns.name.Name, rdtype: dns.rdatatype.RdataType, reply: Reply
) -> None:
    if not log.isEnabledFor(logging.DEBUG):
        return
    asked = f"{endpoint.address}#{endpoint.port} {name} {dns.rdatatype.to_text(rdtype)}"
    match reply:
        case NoResponse(reason=reason, detail=detail, rtt=rtt):
            log.debug("%s: %s: %s (%.3f s)", asked, reason.value, detail, rtt)
        case Response(message=message, transport=transport, rtt=rtt):
            records = "; ".join(
                line
                for section in (message.answer, message.authority)
                for rrset in section
                for line in rrset.to_text().splitlines()
            )
            log.debug(
                "%s: %s %s over %s (%.3f s): %s",
                asked,
                dns.rcode.to_text(message.rcode()),
                dns.flags.to_text(message.flags),
                transport.value,
                rtt,
                printable(records) or "no records",
            )
