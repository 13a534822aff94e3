"""Every scenario at every address: our status beside that of a validating Unbound."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import dns.name
import dns.rdatatype

from certbot_dns_preflight import roothints
from certbot_dns_preflight.delegation import Walker
from certbot_dns_preflight.dnssec import anchors
from certbot_dns_preflight.dnssec.collect import Collector
from certbot_dns_preflight.dnssec.facts import Assessment, Facts, Kind, Status
from certbot_dns_preflight.dnssec.validate import validate
from certbot_dns_preflight.exchange import Exchange

if TYPE_CHECKING:
    from tests.dnssec.world import World

SOA, TXT, CAA = dns.rdatatype.SOA, dns.rdatatype.TXT, dns.rdatatype.CAA
# There it depends on which of the parent's servers Unbound asks.
BY_CHANCE = frozenset({"child.two-ds.test."})
# Signed itself, yet its alias leads to what is not: Unbound speaks of the whole answer.
TO_UNSIGNED = "wc-unsigned.test."
_WORST = ("bogus", "insecure", "secure")


def collect(world: World, names: list[str]) -> dict[str, Facts]:
    async def run() -> dict[str, Facts]:
        exchange = Exchange(query_timeout=1.0)
        walker = Walker(exchange, roots=roothints.read(world.root_hints))
        collector = Collector(exchange, walker)
        found = {}
        for name in names:
            zone = dns.name.from_text(name)
            owner = dns.name.from_text("_acme-challenge", zone)
            found[name] = await collector.data([(zone, SOA), (owner, TXT), (zone, CAA)])
        return found

    return asyncio.run(run())


def assess(world: World, facts: Facts) -> Assessment:
    return validate(facts, anchors.read(world.trust_anchor), now=int(time.time()))


def test_each_address_gets_the_status_that_unbound_gives_it(signed_world: World) -> None:
    world = signed_world
    facts = collect(world, list(world.scenarios))
    rows, wrong = [], []
    for name, scenario in world.scenarios.items():
        if name in BY_CHANCE:
            continue
        assessment = assess(world, facts[name])
        zone = next(z for z in assessment.zones if z.apex == dns.name.from_text(name))
        at = {place.endpoint.address: status for place, status in zone.places}
        for kind in scenario.texts:
            address = world.leaf[kind].address4
            decided = zone.status in (Status.INSECURE, Status.INDETERMINATE) or not zone.places
            ours = str(zone.status if decided else at.get(address, Status.INDETERMINATE))
            theirs = min(
                (
                    world.as_unbound_sees_it(asked, rdtype, zone=name, address=address)
                    for asked, rdtype in (
                        (name, "SOA"),
                        (f"_acme-challenge.{name}", "TXT"),
                        (name, "CAA"),
                    )
                ),
                key=_WORST.index,
            )
            kinds = sorted({str(f.kind) for f in zone.faults})
            why = ", ".join(kinds) or zone.reason
            rows.append(f"{name:34} {kind:5} ours {ours:14} unbound {theirs:9} {why}")
            if name == TO_UNSIGNED:
                assert (ours, theirs) == ("secure", "insecure")
            elif ours != theirs:
                wrong.append(rows[-1])
    print("\n".join(["", *rows, f"{len(rows) - len(wrong)} of {len(rows)} agree"]))  # noqa: T201
    assert not wrong, "\n".join(wrong)


def test_a_ds_that_one_of_the_parents_servers_still_serves_is_found(signed_world: World) -> None:
    world, child, parent = signed_world, "child.two-ds.test.", "two-ds.test."
    at = {
        kind: world.as_unbound_sees_it(child, "SOA", zone=parent, address=world.leaf[kind].address4)
        for kind in ("knot", "pdns")
    }
    assert at == {"knot": "bogus", "pdns": "secure"}
    assessment = assess(world, collect(world, [child])[child])
    zone = next(z for z in assessment.zones if z.apex == dns.name.from_text(child))
    (fault,) = zone.faults
    assert fault.kind is Kind.DS_WITHOUT_KEY
    assert {place.endpoint.address for place in fault.places} == {
        world.leaf["knot"].address4,
        world.leaf["knot"].address6,
    }
