"""Judge: from what was observed to findings, and from these to a verdict. Pure.

A challenge is ready when every name server of the zone that really holds the record (aliases
followed, delegation and apex taken together) answers with authority and shows every expected
value. An address that is silent while another of its name server answers is excused; any wrong,
absent or other answer is not. Whatever stands in the way is a finding, and a cause hides its
symptoms: one error for one cause.

`context` reads a survey once for all; each file of `rules` says what one finding means and has the
check for it; `verdict` weighs them. How the answers were got is not known here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import resolver_answers
from certbot_dns_preflight.checks.context import read
from certbot_dns_preflight.checks.rule import Subject
from certbot_dns_preflight.checks.rules import (
    RULES,
    alias_dangling,
    dns_intercepted,
    dnssec_bogus,
    limit_reached,
    malformed_answer,
    mangled_value,
    nameserver_failing,
    nameserver_refuses,
    nameserver_unreachable,
    no_dns_egress,
    no_such_domain,
    record_not_published,
    record_vanished,
    servers_disagree,
    split_view,
    stale_values,
    tcp_unavailable,
    value_missing,
    wrong_value,
)
from certbot_dns_preflight.checks.unjudged import unjudged
from certbot_dns_preflight.codes import Code
from certbot_dns_preflight.facts.finding import Severity
from certbot_dns_preflight.facts.obstacle import Intercepted, NoEgress
from certbot_dns_preflight.settings import UnreachablePolicy

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from certbot_dns_preflight.caa.policy import IssuanceRequest
    from certbot_dns_preflight.checks.comparer import Comparer
    from certbot_dns_preflight.checks.context import Context
    from certbot_dns_preflight.facts.environment import DomainEnvironment
    from certbot_dns_preflight.facts.finding import Finding
    from certbot_dns_preflight.facts.survey import Survey

__all__ = ["diagnose", "unjudged", "with_environment"]

_WEIGHT = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}
_SYMPTOMS_OF_A_LIMIT = frozenset({Code.NAMESERVER_WITHOUT_ADDRESS, Code.NAMESERVER_UNREACHABLE})
_WITHOUT_RECORD = (
    record_not_published,
    servers_disagree,
    value_missing,
    wrong_value,
    record_vanished,
)
_WITHOUT_ANSWER = (
    nameserver_unreachable,
    nameserver_refuses,
    nameserver_failing,
    malformed_answer,
    tcp_unavailable,
)
"""The rules that a resolver in place of the name servers can break."""
_RANK: dict[Code, int] = {module.RULE.code: rank for rank, module in enumerate(RULES)}


def diagnose(
    survey: Survey,
    *,
    unreachable: UnreachablePolicy = UnreachablePolicy.FAIL,
    comparer: Comparer | None = None,
) -> tuple[Finding, ...]:
    """Find out what a survey shows; errors first, the most telling one at the head.

    `comparer` is the run's, so that comparing the values of all its names is bounded.
    """
    context = read(survey, unreachable, comparer=comparer)
    if isinstance(survey.obstacle, NoEgress):
        return tuple(no_dns_egress.check(survey, context))
    if isinstance(survey.obstacle, Intercepted):
        return tuple(dns_intercepted.check(survey, context))
    if survey.sight is not None:
        return _in_order(_by_resolvers(survey, context))
    found = [
        finding
        for module in RULES
        if module.RULE.subject is Subject.SURVEY
        for finding in module.check(survey, context)
    ]
    if survey.limits:
        found = [finding for finding in found if finding.code not in _SYMPTOMS_OF_A_LIMIT]
    if not _has_error(found):
        found.extend(nameserver_unreachable.unfinished(survey))
    found.extend(split_view.seen_here(survey))
    return _in_order(found)


def _by_resolvers(survey: Survey, context: Context) -> Iterator[Finding]:
    """Find out what the resolvers show; what name servers do is not seen, nor judged."""
    if survey.obstacle is not None:
        yield from no_such_domain.check(survey, context)
        yield from alias_dangling.check(survey, context)
    else:
        yield from dnssec_bogus.by_resolvers(survey)
        yield from limit_reached.check(survey, context)
        for lacking in _WITHOUT_RECORD:
            yield from resolver_answers.without_record(lacking.RULE, survey, context)
        for failing in _WITHOUT_ANSWER:
            yield from resolver_answers.without_answer(failing.RULE, survey, context)
        yield from mangled_value.check(survey, context)
        yield from stale_values.check(survey, context)


def with_environment(
    found: Sequence[Finding],
    survey: Survey,
    environment: DomainEnvironment,
    *,
    request: IssuanceRequest,
    comparer: Comparer | None = None,
) -> tuple[Finding, ...]:
    """Add to a survey's findings what is around it: CAA, DNSSEC, views, addresses."""
    if isinstance(survey.obstacle, NoEgress | Intercepted):
        return tuple(found)  # whatever seems to be around it, nobody can know from here
    context = read(
        survey,
        environment=environment,
        request=request,
        survey_failed=_has_error(found),
        comparer=comparer,
    )
    more = (
        finding
        for module in RULES
        if module.RULE.subject is Subject.ENVIRONMENT
        for finding in module.check(survey, context)
    )
    return _in_order((*found, *more))


def _has_error(found: Iterable[Finding]) -> bool:
    return any(finding.severity is Severity.ERROR for finding in found)


def _in_order(found: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(
        sorted(found, key=lambda finding: (_WEIGHT[finding.severity], _RANK[finding.code]))
    )
