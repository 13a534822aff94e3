"""The zones that a walk passed at a challenge's owner name, with their servers. Pure.

Decides which observations belong to one stop and whether its alias was followed; every other
part of the report reads a survey through this.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import dns.name

    from certbot_dns_preflight.facts.survey import NameServer, Observation, Survey


@dataclass(frozen=True, slots=True)
class Stop:
    """One zone's servers at one owner name of the walk; `followed` as in `survey.status`."""

    owner: dns.name.Name
    zone: dns.name.Name
    nameservers: tuple[NameServer, ...]
    observations: tuple[Observation, ...]
    followed: bool


def stops(survey: Survey) -> tuple[Stop, ...]:
    """List the zones that the walk passed, in order."""
    last = len(survey.hops) - 1
    return tuple(
        Stop(h.owner, h.zone.apex, h.zone.nameservers, h.observations, followed=i < last)
        for i, h in enumerate(survey.hops)
    )
