"""Which of a registry's servers are asked again after signatures that do not hold."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

import dns.message
import dns.name
import dns.rdatatype
import pytest

from certbot_dns_preflight.facts.answers import (
    Endpoint,
    NoResponse,
    NoResponseReason,
    Response,
    Transport,
)
from certbot_dns_preflight.facts.dnssec import ServerAddress
from certbot_dns_preflight.resolve.cache import ZoneCut
from certbot_dns_preflight.resolve.dnssec_replies import DnssecReplies
from certbot_dns_preflight.resolve.timings import USUAL

if TYPE_CHECKING:
    from collections.abc import Iterable

    from certbot_dns_preflight.facts.answers import Reply
    from certbot_dns_preflight.resolve.exchange import Exchange
    from certbot_dns_preflight.resolve.zone_servers import ZoneServers

TLD, DNSKEY = dns.name.from_text("test."), dns.rdatatype.DNSKEY
A, B = dns.name.from_text("a.nic.test."), dns.name.from_text("b.nic.test.")
A4, A6, B4 = Endpoint("192.0.2.1"), Endpoint("2001:db8::1"), Endpoint("192.0.2.2")
NAMES = {A4: A, A6: A, B4: B}


class Registry:
    """Servers that all answer, but those in `fails`, and are asked in this order."""

    timings = USUAL

    def __init__(self, names: dict[Endpoint, dns.name.Name]) -> None:
        self.names = names
        self.fails: set[Endpoint] = set()

    def by_promise(self, endpoints: Iterable[Endpoint]) -> list[Endpoint]:
        return [endpoint for endpoint in self.names if endpoint in set(endpoints)]

    def unhurried(self, seconds: float, *_: Endpoint) -> float:
        return seconds

    async def ask(
        self, endpoint: Endpoint, name: dns.name.Name, rdtype: dns.rdatatype.RdataType, **__: object
    ) -> Reply:
        if endpoint in self.fails:
            return NoResponse(NoResponseReason.TRUNCATED, "", 0.01)
        query = dns.message.make_query(name, rdtype)
        message = dns.message.make_response(query)
        message.answer.append(dns.rrset.from_text(name, 60, "IN", "DNSKEY", "256 3 13 AAAA"))
        message.flags |= dns.flags.AA
        return Response(message, Transport.UDP, 0.01)

    def is_registry(self, _: ZoneCut) -> bool:
        return True

    def seems_signed(self, _: ZoneCut) -> bool:
        return False

    async def alternatives(self, _: ZoneCut) -> dict[Endpoint, dns.name.Name]:
        return self.names


@pytest.mark.parametrize(
    ("names", "blamed", "then"),
    [
        (NAMES, [], A4),
        (NAMES, [ServerAddress(A, A4)], B4),
        ({A4: A, A6: A}, [ServerAddress(A, A4)], A6),
        (NAMES, [ServerAddress(A, A4), ServerAddress(B, B4)], A6),
        (NAMES, [ServerAddress(A, A4), ServerAddress(A, A6), ServerAddress(B, B4)], A4),
    ],
    ids=["none", "another server", "another address", "the address left", "all are bad"],
)
def test_another_server_is_asked_before_another_address_of_the_same(
    names: dict[Endpoint, dns.name.Name], blamed: list[ServerAddress], then: Endpoint
) -> None:
    registry = Registry(names)
    replies = DnssecReplies(cast("Exchange", registry), cast("ZoneServers", registry), (), known={})
    replies.forget(but=blamed)

    async def go() -> list[Endpoint]:
        cut = ZoneCut(TLD, dns.name.root, {})
        return [r.place.endpoint for r in await replies.ask(TLD, cut, TLD, DNSKEY)]

    assert asyncio.run(go()) == [then]


@pytest.mark.parametrize(
    ("fails", "then"),
    [({B4}, [A4]), ({A4}, [B4]), ({A4, A6, B4}, [A4, A6])],
    ids=["the other server fails", "the blamed one fails", "all fail"],
)
def test_a_blamed_server_is_asked_where_no_other_answers_this_question(
    fails: set[Endpoint], then: list[Endpoint]
) -> None:
    registry = Registry(NAMES)
    registry.fails = fails
    replies = DnssecReplies(cast("Exchange", registry), cast("ZoneServers", registry), (), known={})
    replies.forget(but=[ServerAddress(A, A4)])

    async def go() -> list[Endpoint]:
        cut = ZoneCut(TLD, dns.name.root, {})
        return [r.place.endpoint for r in await replies.ask(TLD, cut, TLD, DNSKEY)]

    assert asyncio.run(go()) == then
