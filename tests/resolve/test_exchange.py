"""One query to one address, against a server that does whatever a test tells it to."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import struct
import time
from typing import TYPE_CHECKING, cast

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
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
from certbot_dns_preflight.facts.limits import Budget
from certbot_dns_preflight.resolve import budgets, sockets
from certbot_dns_preflight.resolve.datagrams import Datagrams
from certbot_dns_preflight.resolve.exchange import Asked, Exchange, Replied
from certbot_dns_preflight.resolve.messages import match_response
from certbot_dns_preflight.resolve.queries import (
    EXACT_CASE,
    PAYLOAD,
    RECURSIVE,
    SINGLE_TRY,
    Query,
    QueryOptions,
)
from certbot_dns_preflight.resolve.sockets import Sockets
from certbot_dns_preflight.resolve.timings import QueryTimings
from certbot_dns_preflight.resolve.trips import Trip
from tests.clock import run as clocked
from tests.lab import misbehaving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from certbot_dns_preflight.facts.limits import LimitMet
    from certbot_dns_preflight.resolve.messages import Matched, ParsedMessages
    from certbot_dns_preflight.resolve.patience import AddressHistory
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


def test_the_question_is_sent_as_a_cas_resolver_sends_it() -> None:
    _, server, _, _ = ask(lambda query: [right(query).to_wire()])
    (query,) = server.asked
    assert query.flags == 0
    assert query.edns == 0
    assert query.payload == PAYLOAD == 1232
    assert query.ednsflags & dns.flags.DO
    name = query.question[0].name
    assert name == NAME
    assert name.labels != NAME.labels


@pytest.mark.parametrize(
    ("how", "flags", "edns", "do"),
    [
        (QueryOptions(recursion=True), dns.flags.RD, 0, True),
        (
            QueryOptions(recursion=True, checking_disabled=True),
            dns.flags.RD | dns.flags.CD,
            0,
            True,
        ),
        (QueryOptions(edns=False), 0, -1, False),
        (QueryOptions(dnssec=False), 0, 0, False),
        (RECURSIVE, dns.flags.RD, 0, False),
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
    assert reply.detail.startswith("the reply does not match the query: it is for other.test. A")


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

    reply, *_ = ask(second_time, query_timeout=0.3)
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


def large(query: dns.message.QueryMessage) -> list[bytes]:
    return [right(query, " ".join(f'"{"x" * 255}"' for _ in range(80))).to_wire(max_size=65535)]


@pytest.mark.parametrize("over_udp", [truncated, None])
def test_an_answer_for_which_the_run_has_no_room_is_not_even_read(
    over_udp: Answer | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed: list[int] = []

    def match(wire: bytes, query: Query, among: ParsedMessages | None = None) -> Matched:
        parsed.append(len(wire))
        return match_response(wire, query, among)

    monkeypatch.setattr(sockets, "match_response", match)
    monkeypatch.setattr(budgets, "MOST_HELD", 20_000)
    how = QueryOptions(tcp=over_udp is None, tries=1)
    reply, _, exchange, _ = ask(over_udp or no_answer, large, how)
    assert isinstance(reply, NoResponse)
    assert reply.reason is NoResponseReason.LIMIT
    assert all(size < budgets.HELD_FROM for size in parsed)
    assert [met.budget for met in exchange.budgets.met.values()] == [Budget.BYTES]
    assert not exchange.rate_limited


def test_the_room_of_an_answer_that_does_not_come_whole_is_given_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    held: list[int] = []

    async def connected(
        _: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await reader.read(1)
        writer.write(struct.pack("!H", 60_000) + b"x" * 50_000)
        writer.close()

    def hold(
        of: budgets.Budgets, endpoint: Endpoint, name: dns.name.Name, rdtype: int, size: int
    ) -> LimitMet | None:
        limit = real(of, endpoint, name, rdtype, size)
        held.append(sum(of._held.values()))
        return limit

    real = budgets.Budgets.hold
    monkeypatch.setattr(budgets.Budgets, "hold", hold)
    monkeypatch.setattr(Server, "connected", connected)
    reply, _, exchange, _ = ask(truncated, large)
    assert isinstance(reply, NoResponse)
    assert reply.reason is NoResponseReason.TRUNCATED
    assert max(held) == 60_000
    assert exchange.budgets._held == {}


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
    reply, *_ = ask(lambda query: [stray(query)], how=SINGLE_TRY, query_timeout=1.0)
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
    reply, server, *_ = ask(lambda q: [another_id(q)] * 500, how=SINGLE_TRY, query_timeout=0.2)
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
            exchange = Exchange(query_timeout=5, timings=QueryTimings(first_resend=60))
            tries, waited = [], []
            for _ in range(6):
                before = len(server.asked)
                reply = await exchange.ask(endpoint, NAME, TXT)
                tries.append(len(server.asked) - before)
                assert isinstance(reply, NoResponse)
                waited.append(reply.detail.removeprefix("no answer within "))
            return tries, waited

    tries, waited = clocked(go)
    assert tries == [2, 1, 1, 1, 1, 1]
    assert waited == ["5 s", "1 s", "1 s", "1 s", "5 s", "1 s"]


def test_one_try_without_an_answer_is_no_silence() -> None:
    async def go() -> list[int]:
        async with serving(lambda _query: []) as (endpoint, server):
            exchange = Exchange(query_timeout=0.05)
            tries = []
            for how in (SINGLE_TRY, QueryOptions()):
                before = len(server.asked)
                await exchange.ask(endpoint, NAME, TXT, how=how)
                tries.append(len(server.asked) - before)
            return tries

    assert asyncio.run(go()) == [1, 2]


def test_a_question_that_is_given_up_does_not_cut_the_next_ones_patience() -> None:
    async def go() -> None:
        silent = True

        def answer(query: dns.message.QueryMessage) -> list[bytes]:
            return [] if silent else [right(query).to_wire()]

        async with serving(answer) as (endpoint, server):
            histories: dict[Endpoint, AddressHistory] = {}
            timings = QueryTimings(brief=0.01)
            exchange = Exchange(query_timeout=30, histories=histories, timings=timings)
            for _ in range(5):
                given_up = asyncio.create_task(exchange.ask(endpoint, NAME, TXT))
                before = len(server.asked)
                while len(server.asked) == before:  # noqa: ASYNC110 - a server has no events
                    await asyncio.sleep(0.02)  # longer than `brief`
                given_up.cancel()
                await asyncio.wait([given_up])
            assert histories[endpoint].unanswered == 0
            assert histories[endpoint].patience(30, timings) == 30
            silent = False
            assert isinstance(await exchange.ask(endpoint, NAME, TXT), Response)

    asyncio.run(go())


def test_a_lost_datagram_is_sent_again_within_the_try() -> None:
    async def go() -> None:
        lost = [True, True, False]

        def third_time(query: dns.message.QueryMessage) -> list[bytes]:
            return [] if lost.pop(0) else [right(query).to_wire()]

        async with serving(third_time) as (endpoint, server):
            timings = QueryTimings(first_resend=0.02)
            exchange = Exchange(query_timeout=60, timings=timings)
            reply = await exchange.ask(endpoint, NAME, TXT, how=SINGLE_TRY)
            assert isinstance(reply, Response)
            assert len(server.asked) == 3
            # The very same question: whichever of them is answered, the answer counts.
            assert len({query.to_wire() for query in server.asked}) == 1

    asyncio.run(go())


def test_an_answer_to_the_first_datagram_counts_after_it_was_sent_again() -> None:
    async def go() -> None:
        first: list[dns.message.QueryMessage] = []

        def late(query: dns.message.QueryMessage) -> list[bytes]:
            first.append(query)
            return [right(first[0]).to_wire()] if len(first) == 3 else []

        async with serving(late) as (endpoint, _):
            histories: dict[Endpoint, AddressHistory] = {}
            timings = QueryTimings(first_resend=0.02)
            exchange = Exchange(query_timeout=60, timings=timings, histories=histories)
            reply = await exchange.ask(endpoint, NAME, TXT, how=SINGLE_TRY)
            assert isinstance(reply, Response)
            assert not exchange.is_silent(endpoint)
            # The next question is given the time that this one took, before it is sent again.
            assert histories[endpoint].resend_after(timings) >= 3 * 0.02

    asyncio.run(go())


def test_an_answer_that_came_while_this_process_was_busy_counts() -> None:
    async def go() -> Reply:
        zone = "$TTL 60\n@ SOA h. h. 1 1 1 1 1\n@ NS h.\n_acme-challenge TXT abc\n"
        with misbehaving.Authoritative(["127.0.0.1"], {"example.test.": zone}, port=5399):
            exchange = Exchange(query_timeout=0.2)
            asking = asyncio.create_task(exchange.ask(Endpoint("127.0.0.1", 5399), NAME, TXT))
            for _ in range(20):
                await asyncio.sleep(0)
            time.sleep(1)  # noqa: ASYNC251 - the loop is busy, and the time over when it looks
            return await asking

    assert isinstance(asyncio.run(go()), Response)


def in_small_letters(query: dns.message.QueryMessage, text: str = '"abc"') -> bytes:
    response = right(query, text)
    response.question = [dns.rrset.RRset(NAME, query.question[0].rdclass, TXT)]
    return response.to_wire()


def test_the_letters_are_drawn_anew_for_each_question() -> None:
    async def go() -> set[tuple[bytes, ...]]:
        async with serving(lambda query: [right(query).to_wire()]) as (endpoint, server):
            exchange = Exchange(query_timeout=5)
            for _ in range(20):
                reply = await exchange.ask(endpoint, NAME, TXT)
                assert isinstance(reply, Response)
                # What a server copies from the question is in the letters that were meant.
                assert reply.message.question[0].name.labels == NAME.labels
                assert reply.message.answer[0].name.labels == NAME.labels
            assert not exchange.case_changing
            return {query.question[0].name.labels for query in server.asked}

    assert len(asyncio.run(go())) == 20


def test_asked_for_the_exact_case_it_is_sent() -> None:
    _, server, _, _ = ask(lambda query: [right(query).to_wire()], how=EXACT_CASE)
    assert server.asked[0].question[0].name.labels == NAME.labels


def test_an_answer_in_other_letters_counts_and_is_remembered() -> None:
    reply, server, exchange, endpoint = ask(
        lambda query: [in_small_letters(query)], query_timeout=5
    )
    assert isinstance(reply, Response)
    assert exchange.case_changing == {endpoint}
    assert len(server.asked) == 1


def test_a_forged_answer_in_other_letters_does_not_win_over_the_right_one() -> None:
    reply, _, exchange, _ = ask(
        lambda query: [in_small_letters(query, '"forged"'), right(query).to_wire()]
    )
    assert isinstance(reply, Response)
    assert reply.message.answer[0][0].strings == (b"abc",)
    assert not exchange.case_changing


def test_over_tcp_other_letters_are_remembered_too() -> None:
    _, _, exchange, endpoint = ask(truncated, lambda query: [in_small_letters(query)])
    assert exchange.case_changing == {endpoint}


@pytest.mark.parametrize("rcode", [dns.rcode.FORMERR, dns.rcode.NOTIMP])
def test_a_server_that_understands_no_edns_is_asked_without(rcode: dns.rcode.Rcode) -> None:
    def no_edns(query: dns.message.QueryMessage) -> list[bytes]:
        if query.edns < 0:
            return [right(query).to_wire()]
        response = dns.message.make_response(query)
        response.use_edns(-1)
        response.set_rcode(rcode)
        return [response.to_wire()]

    reply, server, exchange, endpoint = ask(no_edns)
    assert isinstance(reply, Response)
    assert reply.message.answer
    assert exchange.without_edns == {endpoint}
    assert [query.edns for query in server.asked] == [0, -1]


def test_an_error_of_a_server_that_understands_edns_is_no_reason_to_ask_without() -> None:
    def fails(query: dns.message.QueryMessage) -> list[bytes]:
        response = dns.message.make_response(query)
        response.set_rcode(dns.rcode.FORMERR)
        return [response.to_wire()]

    reply, server, exchange, _ = ask(fails)
    assert isinstance(reply, Response)
    assert reply.message.rcode() == dns.rcode.FORMERR
    assert not exchange.without_edns
    assert len(server.asked) == 1


def test_records_of_another_class_beside_an_answer_say_nothing() -> None:
    def chaotic(query: dns.message.QueryMessage) -> list[bytes]:
        response = right(query)
        for section in (response.authority, response.additional):
            section.append(dns.rrset.from_text("ns.example.test.", 60, "CH", "TXT", '"x"'))
            section.append(dns.rrset.from_text("ns.example.test.", 60, "HS", "A", r"\# 4 7f000001"))
        return [response.to_wire()]

    reply, *_ = ask(chaotic)
    assert isinstance(reply, Response)
    message = reply.message
    assert [rrset.rdclass for rrset in message.answer] == [dns.rdataclass.IN]
    assert message.authority == message.additional == []


@pytest.mark.parametrize("make", [dns.message.make_response, right])
def test_an_answer_of_another_class_is_none(make: Callable[..., dns.message.Message]) -> None:
    def chaos(query: dns.message.QueryMessage) -> list[bytes]:
        response = make(query)
        response.answer.append(
            dns.rrset.from_text(query.question[0].name, 60, "CH", "TXT", '"abc"')
        )
        return [response.to_wire()]

    reply, *_ = ask(chaos, query_timeout=3)  # waits for a better one as long as it may
    assert isinstance(reply, NoResponse)
    assert reply.reason is NoResponseReason.GARBAGE
    assert reply.detail == "the reply does not match the query: its class is not IN"


def test_a_message_that_is_too_costly_to_read_is_not_read() -> None:
    reply, *_ = ask(truncated, lambda query: [misbehaving.compression_bomb(query)])
    assert isinstance(reply, NoResponse)
    assert reply.reason is NoResponseReason.TRUNCATED
    assert "the reply is too costly to read" in reply.detail


def test_an_address_that_answers_again_is_one_like_any_other() -> None:
    async def go() -> list[int]:
        histories: dict[Endpoint, AddressHistory] = {}
        never_again = QueryTimings(first_resend=60, least_resend=60)
        silent = [True, True, False, True, True]
        async with serving(lambda query: [] if silent.pop(0) else [right(query).to_wire()]) as (
            endpoint,
            server,
        ):
            counted = []
            for _ in range(3):
                asking = Exchange(query_timeout=0.3, histories=histories, timings=never_again)
                await asking.ask(endpoint, NAME, TXT)
                counted.append(len(server.asked))
            return counted

    # Two tries, silent both; one that is answered; and again two.
    assert asyncio.run(go()) == [2, 3, 5]


def test_an_observer_sees_each_question_before_it_is_sent_and_what_came_of_it() -> None:
    async def go() -> None:
        async with serving(lambda query: [right(query).to_wire()]) as (endpoint, server):
            events: list[Asked | Replied] = []
            sent: list[int] = []

            async def note(event: Asked | Replied) -> None:
                events.append(event)
                sent.append(len(server.asked))

            how = QueryOptions(tries=1)
            reply = await Exchange(query_timeout=5, observer=note).ask(endpoint, NAME, TXT, how=how)
            asked = Asked(endpoint, NAME, TXT, how)
            assert events == [asked, Replied(asked, reply)]
            assert sent == [0, 1]

    asyncio.run(go())


def test_what_sends_is_a_part_that_can_be_changed() -> None:
    class Unplugged(Sockets):
        async def over_udp(
            self,
            endpoint: Endpoint,  # noqa: ARG002 - what every question has
            query: Query,  # noqa: ARG002
            **how: object,  # noqa: ARG002
        ) -> Trip:
            return Trip(NoResponse(NoResponseReason.NO_ROUTE, "unplugged", 0.0))

    async def go() -> tuple[Reply, frozenset[int]]:
        exchange = Exchange(query_timeout=5, sockets=Unplugged())
        reply = await exchange.ask(Endpoint("192.0.2.1"), NAME, TXT)
        return reply, exchange.unroutable_families

    reply, unroutable = asyncio.run(go())
    assert reply == NoResponse(NoResponseReason.NO_ROUTE, "unplugged", 0.0)
    assert unroutable == {4}


def test_a_host_without_a_socket_left_says_nothing_about_a_server() -> None:
    left = [OSError(errno.EMFILE, "Too many open files"), OSError(errno.ENFILE, "likewise")]

    def connect(endpoint: Endpoint) -> Datagrams:
        if left:
            raise left.pop()
        return Datagrams(endpoint)

    async def go() -> Reply:
        async with serving(lambda query: [right(query).to_wire()]) as (endpoint, _):
            exchange = Exchange(query_timeout=20, sockets=Sockets(connect))
            return await exchange.ask(endpoint, NAME, TXT)

    assert isinstance(asyncio.run(go()), Response)


def test_an_answer_counts_from_when_it_arrived_however_late_it_is_read() -> None:
    busy = 0.1

    async def go() -> tuple[Reply, float, float]:
        loop = asyncio.get_running_loop()
        begun = loop.time()

        def answer(query: dns.message.QueryMessage) -> list[bytes]:
            loop.call_soon(time.sleep, busy)  # the answer is there before it can be read
            return [right(query).to_wire()]

        async with serving(answer) as (endpoint, _):
            exchange = Exchange(query_timeout=20)
            reply = await exchange.ask(endpoint, NAME, TXT)
            return reply, exchange.lateness.lost, loop.time() - begun

    reply, lost, elapsed = asyncio.run(go())
    assert isinstance(reply, Response)
    assert lost > 0.9 * busy
    assert reply.rtt <= elapsed - lost
