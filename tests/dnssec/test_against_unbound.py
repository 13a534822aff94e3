"""Every scenario at every address: our status beside that of a validating Unbound."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import dns.name
import pytest

from certbot_dns_preflight.challenge import make_challenge
from certbot_dns_preflight.dnssec import anchors
from certbot_dns_preflight.dnssec.validate import validate
from certbot_dns_preflight.facts.dnssec import Assessment, Facts, Kind, Status
from certbot_dns_preflight.resolve.cache import ZoneCut
from certbot_dns_preflight.run import session
from certbot_dns_preflight.settings import Settings

if TYPE_CHECKING:
    from tests.dnssec.world import World

pytestmark = [pytest.mark.thorough, pytest.mark.versioned]

# There it depends on which of the parent's servers Unbound asks.
BY_CHANCE = frozenset({"child.two-ds.test."})
# Signed itself, yet its alias leads to what is not: Unbound speaks of the whole answer.
TO_UNSIGNED = "wc-unsigned.test."
SHARES = 10
"""Into so many tests the comparison is split, so that they run beside each other."""
_WORST = ("bogus", "insecure", "secure")


def collect(world: World, names: list[str]) -> dict[str, Facts]:
    """Collect as a run does: what CAA is read from comes out of the look for it."""

    async def run() -> dict[str, Facts]:
        asking = session.of_settings(Settings(root_hints=world.root_hints, query_timeout=3.0))
        places = asyncio.Semaphore(10)

        async def one(name: str) -> Facts:
            async with places:
                wanted = make_challenge(name)
                await asking.collector.collect(wanted)
                caa = asking.collector.so_far(wanted, seconds=1).caa_owners
                assert caa[0] == dns.name.from_text(name)
                # A run asks every address once more where one is in doubt.
                home = await asking.walker.find_home(wanted.owner)
                assert isinstance(home, ZoneCut)
                asking.collector.ask_anew({home.apex})
                before = await asking.collector.chains([wanted], caa)
                after = await asking.collector.signed_records([wanted.owner], caa)
                return together(before, after)

        return dict(zip(names, await asyncio.gather(*map(one, names)), strict=True))

    return asyncio.run(run())


def together(one: Facts, other: Facts) -> Facts:
    """Put what is asked before the record is made and after it together."""
    zones = {zone.apex: zone for zone in other.zones}
    for zone in one.zones:
        rrsets = {(asked.owner, asked.rdtype): asked for asked in zone.rrsets}
        if zone.apex in zones:
            rrsets.update({(a.owner, a.rdtype): a for a in zones[zone.apex].rrsets})
        zones[zone.apex] = replace(zone, rrsets=tuple(rrsets.values()))
    return Facts(tuple(zones[apex] for apex in sorted(zones, key=len)))


def assess(world: World, facts: Facts) -> Assessment:
    return validate(facts, anchors.read(world.trust_anchor), now=int(time.time()))


@pytest.mark.parametrize("share", range(SHARES))
def test_each_address_gets_the_status_that_unbound_gives_it(
    signed_world: World, share: int
) -> None:
    world = signed_world
    names = [name for name in list(world.scenarios)[share::SHARES] if name not in BY_CHANCE]
    facts = collect(world, names)
    rows, wrong = [], []
    for name in names:
        scenario = world.scenarios[name]
        assessment = assess(world, facts[name])
        zone = next(z for z in assessment.zones if z.apex == dns.name.from_text(name))
        at = {place.endpoint.address: status for place, status in zone.places}
        asked = ((name, "SOA"), (f"_acme-challenge.{name}", "TXT"), (name, "CAA"))
        for kind in scenario.texts:
            address = world.leaf[kind].address4
            decided = zone.status in (Status.INSECURE, Status.INDETERMINATE) or not zone.places
            ours = str(zone.status if decided else at.get(address, Status.INDETERMINATE))
            told = world.as_unbound_sees_it(*asked, zone=name, address=address)
            theirs = min(told, key=_WORST.index)
            kinds = sorted({str(f.kind) for f in zone.faults})
            why = ", ".join(kinds) or zone.reason
            rows.append(f"{name:34} {kind:5} ours {ours:14} unbound {theirs:9} {why}")
            if name == TO_UNSIGNED:
                assert (ours, theirs) == ("secure", "insecure")
            elif ours != theirs:
                wrong.append(rows[-1])
    print("\n".join(["", *rows, f"{len(rows) - len(wrong)} of {len(rows)} agree"]))  # noqa: T201
    assert rows
    assert not wrong, "\n".join(wrong)


def test_a_ds_that_one_of_the_parents_servers_still_serves_is_found(signed_world: World) -> None:
    world, child, parent = signed_world, "child.two-ds.test.", "two-ds.test."
    at = {
        kind: world.as_unbound_sees_it(
            (child, "SOA"), zone=parent, address=world.leaf[kind].address4
        )
        for kind in ("knot", "pdns")
    }
    assert at == {"knot": ["bogus"], "pdns": ["secure"]}
    assessment = assess(world, collect(world, [child])[child])
    zone = next(z for z in assessment.zones if z.apex == dns.name.from_text(child))
    (fault,) = zone.faults
    assert fault.kind is Kind.DS_WITHOUT_KEY
    assert {str(place.nameserver) for place in fault.places} == {"knot.ns.test."}
