"""One question to one server address: a `Response`, or the reason why there is none.

Decides how often and how patiently an address is asked, how fast, over which transport and with or
without EDNS. Every failure of a server or a network is data; nothing here raises for them. Knows no
zones and no challenges; `sockets` sends, and what an answer *says* is read in `reading`.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

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
)
from certbot_dns_preflight.resolve.queries import DEFAULT, PAYLOAD, QueryOptions, make_query, size
from certbot_dns_preflight.resolve.sockets import Sockets
from certbot_dns_preflight.resolve.timings import USUAL, QueryTimings

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    Observer: TypeAlias = "Callable[[Asked | Replied], Awaitable[None]]"

log = logging.getLogger(__name__)

_MOST_SOCKETS = 200  # well below the usual limit of 1,024 open files
_QUERIES_PER_SECOND = 100.0  # NSD's default limit is 200 a second and /24
_BURST = 50
_UNKNOWN, _BAD = 10.0, 100.0  # in seconds, beside real round-trip times
_FULLY_EVERY = 4
_SILENT = frozenset({NoResponseReason.TIMED_OUT, NoResponseReason.UNREACHABLE})
_NOT_UNDERSTOOD = frozenset({dns.rcode.FORMERR, dns.rcode.NOTIMP})


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that is about to go out; whoever observes may hold it back."""

    endpoint: Endpoint
    name: dns.name.Name
    rdtype: dns.rdatatype.RdataType
    how: QueryOptions


@dataclass(frozen=True, slots=True)
class Replied:
    """What came of a question, all its tries together."""

    to: Asked
    reply: Reply


class Exchange:
    """Asks questions, politely: paced per address, bounded in open sockets.

    `answered` tells afterwards whether anything at all came back, `unroutable_families` which
    address families (4, 6) this host could not send over.
    `rate_limited` are the addresses that sent an empty truncated answer where the whole one would
    have fitted; `without_edns` those that understand no EDNS and answer without it.
    """

    def __init__(
        self,
        *,
        query_timeout: float,
        consecutive_timeouts: dict[Endpoint, int] | None = None,
        observer: Observer | None = None,
        timings: QueryTimings = USUAL,
        sockets: Sockets | None = None,
    ) -> None:
        """Take `query_timeout`, the seconds that one try of one query may last.

        `consecutive_timeouts` counts, per address, the questions in a row that it left unanswered;
        the one of an earlier exchange is continued. `observer` is told of every question before it
        is sent, and of what came of it.
        """
        self.timings = timings
        self._timeout = query_timeout
        self._silences = {} if consecutive_timeouts is None else consecutive_timeouts
        self._observer = observer
        self._sockets = sockets or Sockets()
        self._open = asyncio.Semaphore(_MOST_SOCKETS)
        self._pacers: dict[Endpoint, _Pacer] = {}
        self.answered = False
        self._unrouted: set[int] = set()
        self.rate_limited: set[Endpoint] = set()
        self.without_edns: set[Endpoint] = set()
        self._promise: dict[Endpoint, float] = {}

    @property
    def unroutable_families(self) -> frozenset[int]:
        """The families (4, 6) that were tried, and that this host has no route for at all."""
        return frozenset(self._unrouted - self._sockets.routed)

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
        question = Asked(endpoint, name, rdtype, how)
        if self._observer is None:
            return await self._ask(question)
        await self._observer(question)
        reply = await self._ask(question)
        await self._observer(Replied(question, reply))
        return reply

    async def _ask(self, question: Asked) -> Reply:
        endpoint, how = question.endpoint, question.how
        if endpoint in self.without_edns and not how.dnssec:
            how = replace(how, edns=False)
        how = self._with_due_patience(endpoint, how)
        begun = asyncio.get_running_loop().time()
        try:
            return await self._tried(replace(question, how=how))
        except asyncio.CancelledError:
            if asyncio.get_running_loop().time() - begun > self.timings.brief:
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
            timeout = min(timeout, self.timings.brief)
        return replace(how, tries=1, timeout=timeout)

    async def _tried(self, question: Asked) -> Reply:
        endpoint, how = question.endpoint, question.how
        query = make_query(question.name, question.rdtype, how)
        pacer = self._pacers.setdefault(endpoint, _Pacer())
        reply: Reply = NoResponse(NoResponseReason.TIMED_OUT, "not asked", 0.0)
        for attempt in range(how.tries):
            if (
                attempt
                and isinstance(reply, NoResponse)
                and reply.reason is NoResponseReason.UNREACHABLE
            ):
                # A server that restarts is soon back.
                await asyncio.sleep(self.timings.after_icmp)
            await pacer.wait()
            async with self._open:
                reply = await self._once(endpoint, query, how)
                if _knows_no_edns(reply, how):
                    reply = await self._without_edns(question) or reply
            _log(question, reply)
            self._promise[endpoint] = reply.rtt if isinstance(reply, Response) else _BAD
            if isinstance(reply, Response):
                self.answered = True
                break
            if reply.reason is NoResponseReason.NO_ROUTE:
                self._unrouted.add(endpoint.family)
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
            return await self._sockets.over_tcp(endpoint, query, timeout)
        reply = await self._sockets.over_udp(endpoint, query, timeout)
        if isinstance(reply, Response) and reply.message.flags & dns.flags.TC:
            self.answered = True
            whole = await self._sockets.over_tcp(endpoint, query, timeout)
            if isinstance(whole, NoResponse):
                detail = f"{NoResponseReason.TRUNCATED.value} ({whole.detail})"
                return NoResponse(NoResponseReason.TRUNCATED, detail, reply.rtt + whole.rtt)
            if not reply.message.answer and size(whole.message) <= PAYLOAD:
                self.rate_limited.add(endpoint)
            return whole
        return reply

    async def _without_edns(self, question: Asked) -> Response | None:
        """Ask as resolvers do then (RFC 6891 section 7), and from now on at once."""
        plain = replace(question.how, edns=False)
        query = make_query(question.name, question.rdtype, plain)
        reply = await self._once(question.endpoint, query, plain)
        if not isinstance(reply, Response) or reply.message.rcode() in _NOT_UNDERSTOOD:
            return None
        self.without_edns.add(question.endpoint)
        return reply


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


def _knows_no_edns(reply: Reply, how: QueryOptions) -> bool:
    """Tell whether a server complains of EDNS: it does so without an OPT record of its own."""
    return (
        how.edns
        and not how.dnssec
        and isinstance(reply, Response)
        and reply.message.edns < 0
        and reply.message.rcode() in _NOT_UNDERSTOOD
    )


def _log(question: Asked, reply: Reply) -> None:
    if not log.isEnabledFor(logging.DEBUG):
        return
    endpoint = question.endpoint
    asked = (
        f"{endpoint.address}#{endpoint.port} {question.name} "
        f"{dns.rdatatype.to_text(question.rdtype)}"
    )
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
