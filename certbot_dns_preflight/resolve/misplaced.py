"""Looks for an expected value at the names where it is often put by mistake.

Decides where to look, and that a wildcard's answer does not count; `checks` decides what a sighting
means.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import dns.exception
import dns.name
import dns.rdatatype

from certbot_dns_preflight.challenge import CHALLENGE_LABEL
from certbot_dns_preflight.facts.answers import Values
from certbot_dns_preflight.facts.probes import Sighting
from certbot_dns_preflight.resolve.queries import SINGLE_TRY
from certbot_dns_preflight.resolve.random_names import a_few, random_sibling, texts_at
from certbot_dns_preflight.resolve.tasks import together

if TYPE_CHECKING:
    from certbot_dns_preflight.facts.answers import Endpoint
    from certbot_dns_preflight.facts.survey import Hop, Survey
    from certbot_dns_preflight.resolve.exchange import Exchange


@dataclass(frozen=True, slots=True)
class _Place:
    """A name where the record may have ended up, the kind of mistake, and whom to query."""

    name: dns.name.Name
    kind: str
    hop: Hop


async def find_sightings(exchange: Exchange, survey: Survey) -> tuple[Sighting, ...]:
    """Look for an expected value at the names where it is often put by mistake."""
    expected = frozenset(survey.challenge.expected)
    for observation in survey.observations:
        if isinstance(observation.reading, Values) and expected & set(observation.reading.texts):
            return ()  # at least one server has it in the right place
    found = await together(
        _sighting(exchange, place, endpoint, expected)
        for place in (_wrong_places(survey) if expected else ())
        for endpoint in a_few(place.hop)
    )
    return tuple(dict.fromkeys(sighting for sighting in found if sighting is not None))


def _wrong_places(survey: Survey) -> list[_Place]:
    first, last = survey.hops[0], survey.hops[-1]
    places = []
    for hop in dict.fromkeys((first, last)):
        # Some panels append the zone to a name that was entered in full.
        doubled = _concatenated(hop.owner, hop.zone.apex)
        places.append(_Place(doubled or hop.owner, "doubled-zone", hop))
    domain = first.owner.parent() if first.owner.labels[0] == CHALLENGE_LABEL else first.owner
    places.append(_Place(domain, "missing-label", first))
    if domain != first.zone.apex:
        above = _concatenated(dns.name.Name((CHALLENGE_LABEL, b"")), domain.parent())
        places.append(_Place(above or domain, "parent-label", first))
    if last is not first:
        below = _concatenated(dns.name.Name((CHALLENGE_LABEL, b"")), last.owner)
        places.append(_Place(below or last.owner, "beside-alias", last))
    owners = {hop.owner for hop in survey.hops}
    return [
        place
        for place in places
        if place.name not in owners and place.name.is_subdomain(place.hop.zone.apex)
    ]


def _concatenated(name: dns.name.Name, suffix: dns.name.Name) -> dns.name.Name | None:
    try:
        return dns.name.Name((*name.labels[:-1], *suffix.labels))
    except dns.exception.DNSException:  # the result would be too long for a domain name
        return None


async def _sighting(
    exchange: Exchange, place: _Place, endpoint: Endpoint, expected: frozenset[bytes]
) -> Sighting | None:
    """Check whether an expected value is at a place, and not just a wildcard match there."""
    reply = await exchange.ask(endpoint, place.name, dns.rdatatype.TXT, how=SINGLE_TRY)
    values = expected.intersection(texts_at(reply, place.name))
    if not values:
        return None
    sibling = random_sibling(place.name)
    if sibling is not None:
        same = await exchange.ask(endpoint, sibling, dns.rdatatype.TXT, how=SINGLE_TRY)
        if values.intersection(texts_at(same, sibling)):
            return None
    return Sighting(place.name, place.kind, min(values))
