"""What is asked, of whom, and in how many steps."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import dns.name
import dns.rdatatype

from certbot_dns_preflight.dnssec import anchors
from certbot_dns_preflight.dnssec.validate import validate
from certbot_dns_preflight.facts.answers import Endpoint, Reply
from certbot_dns_preflight.facts.dnssec import Assessment, Status
from certbot_dns_preflight.resolve.dnssec import Collector
from certbot_dns_preflight.resolve.exchange import DEFAULT, Exchange, QueryOptions
from certbot_dns_preflight.resolve.root_hints import builtin, read
from certbot_dns_preflight.resolve.walker import Walker, ZoneCut
from tests.dnssec.world import RESOLVER

if TYPE_CHECKING:
    from tests.dnssec.world import World

LATENCY = 0.15


class Distant(Exchange):
    """The exchange, to servers that are far away; remembers what it asked."""

    def __init__(self, latency: float) -> None:
        super().__init__(query_timeout=1.0)
        self.latency = latency
        self.asked: list[tuple[Endpoint, dns.name.Name, dns.rdatatype.RdataType]] = []

    async def ask(
        self,
        endpoint: Endpoint,
        name: dns.name.Name,
        rdtype: dns.rdatatype.RdataType,
        *,
        how: QueryOptions = DEFAULT,
    ) -> Reply:
        self.asked.append((endpoint, name, rdtype))
        await asyncio.sleep(self.latency)
        return await super().ask(endpoint, name, rdtype, how=how)


def test_all_signatures_come_in_one_round_trip_once_the_zone_is_known(
    signed_world: World,
) -> None:
    async def run() -> tuple[float, int]:
        exchange = Distant(0.0)
        walker = Walker(exchange, roots=read(signed_world.root_hints))
        name = dns.name.from_text("ecdsa256.test.")
        # One server holds root and TLD: the walk is told of the TLD, which it meets elsewhere.
        for text in ("test.", "ecdsa256.test."):
            found = await walker.find(dns.name.from_text(text))
            assert isinstance(found, ZoneCut)
            await walker.zone(found)
        exchange.latency = LATENCY
        begun = time.monotonic()
        await Collector(exchange, walker).chain(name)
        return time.monotonic() - begun, len(exchange.asked)

    elapsed, _ = asyncio.run(run())
    # One for the walk's own look at the name, one for all keys and signatures.
    assert elapsed < 2 * LATENCY + 0.1


def test_the_chain_is_collected_without_a_txt_or_a_challenge_name(signed_world: World) -> None:
    async def run() -> Distant:
        exchange = Distant(0.0)
        walker = Walker(exchange, roots=read(signed_world.root_hints))
        await Collector(exchange, walker).chain(dns.name.from_text("ecdsa256.test."))
        return exchange

    asked = asyncio.run(run()).asked
    assert not [a for a in asked if a[2] == dns.rdatatype.TXT or b"_acme-challenge" in a[1].labels]


def test_what_names_have_in_common_is_asked_once(signed_world: World) -> None:
    async def run() -> list[tuple[Endpoint, dns.name.Name, dns.rdatatype.RdataType]]:
        exchange = Distant(0.0)
        walker = Walker(exchange, roots=read(signed_world.root_hints))
        await walker.find(dns.name.from_text("test."))  # one server holds it and the root
        collector = Collector(exchange, walker)
        names = [dns.name.from_text(f"n{i}.ecdsa256.test.") for i in range(20)]
        await asyncio.gather(*map(collector.chain, names))
        signed = {dns.rdatatype.DS, dns.rdatatype.DNSKEY}
        return [asked for asked in exchange.asked if asked[2] in signed]

    asked = asyncio.run(run())
    assert len(asked) == len(set(asked))


def through_the_resolver(world: World, origin: str) -> Assessment:
    async def run() -> Assessment:
        exchange = Exchange(query_timeout=2.0)
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
        exchange = Exchange(query_timeout=0.2)
        roots = {dns.name.from_text("a.root."): (Endpoint("127.53.255.1"),)}
        collector = Collector(exchange, Walker(exchange, roots=roots))
        facts = await collector.chain(dns.name.from_text("example.test."))
        return validate(facts, anchors.builtin(), now=int(time.time()))

    assert asyncio.run(run()).zones == ()
