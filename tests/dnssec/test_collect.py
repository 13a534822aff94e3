"""What is asked, of whom, and in how many steps."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import dns.name
import dns.rdatatype
import pytest

from certbot_dns_preflight.dnssec import anchors
from certbot_dns_preflight.dnssec.validate import validate
from certbot_dns_preflight.facts.answers import Endpoint
from certbot_dns_preflight.facts.dnssec import Assessment, Status
from certbot_dns_preflight.resolve.dnssec import Collector
from certbot_dns_preflight.resolve.exchange import Asked, Exchange, Replied
from certbot_dns_preflight.resolve.root_hints import builtin, read
from certbot_dns_preflight.resolve.walker import Walker, ZoneCut
from tests.dnssec.world import RESOLVER

if TYPE_CHECKING:
    from tests.dnssec.world import World

pytestmark = [pytest.mark.slow, pytest.mark.versioned]  # the signed world takes long to start


class Distant:
    """Observes an exchange with servers that are far away once `distant`; remembers what it asked.

    What is asked meanwhile travels together: `round_trips` counts how often nothing was left to do
    but wait for answers.
    """

    def __init__(self) -> None:
        self.exchange = Exchange(query_timeout=20.0, observer=self.note)
        self.distant = False
        self.round_trips = 0
        self._under_way: list[asyncio.Future[None]] = []
        self._arrived = 0
        self.asked: list[tuple[Endpoint, dns.name.Name, dns.rdatatype.RdataType]] = []

    async def note(self, event: Asked | Replied) -> None:
        if isinstance(event, Replied):
            self._arrived -= 1
            return
        self.asked.append((event.endpoint, event.name, event.rdtype))
        if self.distant:
            travelling: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._under_way.append(travelling)
            await travelling
        self._arrived += 1

    async def travel(self) -> None:
        """Let the questions arrive whenever nothing more is asked without an answer."""
        while True:
            before = len(self.asked)
            for _ in range(100):
                await asyncio.sleep(0)
            if self._under_way and not self._arrived and len(self.asked) == before:
                self.round_trips += 1
                for travelling in self._under_way:
                    travelling.set_result(None)
                self._under_way.clear()


def test_all_signatures_come_in_one_round_trip_once_the_zone_is_known(
    signed_world: World,
) -> None:
    async def run() -> int:
        distant = Distant()
        walker = Walker(distant.exchange, roots=read(signed_world.root_hints))
        name = dns.name.from_text("ecdsa256.test.")
        # One server holds root and TLD: the walk is told of the TLD, which it meets elsewhere.
        for text in ("test.", "ecdsa256.test."):
            found = await walker.find(dns.name.from_text(text))
            assert isinstance(found, ZoneCut)
            await walker.zone(found)
        distant.distant = True
        travel = asyncio.create_task(distant.travel())
        await Collector(distant.exchange, walker).chain(name)
        travel.cancel()
        return distant.round_trips

    assert asyncio.run(run()) == 1


def test_the_chain_is_collected_without_a_txt_or_a_challenge_name(signed_world: World) -> None:
    async def run() -> Distant:
        distant = Distant()
        walker = Walker(distant.exchange, roots=read(signed_world.root_hints))
        await Collector(distant.exchange, walker).chain(dns.name.from_text("ecdsa256.test."))
        return distant

    asked = asyncio.run(run()).asked
    assert not [a for a in asked if a[2] == dns.rdatatype.TXT or b"_acme-challenge" in a[1].labels]


def test_what_names_have_in_common_is_asked_once(signed_world: World) -> None:
    async def run() -> list[tuple[Endpoint, dns.name.Name, dns.rdatatype.RdataType]]:
        distant = Distant()
        walker = Walker(distant.exchange, roots=read(signed_world.root_hints))
        await walker.find(dns.name.from_text("test."))  # one server holds it and the root
        collector = Collector(distant.exchange, walker)
        names = [dns.name.from_text(f"n{i}.ecdsa256.test.") for i in range(20)]
        await asyncio.gather(*map(collector.chain, names))
        signed = {dns.rdatatype.DS, dns.rdatatype.DNSKEY}
        return [asked for asked in distant.asked if asked[2] in signed]

    asked = asyncio.run(run())
    assert len(asked) == len(set(asked))


def through_the_resolver(world: World, origin: str) -> Assessment:
    async def run() -> Assessment:
        exchange = Exchange(query_timeout=20.0)
        resolvers = (Endpoint(RESOLVER[0]),)
        roots = builtin()  # which nothing here can reach
        walker = Walker(exchange, roots=roots, resolvers=resolvers)
        facts = await Collector(exchange, walker, resolvers=resolvers).chain(
            dns.name.from_text(origin)
        )
        return validate(facts, anchors.read(world.trust_anchor), now=int(time.time()))

    return asyncio.run(run())


def test_through_a_resolver_the_chain_is_judged_alike(signed_world: World) -> None:
    for origin, expected in {
        "ecdsa256.test.": Status.SECURE,
        "signed.p-nsec3.test.": Status.SECURE,
        "unsigned.optout.": Status.INSECURE,
        "stale-ds.test.": Status.BOGUS,
        "expired-on-nsd.test.": Status.BOGUS,
    }.items():
        assessment = through_the_resolver(signed_world, origin)
        assert assessment.status is expected, origin
        assert assessment.zones[-1].apex == dns.name.from_text(origin)


def test_nothing_reachable_is_nothing_known() -> None:
    async def run() -> Assessment:
        exchange = Exchange(query_timeout=2.0)
        roots = {dns.name.from_text("a.root."): (Endpoint("127.53.255.1"),)}
        collector = Collector(exchange, Walker(exchange, roots=roots))
        facts = await collector.chain(dns.name.from_text("example.test."))
        return validate(facts, anchors.builtin(), now=int(time.time()))

    assert asyncio.run(run()).zones == ()
