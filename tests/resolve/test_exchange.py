"""One query to one address, against a server that does whatever a test tells it to."""

from __future__ import annotations

import asyncio
import contextlib
import struct
from typing import TYPE_CHECKING, cast

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.rdatatype
import dns.rrset
import pytest

from certbot_dns_preflight.facts.answers import (
    Endpoint,
    NoResponse,
    NoResponseReason,
    Reply,
    Response,
    Transport,
)
from certbot_dns_preflight.resolve.exchange import PAYLOAD, Exchange, QueryOptions
from tests.clock import run as clocked

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from tests.clock import Clock

    Answer = Callable[[dns.message.QueryMessage], list[bytes]]

NAME = dns.name.from_text("_acme-challenge.example.test.")
TXT = dns.rdatatype.TXT


class Server(asyncio.DatagramProtocol):
    """UDP and TCP on one port; `over_tcp` None: the TCP port is closed."""

    def __init__(self, over_udp: Answer, over_tcp: Answer | None) -> None:
        self.over_udp = over_udp
        self.over_tcp = over_tcp
        self.asked: list[dns.message.Message] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        query = dns.message.from_wire(data)
        assert isinstance(query, dns.message.QueryMessage)
        self.asked.append(query)
        for datagram in self.over_udp(query):
            self.transport.sendto(datagram, addr)

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            (length,) = struct.unpack("!H", await reader.readexactly(2))
            query = dns.message.from_wire(await reader.readexactly(length))
            assert isinstance(query, dns.message.QueryMessage)
            assert self.over_tcp is not None
            for message in self.over_tcp(query):
                writer.write(struct.pack("!H", len(message)) + message)
            await writer.drain()
        writer.close()


@contextlib.asynccontextmanager
async def serving(
    over_udp: Answer, over_tcp: Answer | None = None
) -> AsyncIterator[tuple[Endpoint, Server]]:
    loop = asyncio.get_running_loop()
    server = Server(over_udp, over_tcp)
    transport, _ = await loop.create_datagram_endpoint(lambda: server, ("127.0.0.1", 0))
    port = transport.get_extra_info("sockname")[1]
    listener = await asyncio.start_server(server.connected, "127.0.0.1", port) if over_tcp else None
    try:
        yield Endpoint("127.0.0.1", port), server
    finally:
        transport.close()
        if listener:
            listener.close()


def ask(
    over_udp: Answer,
    over_tcp: Answer | None = None,
    how: QueryOptions | None = None,
    *,
    query_timeout: float = 20.0,
) -> tuple[Reply, Server, Exchange, Endpoint]:
    async def go() -> tuple[Reply, Server, Exchange, Endpoint]:
        async with serving(over_udp, over_tcp) as (endpoint, server):
            exchange = Exchange(query_timeout=query_timeout)
            reply = await exchange.ask(endpoint, NAME, TXT, how=how or QueryOptions())
            return reply, server, exchange, endpoint

    return asyncio.run(go())


def right(query: dns.message.QueryMessage, text: str = '"abc"') -> dns.message.Message:
    response = dns.message.make_response(query)
    response.flags |= dns.flags.AA
    response.answer.append(dns.rrset.from_text(query.question[0].name, 60, "IN", "TXT", text))
    return response


def truncated(query: dns.message.QueryMessage) -> list[bytes]:
    response = dns.message.make_response(query)
    response.flags |= dns.flags.TC | dns.flags.AA
    return [response.to_wire()]


def no_answer(_: dns.message.QueryMessage) -> list[bytes]:
    return []


def test_a_right_answer_comes_back_with_transport_and_time() -> None:
    reply, server, exchange, _ = ask(lambda query: [right(query).to_wire()])
    assert isinstance(reply, Response)
    assert reply.transport is Transport.UDP
    assert reply.rtt > 0
    assert exchange.answered
    assert len(server.asked) == 1


def test_the_question_is_sent_without_rd_and_with_edns_1232() -> None:
    _, server, _, _ = ask(lambda query: [right(query).to_wire()])
    (query,) = server.asked
    assert query.flags == 0
    assert query.edns == 0
    assert query.payload == PAYLOAD == 1232
    assert not query.ednsflags & dns.flags.DO


@pytest.mark.parametrize(
    ("how", "flags", "edns", "do"),
    [
        (QueryOptions(recursion=True), dns.flags.RD, 0, False),
        (
            QueryOptions(recursion=True, checking_disabled=True),
            dns.flags.RD | dns.flags.CD,
            0,
            False,
        ),
        (QueryOptions(edns=False), 0, -1, False),
        (QueryOptions(dnssec=True), 0, 0, True),
    ],
)
def test_each_way_of_asking_sets_its_bits_only(
    how: QueryOptions, flags: int, edns: int, *, do: bool
) -> None:
    _, server, _, _ = ask(lambda query: [right(query).to_wire()], how=how)
    (query,) = server.asked
    assert query.flags == flags
    assert query.edns == edns
    assert bool(query.ednsflags & dns.flags.DO) is do


def test_an_answer_to_another_question_says_to_which() -> None:
    def other(query: dns.message.QueryMessage) -> list[bytes]:
        wrong = dns.message.make_query("other.test.", "A", id=query.id, flags=dns.flags.QR)
        return [wrong.to_wire()]

    reply, *_ = ask(other, query_timeout=1.0)
    assert isinstance(reply, NoResponse)
    assert reply.reason is NoResponseReason.GARBAGE
    assert reply.detail.startswith("an answer to another question: other.test. A")


def test_silence_is_asked_twice_and_then_timed_out() -> None:
    reply, server, exchange, _ = ask(no_answer, query_timeout=0.2)
    assert isinstance(reply, NoResponse)
    assert reply.reason is NoResponseReason.TIMED_OUT
    assert len(server.asked) == 2
    assert not exchange.answered


def test_a_lost_first_datagram_is_made_up_for_by_the_second_try() -> None:
    seen: list[int] = []

    def second_time(query: dns.message.QueryMessage) -> list[bytes]:
        seen.append(query.id)
        return [right(query).to_wire()] if len(seen) == 2 else []

    reply, *_ = ask(second_time, query_timeout=1.0)
    assert isinstance(reply, Response)


def test_a_closed_port_is_noticed_at_once() -> None:
    async def go() -> Reply:
        # Port 1 of an address of loopback that nobody listens at.
        return await Exchange(query_timeout=600).ask(Endpoint("127.0.0.1", 1), NAME, TXT)

    reply = asyncio.run(go())
    assert isinstance(reply, NoResponse)
    assert reply.reason is NoResponseReason.UNREACHABLE


def test_a_truncated_answer_is_asked_for_again_over_tcp() -> None:
    big = " ".join(f'"{"x" * 255}"' for _ in range(20))
    reply, _, exchange, _ = ask(
        truncated, lambda query: [right(query, big).to_wire(max_size=65535)]
    )
    assert isinstance(reply, Response)
    assert reply.transport is Transport.TCP
    assert not exchange.rate_limited


def test_an_empty_truncated_answer_to_what_would_fit_is_rate_limiting() -> None:
    reply, _, exchange, endpoint = ask(truncated, lambda query: [right(query).to_wire()])
    assert isinstance(reply, Response)
    assert exchange.rate_limited == {endpoint}


def test_truncation_without_tcp_is_told_apart_from_silence() -> None:
    reply, server, exchange, _ = ask(truncated)
    assert isinstance(reply, NoResponse)
    assert reply.reason is NoResponseReason.TRUNCATED
    assert exchange.answered
    assert len(server.asked) == 1


@pytest.mark.parametrize("over_tcp", [no_answer, lambda _: [b""], lambda _: [b"\x00" * 11]])
def test_a_tcp_server_that_says_nothing_useful_does_not_hold_us(over_tcp: Answer) -> None:
    reply, *_ = ask(truncated, over_tcp)
    assert isinstance(reply, NoResponse)
    assert reply.reason is NoResponseReason.TRUNCATED


def test_asking_over_tcp_alone_sends_no_datagram() -> None:
    reply, server, _, _ = ask(
        no_answer, lambda q: [right(q).to_wire()], QueryOptions(tcp=True, tries=1)
    )
    assert isinstance(reply, Response)
    assert reply.transport is Transport.TCP
    assert not server.asked


def another_id(query: dns.message.QueryMessage) -> bytes:
    wire = right(query).to_wire()
    return struct.pack("!H", query.id ^ 1) + wire[2:]


def another_question(query: dns.message.QueryMessage) -> bytes:
    other = dns.message.make_query("other.test.", "TXT", id=query.id)
    return dns.message.make_response(other).to_wire()


def the_question_itself(query: dns.message.QueryMessage) -> bytes:
    return query.to_wire()


def cut_off(query: dns.message.QueryMessage) -> bytes:
    return right(query).to_wire()[:-7]


STRAYS = [
    another_id,
    another_question,
    the_question_itself,
    cut_off,
    lambda _: b"\xff",
    lambda query: struct.pack("!H", query.id) + b"\x80\x00" + b"\xff" * 400,
    # A compression pointer to itself.
    lambda query: (
        struct.pack("!HHHHHH", query.id, 0x8000, 1, 0, 0, 0) + b"\xc0\x0c\x00\x10\x00\x01"
    ),
]


@pytest.mark.parametrize("stray", STRAYS)
def test_what_is_no_answer_is_malformed(stray: Callable[[dns.message.QueryMessage], bytes]) -> None:
    once = QueryOptions(tries=1)
    reply, *_ = ask(lambda query: [stray(query)], how=once, query_timeout=1.0)
    assert isinstance(reply, NoResponse)
    assert reply.reason is NoResponseReason.GARBAGE
    assert reply.detail.isprintable()


@pytest.mark.parametrize("stray", STRAYS)
def test_a_stray_datagram_does_not_hide_the_right_answer_after_it(
    stray: Callable[[dns.message.QueryMessage], bytes],
) -> None:
    reply, *_ = ask(lambda query: [stray(query), right(query).to_wire()])
    assert isinstance(reply, Response)


def test_a_flood_of_strays_is_over_when_the_time_is() -> None:
    once = QueryOptions(tries=1)
    reply, server, *_ = ask(lambda q: [another_id(q)] * 500, how=once, query_timeout=0.2)
    assert isinstance(reply, NoResponse)
    assert len(server.asked) == 1


def test_an_address_that_cannot_be_sent_to_is_no_route() -> None:
    async def go() -> tuple[Reply, frozenset[int]]:
        exchange = Exchange(query_timeout=1)
        reply = await exchange.ask(Endpoint("fe80::1"), NAME, TXT)  # link-local, without a link
        return reply, exchange.unroutable_families

    reply, unroutable_families = asyncio.run(go())
    assert isinstance(reply, NoResponse)
    assert reply.reason is NoResponseReason.NO_ROUTE
    assert unroutable_families == {6}


def test_addresses_that_answered_before_are_asked_first() -> None:
    async def go() -> list[Endpoint]:
        async with serving(lambda query: [right(query).to_wire()]) as (good, _):
            exchange = Exchange(query_timeout=20)
            bad, unknown = Endpoint("127.0.0.1", 1), Endpoint("127.0.0.2", 1)
            await exchange.ask(bad, NAME, TXT, how=QueryOptions(tries=1))
            await exchange.ask(good, NAME, TXT)
            assert exchange.by_promise([bad, unknown, good]) == [good, unknown, bad]
            return []

    asyncio.run(go())


def test_one_address_is_not_asked_more_often_than_it_can_bear() -> None:
    async def go() -> float:
        async with serving(lambda query: [right(query).to_wire()]) as (endpoint, _):
            exchange = Exchange(query_timeout=5)
            begun = asyncio.get_running_loop().time()
            await asyncio.gather(*(exchange.ask(endpoint, NAME, TXT) for _ in range(120)))
            return asyncio.get_running_loop().time() - begun

    # 50 at once, 70 more at 100 a second.
    assert asyncio.run(go()) >= 0.65


def test_an_address_that_keeps_silent_is_waited_for_briefly_but_for_now_and_then() -> None:
    async def go(clock: Clock) -> tuple[list[int], list[str]]:
        def time_passes(_query: dns.message.QueryMessage) -> list[bytes]:
            clock.move_on(5)
            return []

        async with serving(time_passes) as (endpoint, server):
            exchange = Exchange(query_timeout=5)
            tries, told = [], []
            for _ in range(5):
                before = len(server.asked)
                reply = await exchange.ask(endpoint, NAME, TXT)
                assert isinstance(reply, NoResponse)
                tries.append(len(server.asked) - before)
                told.append(reply.detail)
            return tries, told

    brief, full = "no answer in 1 s", "no answer in 5 s"
    assert clocked(go) == ([2, 1, 1, 1, 1], [full, brief, brief, brief, full])


def test_an_address_that_answers_again_is_one_like_any_other() -> None:
    async def go() -> list[int]:
        consecutive_timeouts: dict[Endpoint, int] = {}
        silent = [True, True, False, True, True]
        async with serving(lambda query: [] if silent.pop(0) else [right(query).to_wire()]) as (
            endpoint,
            server,
        ):
            counted = []
            for _ in range(3):
                await Exchange(query_timeout=0.5, consecutive_timeouts=consecutive_timeouts).ask(
                    endpoint, NAME, TXT
                )
                counted.append(len(server.asked))
            return counted

    # Two tries, silent both; one that is answered; and again two.
    assert asyncio.run(go()) == [2, 3, 5]
