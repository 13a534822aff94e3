"""Ask what only a failure report needs: near the end, once, with slightly more time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from certbot_dns_preflight.resolve import ways_out
from certbot_dns_preflight.resolve.probes import Prober
from certbot_dns_preflight.resolve.resolver_survey import ResolverSurvey
from certbot_dns_preflight.resolve.split_horizon import HostView
from certbot_dns_preflight.run import closed_network

if TYPE_CHECKING:
    from certbot_dns_preflight.facts.answers import Endpoint
    from certbot_dns_preflight.resolve.txt import TxtSurvey
    from certbot_dns_preflight.run.session import Session


async def look_closer(survey: TxtSurvey | ResolverSurvey, session: Session) -> None:
    """Ask what may explain why a record is not as required."""
    if isinstance(survey, ResolverSurvey):
        await survey.last_look()
        return
    survey.prober = prober = Prober(session.exchange, session.walker, survey.so_far())
    async with asyncio.TaskGroup() as group:
        group.create_task(survey.ask_serials())
        group.create_task(prober.ask())


async def look_here(
    survey: TxtSurvey | ResolverSurvey, session: Session, works: list[Endpoint]
) -> None:
    """Ask this host's own resolver for the record or, if nothing else answers, whether it works.

    The resolvers that then answer are put into `works`.
    """
    seen = closed_network.attribute(survey.so_far(), session)
    if ways_out.is_closed(seen):
        await ways_out.find(session.exchange, seen.challenge.owner.parent(), works)
    elif seen.challenge.expected and not session.resolvers:
        survey.seen_here = await HostView(session.exchange).of_record(seen)
