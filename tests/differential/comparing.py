"""Which differences count: the rule, and the smaller worlds in which a difference is looked for.

Ready where both resolvers fail is a fault. So is a refusal where both pass, unless every error is
of a code that docs/explanation/strictness.md lists, and one of the servers, alone in its zone,
does make a resolver fail: then it is luck that they pass.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tests.scenarios.strictness import STRICTER, WHATEVER_RESOLVERS_DO

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.differential.judges import Judged, Told
    from tests.differential.worlds import Server, World, Zone

READY = "ready"


@dataclass(frozen=True, slots=True)
class Difference:
    """A world that shows a fault: `kind` is what stays the same when the world is made smaller."""

    kind: str
    world: World
    told: Told
    resolvers: tuple[str, str]

    @property
    def cause(self) -> str:
        """The kind, and all in the world that is out of the ordinary: alike for alike worlds."""
        return "; ".join([self.kind, *sorted(set(_oddities(self.world)))])

    def describe(self) -> str:
        """Tell it in lines."""
        unbound, bind = self.resolvers
        return "\n".join(
            [
                f"seed {self.world.seed}: {self.kind}",
                (
                    f"Unbound: {unbound or 'passes'}; BIND: {bind or 'passes'}; "
                    f"here: {self.told.outcome}"
                ),
                *(f"  {summary}" for summary in self.told.summaries),
                self.world.describe(),
            ]
        )


def _oddities(world: World) -> Iterator[str]:
    for zone in world.zones:
        yield from _oddities_of(zone)
    for server in world.servers:
        yield from (str(fault) for fault in server.faults)
    if world.star:
        yield "star"


def _oddities_of(zone: Zone) -> Iterator[str]:
    if zone.signing != "no":
        yield from [f"DS {zone.ds}"] if zone.ds != "right" else []
        yield from [zone.spoilt] if zone.spoilt else []
    if not zone.delegated:
        yield "not delegated"
    if zone.apex:
        yield "NS sets differ"
    for record in zone.records:
        owner, rdtype, data = record.split(None, 2)
        if rdtype == "CAA":
            yield f"CAA {data}"
        elif owner.startswith("*"):
            yield f"wildcard {rdtype}"
        elif rdtype in ("CNAME", "DNAME"):
            yield rdtype


def suspicion(told: Told, unbound: Judged, bind: Judged) -> str | None:
    """Say of what kind a difference is, if it is one; more tries must show whether it stays."""
    if told.outcome == READY:
        if unbound.passes or bind.passes:
            return None
        return f"ready, and both fail ({_question(unbound)})"
    if not (unbound.passes and bind.passes):
        return None
    codes = ", ".join(sorted(told.errors)) or "no finding"
    return f"{told.outcome}, and both pass ({codes})"


def may_be_stricter(told: Told) -> bool:
    """Tell whether all that is refused for is what the documentation lists."""
    return bool(told.errors) and told.errors <= STRICTER


def is_stricter_by_contract(told: Told) -> bool:
    """Tell whether it is refused for what resolvers take, as the documentation says."""
    return bool(told.reasons) and all(
        {(code, kind), (code, "")} & WHATEVER_RESOLVERS_DO for code, kind in told.reasons
    )


def _question(judged: Judged) -> str:
    return judged.why.split()[0] if judged.why != "CAA forbids" else judged.why


def alone(world: World) -> Iterator[World]:
    """Give the worlds in which one zone has one address left, for all of them."""
    for zone in world.zones:
        hosts = tuple(dict.fromkeys((*zone.servers, *zone.apex)))
        known = [server for server in world.servers if server.host in hosts]
        if sum(len(server.families) for server in known) < 2:
            continue
        for server in known:
            for index in range(len(server.families)):
                yield _alone(world, zone, server, index)


def _alone(world: World, zone: Zone, server: Server, index: int) -> World:
    """Nor has any other server the zone: its parent's would answer in place of referring."""
    zones = tuple(
        replace(one, servers=(server.host,), apex=()) if one == zone else one for one in world.zones
    )
    servers = tuple(
        with_one_address(one, index)
        if one == server
        else replace(one, zones=tuple(z for z in one.zones if z != zone.name or not zone.delegated))
        for one in world.servers
    )
    return replace(world, zones=zones, servers=servers)


def with_one_address(server: Server, index: int) -> Server:
    """Leave a server one of its addresses, and the faults that concern it."""
    faults = tuple(
        replace(fault, address=None) for fault in server.faults if fault.address in (None, index)
    )
    return replace(server, families=(server.families[index],), faults=faults)
