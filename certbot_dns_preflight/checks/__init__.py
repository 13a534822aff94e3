"""From what was observed to findings: why a challenge is not ready, and what to do.

Pure: a survey goes in, findings come out, most telling first. A cause hides its symptoms, so the
rules share one reading of the survey (`context`). Each rule is a file of `rules`: what it means,
and the check that finds it. How the answers were got is not known here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import context
from certbot_dns_preflight.checks.rule import Subject
from certbot_dns_preflight.checks.rules import RULES, nameserver_unreachable, no_dns_egress
from certbot_dns_preflight.checks.unjudged import unjudged
from certbot_dns_preflight.facts.finding import Severity
from certbot_dns_preflight.facts.survey import NoEgress
from certbot_dns_preflight.settings import UnreachablePolicy

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from certbot_dns_preflight.caa.policy import IssuanceRequest
    from certbot_dns_preflight.codes import Code
    from certbot_dns_preflight.facts.environment import DomainEnvironment
    from certbot_dns_preflight.facts.finding import Finding
    from certbot_dns_preflight.facts.survey import Survey

__all__ = ["diagnose", "unjudged", "with_environment"]

_WEIGHT = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}
_RANK: dict[Code, int] = {module.RULE.code: rank for rank, module in enumerate(RULES)}


def diagnose(
    survey: Survey, *, unreachable: UnreachablePolicy = UnreachablePolicy.FAIL
) -> tuple[Finding, ...]:
    """Find out what a survey shows; errors first, the most telling one at the head."""
    seen = context.read(survey, unreachable)
    if isinstance(survey.obstacle, NoEgress):
        return tuple(no_dns_egress.check(survey, seen))
    found = [
        finding
        for module in RULES
        if module.RULE.subject is Subject.SURVEY
        for finding in module.check(survey, seen)
    ]
    if not _has_error(found):
        found.extend(nameserver_unreachable.unfinished(survey))
    return _in_order(found)


def with_environment(
    found: Sequence[Finding],
    survey: Survey,
    environment: DomainEnvironment,
    *,
    request: IssuanceRequest,
) -> tuple[Finding, ...]:
    """Add to a survey's findings what is around it: CAA, DNSSEC, views, addresses."""
    seen = context.read(
        survey, environment=environment, request=request, survey_failed=_has_error(found)
    )
    more = (
        finding
        for module in RULES
        if module.RULE.subject is Subject.ENVIRONMENT
        for finding in module.check(survey, seen)
    )
    return _in_order((*found, *more))


def _has_error(found: Iterable[Finding]) -> bool:
    return any(finding.severity is Severity.ERROR for finding in found)


def _in_order(found: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(
        sorted(found, key=lambda finding: (_WEIGHT[finding.severity], _RANK[finding.code]))
    )
