"""Smaller worlds: each lacks one thing of a given one, the largest things first."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tests.differential.comparing import with_one_address
from tests.differential.worlds import VALUE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.differential.worlds import Server, World, Zone


def smaller(world: World) -> Iterator[World]:
    """Give the worlds that lack one thing; none twice, and not the world itself."""
    seen = {world}
    for candidate in _candidates(world):
        if candidate not in seen:
            seen.add(candidate)
            yield candidate


def _candidates(world: World) -> Iterator[World]:
    yield from _with_one_fault(world)
    yield from _without_a_zone(world)
    yield from _without_a_server(world)
    for server in world.servers:
        for one in _simpler_server(server):
            yield _with_server(world, server, one)
    for zone in world.zones:
        for simpler in _simpler_zone(zone):
            yield _with_zone(world, zone, simpler)
    if world.star:
        yield replace(world, star=False)
    yield from _on_fewer_servers(world)


def _with_one_fault(world: World) -> Iterator[World]:
    """Leave one kind of fault, or none at all."""
    faults = dict.fromkeys(fault for server in world.servers for fault in server.faults)
    for kept in (None, *faults) if len(faults) > 1 else ():
        servers = tuple(
            replace(one, faults=tuple(fault for fault in one.faults if fault == kept))
            for one in world.servers
        )
        yield replace(world, servers=servers)


def _with_zone(world: World, zone: Zone, other: Zone) -> World:
    return replace(world, zones=tuple(other if one == zone else one for one in world.zones))


def _with_server(world: World, server: Server, other: Server) -> World:
    return replace(world, servers=tuple(other if one == server else one for one in world.servers))


def _without_a_zone(world: World) -> Iterator[World]:
    """Take a zone away; what records it has go to the zone above."""
    for zone in world.zones:
        parent = world.parent_of(zone)
        if parent is None:
            continue
        servers = tuple(
            replace(s, zones=tuple(name for name in s.zones if name != zone.name))
            for s in world.servers
        )
        if parent.name:  # what a registry runs is another matter than what a user runs
            merged = replace(parent, records=(*parent.records, *zone.records))
            zones = tuple(merged if one == parent else one for one in world.zones if one != zone)
            yield replace(world, zones=zones, servers=servers)
        without = tuple(one for one in world.zones if one != zone)
        yield replace(world, zones=without, servers=servers)


def _without_a_server(world: World) -> Iterator[World]:
    for server in world.servers:
        zones = tuple(
            replace(
                zone,
                servers=tuple(host for host in zone.servers if host != server.host),
                apex=tuple(host for host in zone.apex if host != server.host),
            )
            for zone in world.zones
        )
        if all(zone.servers for zone in zones):
            yield replace(
                world, zones=zones, servers=tuple(one for one in world.servers if one != server)
            )


def _on_fewer_servers(world: World) -> Iterator[World]:
    """Let a zone be served by what serves its parent, or by fewer."""
    for zone in world.zones:
        if len(zone.servers) > 1:
            for host in zone.servers:
                fewer = tuple(other for other in zone.servers if other != host)
                yield _with_zone(world, zone, replace(zone, servers=fewer))


def _simpler_server(server: Server) -> Iterator[Server]:
    for index, fault in enumerate(server.faults):
        others = (*server.faults[:index], *server.faults[index + 1 :])
        yield replace(server, faults=others)
        for simpler in (
            replace(fault, when="always"),
            replace(fault, at=""),
            replace(fault, address=None),
        ):
            yield replace(
                server, faults=(*server.faults[:index], simpler, *server.faults[index + 1 :])
            )
    if len(server.families) > 1:
        for index in range(len(server.families)):
            yield with_one_address(server, index)
    elif server.families != ("4",):
        yield replace(server, families=("4",))
    if server.zones:
        for name in server.zones:
            yield replace(server, zones=tuple(other for other in server.zones if other != name))


def _simpler_zone(zone: Zone) -> Iterator[Zone]:
    if zone.signing != "no":
        yield replace(zone, signing="no", ds="right", spoilt="", algorithm=13)
    yield replace(zone, apex=())
    yield replace(zone, delegated=True)
    yield replace(zone, spoilt="")
    yield replace(zone, ds="right")
    yield replace(zone, algorithm=13)
    simpler = {"opt-out": "nsec3", "nsec3": "nsec"}
    yield replace(zone, signing=simpler.get(zone.signing, zone.signing))
    for record in zone.records:
        owner, rdtype, _ = record.split(None, 2)
        others = tuple(other for other in zone.records if other != record)
        yield replace(zone, records=others)
        if rdtype in ("CNAME", "DNAME"):
            yield replace(zone, records=(*others, f"{owner} TXT {VALUE}"))
