"""Findings of last resort: the survey is not complete, and no other finding says why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import phrases
from certbot_dns_preflight.checks.finding import finding
from certbot_dns_preflight.facts.survey import OutOfTime

if TYPE_CHECKING:
    from collections.abc import Iterable

    from certbot_dns_preflight.facts.finding import Finding
    from certbot_dns_preflight.facts.survey import Survey


def unfinished(survey: Survey) -> Iterable[Finding]:
    """Word what is left over: an obstacle, no zone, or a zone without any name server."""
    serverless = [hop for hop in survey.hops if not hop.observations and not hop.zone.nameservers]
    match survey.obstacle:
        case OutOfTime(at=name):
            at = name
        case None if survey.hops and not serverless:
            return
        case _:
            at = serverless[0].owner if serverless else survey.challenge.owner
    yield finding(
        "nameserver-unreachable",
        summary=f"time ran out before the name servers of {phrases.owner(at)} had answered",
        cause="The walk down from the root was not finished: a server on the way is slow or does "
        "not answer.",
        remedy="Look again with a longer timeout; `dns-preflight trace` shows each step.",
        evidence={"at": at.to_text()},
    )
