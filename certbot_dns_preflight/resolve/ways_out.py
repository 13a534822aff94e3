"""What would work on a host that reaches no name server: resolvers of its own that answer.

Asked only once it is known that nothing else does, about the domain itself and never about the
challenge's name. Nobody is asked whom the host is not set up with.
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


async def find(exchange: Exchange, domain: dns.name.Name) -> tuple[Endpoint, ...]:
    """Find resolvers that this host is set up with, and that answer recursively."""
    how = replace(RECURSIVE, tries=1, timeout=exchange.timings.own_resolver)

    async def answers(endpoint: Endpoint) -> bool:
        reply = await exchange.ask(endpoint, domain, dns.rdatatype.SOA, how=how)
        return (
            isinstance(reply, Response)
            and bool(reply.message.flags & dns.flags.RA)
            and reply.message.rcode() in ANSWERS
        )

    asked = own_resolvers()[:_MOST]
    heard = await together(map(answers, asked))
    return tuple(endpoint for endpoint, does in zip(asked, heard, strict=True) if does)


def closed_in(
    survey: Survey, exchange: Exchange, resolvers: Collection[Endpoint]
) -> NoEgress | None:
    """See whether the resolvers led to a zone and nobody else answers: then it is this network.

    That name servers are down as well, nobody can tell from here, and they are not blamed for it.
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
    """Whether a survey shows that this host is the obstacle."""
    return isinstance(survey.obstacle, NoEgress | Intercepted)


def with_ways_out(survey: Survey, ways_out: tuple[Endpoint, ...]) -> Survey:
    """Add to a survey's obstacle what would work."""
    obstacle = survey.obstacle
    if not isinstance(obstacle, NoEgress | Intercepted):
        return survey
    return replace(survey, obstacle=replace(obstacle, ways_out=ways_out))
