"""Finds names entered without their final dot, so that the zone was appended to them.

Candidates are alias targets that lack the record, and name servers without an address, whose names
end with their own zone and exist once the zone is removed. `checks` decides what that means.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import dns.name

from certbot_dns_preflight.facts.answers import Absent
from certbot_dns_preflight.facts.obstacle import NoSuchDomain
from certbot_dns_preflight.facts.probes import MissingDot
from certbot_dns_preflight.facts.registry import is_registry
from certbot_dns_preflight.resolve.cache import ZoneCut
from certbot_dns_preflight.resolve.tasks import together

if TYPE_CHECKING:
    from certbot_dns_preflight.facts.survey import Survey
    from certbot_dns_preflight.resolve.walker import Walker

_MOST = 4  # names looked up for this
_FEWEST_LABELS = 3  # in a name that is meant in full, including the root's empty label


async def find(walker: Walker, survey: Survey) -> tuple[MissingDot, ...]:
    """Look for names without a final dot among alias targets and name servers."""
    found = await together(_confirmed(walker, one) for one in _suspects(survey)[:_MOST])
    return tuple(one for one in found if one is not None)


def _suspects(survey: Survey) -> list[MissingDot]:
    suspects = []
    chain = survey.alias_chain
    for hop, target in zip(survey.hops, chain, strict=False):
        if _leads_nowhere(survey, target) and (meant := _taken_off(target, hop.zone.apex)):
            suspects.append(MissingDot(target, meant, "CNAME", hop.zone.apex))
    for zone in dict.fromkeys(hop.zone for hop in survey.hops):
        for server in zone.nameservers:
            if server.endpoints:
                continue
            suspects.extend(
                MissingDot(server.name, meant, "NS", apex)
                for apex in dict.fromkeys((zone.apex, zone.parent or zone.apex))
                if (meant := _taken_off(server.name, apex)) is not None
            )
    return suspects


def _taken_off(name: dns.name.Name, apex: dns.name.Name) -> dns.name.Name | None:
    """Return the name as entered, if the zone was appended to it; else None."""
    if apex == dns.name.root or not name.is_subdomain(apex) or name == apex:
        return None
    meant = name.relativize(apex).concatenate(dns.name.root)
    return meant if len(meant.labels) >= _FEWEST_LABELS else None


def _leads_nowhere(survey: Survey, target: dns.name.Name) -> bool:
    if isinstance(survey.obstacle, NoSuchDomain):
        return bool(target == survey.alias_chain[-1])
    return any(
        hop.owner == target
        and bool(hop.observations)
        # Where the zone has a wildcard, the name exists but has no TXT.
        and any(isinstance(observation.reading, Absent) for observation in hop.observations)
        for hop in survey.hops
    )


async def _confirmed(walker: Walker, suspect: MissingDot) -> MissingDot | None:
    """Check that the intended name exists: a zone for a target, addresses for a server."""
    if suspect.rdtype == "NS":
        return suspect if (await walker.addresses(suspect.meant)).endpoints else None
    found = await walker.find_home(suspect.meant.parent())
    return suspect if isinstance(found, ZoneCut) and not is_registry(found.apex) else None
