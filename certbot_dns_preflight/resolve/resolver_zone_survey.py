"""Checks by its SOA how resolvers answer for a domain's zone, to see whom a wait should ask.

Queries no challenge's record, so it may run before the record is created.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import dns.flags
import dns.name
import dns.rcode

from certbot_dns_preflight.facts import survey
from certbot_dns_preflight.facts.answers import Absent, Response
from certbot_dns_preflight.facts.obstacle import NoEgress, NoSuchDomain
from certbot_dns_preflight.facts.resolver_sight import ResolverSight
from certbot_dns_preflight.facts.zone import NameServer, Zone
from certbot_dns_preflight.resolve.recursive import ANSWERS, Recursed, read_recursed

if TYPE_CHECKING:
    from certbot_dns_preflight.challenge import Challenge
    from certbot_dns_preflight.facts.answers import Endpoint, Reply
    from certbot_dns_preflight.resolve.resolver_zones import ResolverZones


async def survey_zone(challenge: Challenge, zones: ResolverZones) -> survey.Survey:
    """Survey the resolvers' SOA answers for a domain, without querying the challenge's record."""
    domain = challenge.owner.parent()
    found = await zones.find(domain)
    if isinstance(found, NoEgress | NoSuchDomain):
        zones.forget(domain)
        return survey.Survey(challenge, obstacle=found, rounds=1)
    zone = Zone(found, None, tuple(map(as_server, zones.resolvers)))
    read = {
        endpoint: (reply, read_recursed(reply, domain, endpoint))
        for endpoint, reply in (await zones.soa(domain)).items()
    }
    observations = (
        _of_zone(zone, server, *read[endpoint])
        for server in zone.nameservers
        for endpoint in server.endpoints
    )
    return survey.Survey(
        challenge,
        hops=(survey.Hop(found, zone, tuple(observations), recursive=True),),
        rounds=1,
        sight=ResolverSight(
            tuple(recursed.answer for _, recursed in read.values()),
            zones.negative_ttl(found),
            zone=zones.seen(found),
        ),
    )


def _of_zone(
    zone: Zone, server: NameServer, reply: Reply, recursed: Recursed
) -> survey.Observation:
    """Build an observation of a reply about the SOA: any answer shows that the zone is served."""
    response = reply if isinstance(reply, Response) else None
    reading = recursed.reading
    if response is not None and response.message.rcode() in ANSWERS:
        reading = Absent(nxdomain=False, soa=zone.apex)
    return survey.Observation(
        zone=zone.apex,
        nameserver=server.name,
        endpoint=recursed.answer.endpoint,
        listed_by=frozenset(),
        reading=reading,
        status=survey.measure(reading, ()),
        rcode=dns.rcode.to_text(response.message.rcode()) if response else None,
        authoritative=bool(response.message.flags & dns.flags.AA) if response else None,
        transport=response.transport if response else None,
        rtt=response.rtt if response else None,
    )


def as_server(endpoint: Endpoint) -> NameServer:
    """Represent a resolver as a name server, named by its address or its URL's host."""
    if ":" in endpoint.address:
        labels = [endpoint.address.encode()]
    else:
        labels = [label for label in endpoint.address.encode().split(b".") if label]
    name = dns.name.Name((*labels, b""))
    return NameServer(name, frozenset(), own=(endpoint,))
