"""The worlds: that a seed is a world, that they show everything, and that they become smaller."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from tests.differential import faults
from tests.differential.comparing import alone, is_stricter_by_contract, may_be_stricter, suspicion
from tests.differential.generating import generate
from tests.differential.judges import Judged, Told
from tests.differential.shrinking import smaller
from tests.differential.worlds import VALUE, Fault, Server, World, Zone

SEEDS = range(600)
PASSES, FAILS = Judged(passes=True, why=""), Judged(passes=False, why="TXT SERVFAIL")


def told(outcome: str, *errors: str) -> Told:
    return Told(outcome, frozenset(errors), frozenset(), ())


def test_a_seed_is_a_world() -> None:
    assert [generate(seed) for seed in range(20)] == [generate(seed) for seed in range(20)]
    assert len({generate(seed).describe() for seed in SEEDS}) == len(SEEDS)


def test_every_zone_has_servers_that_exist_and_every_challenge_has_its_value() -> None:
    for world in map(generate, SEEDS):
        hosts = {server.host for server in world.servers}
        assert all(zone.servers and hosts >= {*zone.servers, *zone.apex} for zone in world.zones)
        assert any(VALUE in record for zone in world.zones for record in zone.records)


def test_the_worlds_show_every_fault_and_combine_them() -> None:
    worlds = [generate(seed) for seed in SEEDS]
    acting = [{fault.action for server in w.servers for fault in server.faults} for w in worlds]
    assert set().union(*acting) == set(faults.ACTIONS)
    many = Counter(len(actions) for actions in acting)
    assert min(many[0], many[1], many[2]) > len(SEEDS) / 10
    assert {fault.when for w in worlds for s in w.servers for fault in s.faults} == {
        *("always", "do", "no-do", "mixed", "udp")
    }
    assert {zone.signing for w in worlds for zone in w.zones} == {"no", "nsec", "nsec3", "opt-out"}
    records = {r.split()[1] for w in worlds for zone in w.zones for r in zone.records}
    assert records >= {"TXT", "CNAME", "DNAME", "CAA", "A"}


@pytest.mark.parametrize(
    ("ours", "unbound", "bind", "kind"),
    [
        (told("ready"), PASSES, PASSES, None),
        (told("ready"), PASSES, FAILS, None),
        (told("ready"), FAILS, PASSES, None),
        (told("ready"), FAILS, FAILS, "ready, and both fail (TXT)"),
        (told("not-ready", "wrong-value"), FAILS, FAILS, None),
        (told("not-ready", "wrong-value"), PASSES, FAILS, None),
        (
            told("not-ready", "wrong-value", "caa-forbids"),
            *(PASSES, PASSES, "not-ready, and both pass (caa-forbids, wrong-value)"),
        ),
        (told("inconclusive"), PASSES, PASSES, "inconclusive, and both pass (no finding)"),
    ],
)
def test_only_what_both_resolvers_say_counts(
    ours: Told, unbound: Judged, bind: Judged, kind: str | None
) -> None:
    assert suspicion(ours, unbound, bind) == kind


def test_a_refusal_may_be_stricter_if_the_document_lists_all_its_codes() -> None:
    assert may_be_stricter(told("not-ready", "nameserver-refuses", "secondary-behind"))
    assert not may_be_stricter(told("not-ready", "nameserver-refuses", "alias-dangling"))
    assert not may_be_stricter(told("inconclusive"))


def two_servers(*, on: int | None) -> World:
    zones = (
        Zone("", ("ns1",), signing="nsec"),
        Zone("shop", ("ns1", "ns2"), records=(f"_acme-challenge.shop TXT {VALUE}",)),
    )
    servers = (
        Server("ns1", zones=("", "shop")),
        Server("ns2", ("4", "6"), ("shop",), (Fault("silent", address=on),)),
    )
    return World(0, "shop", zones, servers)


def test_each_address_of_a_zone_is_looked_at_alone() -> None:
    left = [
        (world.zone("shop").servers, world.servers[1].families, world.servers[1].faults)
        for world in alone(two_servers(on=1))
    ]
    assert left == [
        (("ns1",), ("4", "6"), (Fault("silent", address=1),)),
        (("ns2",), ("4",), ()),
        (("ns2",), ("6",), (Fault("silent"),)),
    ]


def test_no_other_server_has_the_zone_of_which_one_is_looked_at_alone() -> None:
    has = [[server.zones for server in world.servers] for world in alone(two_servers(on=1))]
    assert has == [[("", "shop"), ()], [("",), ("shop",)], [("",), ("shop",)]]


def test_a_world_is_made_as_small_as_its_difference_lets_it() -> None:
    def shows(world: World) -> bool:
        has = any(f.action == "silent" for s in world.servers for f in s.faults if s.zones)
        return has and any(VALUE in r for zone in world.zones for r in zone.records)

    world = next(w for w in map(generate, range(9999)) if shows(w) and len(w.servers) > 3)
    while found := next(filter(shows, smaller(world)), None):
        assert found != world
        world = found
    assert len(world.servers) <= 2
    assert len([fault for server in world.servers for fault in server.faults]) == 1
    assert [len(zone.records) for zone in world.zones if zone.records] == [1]


def test_nothing_of_a_world_is_its_own_smaller_world() -> None:
    world = replace(generate(1), star=True)
    assert world not in set(smaller(world))
    assert replace(world, star=False) in set(smaller(world))


@pytest.mark.parametrize(
    ("reasons", "stricter"),
    [
        ({("not-authoritative", "")}, True),
        ({("nameserver-unreachable", "ns-set")}, True),
        ({("nameserver-unreachable", "")}, False),
        ({("nameserver-unreachable", "ns-set"), ("dnssec-bogus", "signature-invalid")}, False),
        (set(), False),
    ],
)
def test_what_is_refused_whatever_resolvers_do_is_read_from_the_findings(
    reasons: set[tuple[str, str]], *, stricter: bool
) -> None:
    errors = frozenset(code for code, _ in reasons)
    found = Told("not-ready", errors, frozenset(), (), frozenset(reasons))
    assert is_stricter_by_contract(found) is stricter
