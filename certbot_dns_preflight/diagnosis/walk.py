"""Findings of last resort: the survey is not complete, and no other finding says why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.diagnosis import phrases
from certbot_dns_preflight.diagnosis.finding import finding
from certbot_dns_preflight.survey import OutOfTime

if TYPE_CHECKING:
    from collections.abc import Iterable

    from certbot_dns_preflight.findings import Finding
    from certbot_dns_preflight.survey import Survey


def unfinished(survey: Survey) -> Iterable[Finding]:
    """Word what is left over: asked only where the survey has an obstacle or no zone."""
    if survey.obstacle is None and survey.hops:
        return
    at = survey.obstacle.at if isinstance(survey.obstacle, OutOfTime) else survey.challenge.owner
    yield finding(
        "nameserver-unreachable",
        summary=f"time ran out before the name servers of {phrases.owner(at)} had answered",
        cause="The walk down from the root was not finished: a server on the way is slow or does "
        "not answer.",
        remedy="Look again with a longer timeout; `dns-preflight trace` shows each step.",
        evidence={"at": at.to_text()},
    )
