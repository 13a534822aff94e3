"""Tell a closed network from name servers that are down, and find what works on this host."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from certbot_dns_preflight.resolve import ways_out

if TYPE_CHECKING:
    from collections.abc import Collection

    from certbot_dns_preflight.facts.answers import Endpoint
    from certbot_dns_preflight.facts.survey import Survey
    from certbot_dns_preflight.run.session import Session


def attribute(survey: Survey, session: Session, works: Collection[Endpoint] = ()) -> Survey:
    """Attribute the failure to this network if nothing answers except the given resolvers.

    `works` are this host's resolvers that answer.
    """
    if session.zones is None:
        closed = ways_out.closed_in(survey, session.exchange, session.resolvers)
        survey = survey if closed is None else replace(survey, obstacle=closed)
    return ways_out.with_ways_out(survey, tuple(works))


async def attribute_all(surveys: tuple[Survey, ...], session: Session) -> tuple[Survey, ...]:
    """Do the same for several surveys, checking only once which resolvers would work."""
    seen = tuple(attribute(survey, session) for survey in surveys)
    closed = [survey for survey in seen if ways_out.is_closed(survey)]
    if not closed:
        return seen
    works: list[Endpoint] = []
    await ways_out.find(session.exchange, closed[0].challenge.owner.parent(), works)
    return tuple(ways_out.with_ways_out(survey, tuple(works)) for survey in seen)
