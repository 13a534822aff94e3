"""Sends one question to one server address, and returns a `Response` or the reason for none.

Decides how often, how patiently and how fast an address is queried, over which transport, and with
or without EDNS. Every failure of a server or a network is data; nothing here raises for them. Knows
no zones and no challenges; `sockets` sends, and `reading` interprets the answers.
"""

from __future__ import annotations

import asyncio
import functools
import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype

from certbot_dns_preflight.facts.answers import (
    Endpoint,
    NoResponse,
    NoResponseReason,
    Reply,
    Response,
)
from certbot_dns_preflight.resolve.budgets import Budgets
from certbot_dns_preflight.resolve.exchange_log import ExchangeLog
from certbot_dns_preflight.resolve.pacing import Pacer
from certbot_dns_preflight.resolve.patience import AddressHistory
from certbot_dns_preflight.resolve.queries import DEFAULT, PAYLOAD, QueryOptions, make_query
from certbot_dns_preflight.resolve.registry_answers import RegistryAnswers
from certbot_dns_preflight.resolve.sockets import Sockets
from certbot_dns_preflight.resolve.timings import USUAL, QueryTimings
from certbot_dns_preflight.resolve.trips import NOT_UNDERSTOOD, over_limit, rejects_edns

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from certbot_dns_preflight.facts.query_fault import QueryFault
    from certbot_dns_preflight.resolve.lateness import Lateness

    Observer: TypeAlias = "Callable[[Asked | Replied], Awaitable[None]]"

log = logging.getLogger(__name__)

_MOST_SOCKETS = 500  # below the usual limit of 1,024 open files
_UNKNOWN, _BAD = 0.25, 100.0  # in seconds, compared with real round-trip times
_CROWDED = 1.0  # seconds that a question may wait for a socket when all are in use
_TIMES_LATE = 4  # how many times the mean lateness is added
_SILENT = frozenset({NoResponseReason.TIMED_OUT, NoResponseReason.UNREACHABLE})
_SOUND = frozenset({dns.rcode.NOERROR, dns.rcode.NXDOMAIN})


@dataclass(frozen=True, slots=True)
class Asked:
    """A question about to be sent; the observer may hold it back."""

    endpoint: Endpoint
    name: dns.name.Name
    rdtype: dns.rdatatype.RdataType
    how: QueryOptions


@dataclass(frozen=True, slots=True)
class Replied:
    """The outcome of a question, over all its tries."""

    to: Asked
    reply: Reply


class Exchange:
    """Sends questions politely: paced per address, with a limit on open sockets.

    `answered` tells afterwards whether anything came back at all, `unroutable_families` which
    address families (4, 6) this host could not send over. For single addresses it remembers:
    `rate_limited` are those that sent an empty truncated answer where the full one would have
    fitted, `without_edns` those that do not understand EDNS and answer without it, `case_changing`
    those that return the question in a different letter case, `sound` those that have given an
    answer without an error. `faults` are the questions that fail only when asked as a CA's resolver
    asks them, by address, owner name and type.
    """

    def __init__(  # noqa: PLR0913 - all by keyword, and but one with a default
        self,
        *,
        query_timeout: float,
        histories: dict[Endpoint, AddressHistory] | None = None,
        registries: RegistryAnswers | None = None,
        observer: Observer | None = None,
        timings: QueryTimings = USUAL,
        sockets: Sockets | None = None,
    ) -> None:
        """Take `query_timeout`, the seconds that one try of one query may last.

        `histories` records how addresses have answered; one from an earlier exchange is continued.
        `registries` holds answers that need not be queried again, and collects new ones. `observer`
        is called with every question before it is sent, and with its outcome.
        """
        self.timings, self._timeout = timings, query_timeout
        self._histories = {} if histories is None else histories
        self._registries = registries or RegistryAnswers()
        self._observer = observer
        self._sockets = sockets or Sockets()
        self._open = asyncio.Semaphore(_MOST_SOCKETS)
        self._pacers: dict[Endpoint, Pacer] = {}
        self.answered = False
        self._unrouted: set[int] = set()
        self.rate_limited, self.without_edns = set[Endpoint](), set[Endpoint]()
        self.case_changing, self.sound = set[Endpoint](), set[Endpoint]()
        self.faults: dict[tuple[Endpoint, dns.name.Name, int], QueryFault] = {}
        self._promise: dict[Endpoint, float] = {}
        self._log, self.budgets = ExchangeLog(log), Budgets()

    def stop(self) -> None:
        """Send and read nothing more: whoever still asks is about to be cancelled."""
        self._sockets.stop()

    async def close(self) -> None:
        """Close the connections kept for later questions."""
        await self._sockets.close()

    @property
    def unroutable_families(self) -> frozenset[int]:
        """The families (4, 6) that were tried but for which this host has no route at all."""
        return frozenset(self._unrouted - self._sockets.routed)

    @property
    def lateness(self) -> Lateness:
        """How late this process reads incoming data."""
        return self._sockets.lateness

    def unhurried(self, seconds: float, *asked: Endpoint) -> float:
        """Extend others' time by our own delays: late reading and questions held back."""
        now = asyncio.get_running_loop().time()
        held_back = max(map(self._delay, asked), default=0.0)
        if self._open.locked():
            held_back += _CROWDED
        return seconds + held_back + _TIMES_LATE * self.lateness.seconds(now)

    def by_promise(self, endpoints: Iterable[Endpoint]) -> list[Endpoint]:
        """Order addresses by how soon their answer may arrive.

        That is how soon they answered before, plus how long we would hold the question back to
        spare them. Unknown addresses come after good ones and before bad ones.
        """

        def seconds(endpoint: Endpoint) -> float:
            return self._promise.get(endpoint, _UNKNOWN) + self._delay(endpoint)

        return sorted(endpoints, key=lambda e: (seconds(e), e.ipv6))

    def _delay(self, endpoint: Endpoint) -> float:
        pacer = self._pacers.get(endpoint)
        return 0.0 if pacer is None else pacer.delay()

    def is_silent(self, endpoint: Endpoint) -> bool:
        """Return whether an address has stayed silent for its full timeouts."""
        return endpoint in self._histories and self._histories[endpoint].is_silent

    async def ask(
        self,
        endpoint: Endpoint,
        name: dns.name.Name,
        rdtype: dns.rdatatype.RdataType,
        *,
        how: QueryOptions = DEFAULT,
    ) -> Reply:
        """Send one question to one address, over UDP and, if truncated, over TCP."""
        known = self._registries.find((endpoint, name, rdtype), how)
        if known is not None:
            return known
        limit = self.budgets.take_query(endpoint)
        if limit is not None:
            return over_limit(limit)
        question = Asked(endpoint, name, rdtype, how)
        if self._observer is not None:
            await self._observer(question)
        reply = await self._ask(question)
        self._registries.note((endpoint, name, rdtype), how, reply)
        if self._observer is not None:
            await self._observer(Replied(question, reply))
        return reply

    async def _ask(self, question: Asked) -> Reply:
        endpoint, how = question.endpoint, question.how
        if endpoint in self.without_edns:
            how = replace(how, edns=False)
        whole = self._timeout if how.timeout is None else how.timeout
        history = self._histories.setdefault(endpoint, AddressHistory())
        if history.is_silent:
            how = replace(how, tries=1)
        patience = history.patience(whole, self.timings)
        if patience != self._timeout or how.timeout is not None:
            how = replace(how, timeout=patience)
        if how is not question.how:
            question = replace(question, how=how)
        return await self._tried(question, history)

    async def _tried(self, question: Asked, history: AddressHistory) -> Reply:
        endpoint, how = question.endpoint, question.how
        pacer = self._pacers.get(endpoint)
        if pacer is None:
            pacer = self._pacers[endpoint] = Pacer(to_resolver=how.recursion)
        reply: Reply = NoResponse(NoResponseReason.TIMED_OUT, "not asked", 0.0)
        for attempt in range(how.tries):
            if (
                attempt
                and isinstance(reply, NoResponse)
                and reply.reason is NoResponseReason.UNREACHABLE
            ):
                # A restarting server is soon back.
                await asyncio.sleep(self.timings.after_icmp)
            await pacer.wait()
            async with self._open:
                reply = await self._once(question, history)
                if how.edns and rejects_edns(reply):
                    reply = await self._without_edns(question, history) or reply
            self._log.write(question.endpoint, question.name, question.rdtype, reply)
            self._promise[endpoint] = reply.rtt if isinstance(reply, Response) else _BAD
            if isinstance(reply, Response):
                self.answered = True
                if reply.message.rcode() in _SOUND:
                    self.sound.add(endpoint)
                break
            if reply.reason is NoResponseReason.NO_ROUTE:
                self._unrouted.add(endpoint.family)
                break
            if reply.reason in (NoResponseReason.TRUNCATED, NoResponseReason.LIMIT):
                break
        return reply

    async def _once(self, question: Asked, history: AddressHistory) -> Reply:
        endpoint, how = question.endpoint, question.how
        patience = self._timeout if how.timeout is None else how.timeout
        query = make_query(question.name, question.rdtype, how)
        hold = functools.partial(self.budgets.hold, endpoint, question.name, question.rdtype)
        over_tcp = functools.partial(self._sockets.over_tcp, endpoint, query, hold=hold)
        if how.tcp:  # this does not show whether it answers over UDP
            trip = await over_tcp(patience=patience)
            self.budgets.take_bytes(trip.size)
            return self._held(question, trip.reply, trip.size)
        trip = await self._sockets.over_udp(
            endpoint,
            query,
            patience=patience,
            resend_after=history.resend_after(self.timings),
            any_case=endpoint in self.case_changing,
        )
        reply = trip.reply
        if endpoint.service:  # a stream can carry more than a datagram
            self.budgets.take_bytes(trip.size)
        if isinstance(reply, NoResponse):
            history.left_unanswered(silent=reply.reason in _SILENT, fully=patience >= self._timeout)
            return reply
        history.answered(reply.rtt, sent=trip.sent)
        if not trip.exact:
            self.case_changing.add(endpoint)
        if not reply.message.flags & dns.flags.TC:
            return self._held(question, reply, trip.size)
        self.answered = True
        trip = await over_tcp(patience=patience)
        whole = trip.reply
        self.budgets.take_bytes(trip.size)
        if isinstance(whole, NoResponse):
            hold(0)
            if whole.reason is NoResponseReason.LIMIT:
                return whole
            detail = f"{NoResponseReason.TRUNCATED.value} ({whole.detail})"
            return NoResponse(NoResponseReason.TRUNCATED, detail, reply.rtt + whole.rtt)
        if not trip.exact:
            self.case_changing.add(endpoint)
        if not reply.message.answer and trip.size <= PAYLOAD:
            self.rate_limited.add(endpoint)
        return self._held(question, whole, trip.size)

    def _held(self, question: Asked, reply: Reply, size: int) -> Reply:
        """Drop an answer that exceeds the run's memory limit."""
        limit = self.budgets.hold(question.endpoint, question.name, question.rdtype, size)
        if limit is None or not isinstance(reply, Response):
            return reply
        return over_limit(limit, reply.rtt)

    async def _without_edns(self, question: Asked, history: AddressHistory) -> Response | None:
        """Retry as resolvers do in this case (RFC 6891 section 7), and skip EDNS from now on."""
        plain = replace(question, how=replace(question.how, edns=False))
        reply = await self._once(plain, history)
        if not isinstance(reply, Response) or reply.message.rcode() in NOT_UNDERSTOOD:
            return None
        self.without_edns.add(question.endpoint)
        return reply
