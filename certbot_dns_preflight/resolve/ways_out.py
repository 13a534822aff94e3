"""Finds what would work on a host that reaches no name server: its own resolvers that answer.

Runs only once it is known that nothing else works, and queries the domain itself, never the
challenge's name, and the root: a resolver that works may fail for one domain, and another may know
private domains alone. Queries only resolvers that the host is configured with.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import dns.flags
import dns.name
import dns.rcode
import dns.rdatatype

from certbot_dns_preflight.facts.answers import Endpoint, NotAsked, Response, Unreachable
from certbot_dns_preflight.facts.obstacle import Intercepted, NoEgress, Tried
from certbot_dns_preflight.resolve.queries import RECURSIVE
from certbot_dns_preflight.resolve.recursive import ANSWERS
from certbot_dns_preflight.resolve.split_horizon import own_resolvers
from certbot_dns_preflight.resolve.tasks import together

if TYPE_CHECKING:
    from collections.abc import Collection

    from certbot_dns_preflight.facts.survey import Survey
    from certbot_dns_preflight.resolve.exchange import Exchange

_MOST = 3


async def find(exchange: Exchange, domain: dns.name.Name, works: list[Endpoint]) -> None:
    """Find resolvers that are configured on this host and answer recursively, whatever the name.

    Each is in `works`, in the host's order, as soon as it has answered: a silent one may take all
    the time that there is.
    """
    how = replace(RECURSIVE, tries=1, timeout=exchange.timings.own_resolver)
    asked = own_resolvers()[:_MOST]

    async def ask(endpoint: Endpoint, name: dns.name.Name) -> None:
        reply = await exchange.ask(endpoint, name, dns.rdatatype.SOA, how=how)
        if (
            isinstance(reply, Response)
            and bool(reply.message.flags & dns.flags.RA)
            and reply.message.rcode() in ANSWERS
        ):
            works[:] = [each for each in asked if each == endpoint or each in works]

    await together(ask(each, name) for each in asked for name in (domain, dns.name.root))


def closed_in(
    survey: Survey, exchange: Exchange, resolvers: Collection[Endpoint]
) -> NoEgress | None:
    """Return an obstacle if resolvers led to a zone but nobody else answers: it is this network.

    Name servers may be down as well, but that cannot be told from here, and they are not blamed.
    """
    if not resolvers or not survey.hops or survey.obstacle is not None:
        return None
    readings = [observation.reading for observation in survey.observations]
    silent = [r for r in readings if isinstance(r, Unreachable)]
    if not silent or not all(isinstance(r, Unreachable | NotAsked) for r in readings):
        return None
    if exchange.sound - set(resolvers) - set(own_resolvers()):
        return None
    return NoEgress(
        tuple(observation.endpoint for observation in survey.observations),
        asked=Tried.NAME_SERVERS,
    )


def is_closed(survey: Survey) -> bool:
    """Return whether a survey shows that this host is the obstacle."""
    return isinstance(survey.obstacle, NoEgress | Intercepted)


def with_ways_out(survey: Survey, ways_out: tuple[Endpoint, ...]) -> Survey:
    """Add what would work to a survey's obstacle."""
    obstacle = survey.obstacle
    if not isinstance(obstacle, NoEgress | Intercepted):
        return survey
    return replace(survey, obstacle=replace(obstacle, ways_out=ways_out))
