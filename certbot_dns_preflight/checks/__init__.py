"""From what was observed to findings: why a challenge is not ready, and what to do.

Pure: a survey goes in, findings come out, most telling first. A cause hides its symptoms, so
the functions share one reading of the survey (`context`); each family says in its first lines
what it judges. It does not know how the answers were got.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.challenge import WILDCARD
from certbot_dns_preflight.checks import (
    agreement,
    aliases,
    caa,
    catalogue,
    context,
    delegation,
    dnssec,
    environment,
    records,
    servers,
    stability,
    transport,
    walk,
)
from certbot_dns_preflight.facts.finding import Severity
from certbot_dns_preflight.facts.survey import NoEgress, NoSuchDomain
from certbot_dns_preflight.settings import UnreachablePolicy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from certbot_dns_preflight.caa.policy import IssuanceRequest
    from certbot_dns_preflight.checks.context import Context
    from certbot_dns_preflight.facts.environment import DomainEnvironment
    from certbot_dns_preflight.facts.finding import Finding
    from certbot_dns_preflight.facts.survey import Survey

__all__ = ["DIAGNOSES", "diagnose", "with_surroundings"]

DIAGNOSES: tuple[Callable[[Survey, Context], Iterable[Finding]], ...] = (
    delegation.no_such_domain,
    aliases.dangling,
    aliases.loop,
    aliases.conflict,
    aliases.wildcard,
    records.misplaced,
    records.mangled,
    records.value_missing,
    records.wrong_value,
    records.not_published,
    aliases.target_lacks,
    agreement.values_differ,
    agreement.aliases_differ,
    stability.vanished,
    stability.unstable,
    servers.in_trouble,
    servers.addressless,
    servers.half_known,
    delegation.mismatched,
    delegation.glue_differs,
    records.stale_values,
    transport.transport_warnings,
    transport.without_soa,
)
_WEIGHT = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}


def diagnose(
    survey: Survey, *, unreachable: UnreachablePolicy = UnreachablePolicy.FAIL
) -> tuple[Finding, ...]:
    """Find out what a survey shows; errors first, the most telling one at the head."""
    seen = context.read(survey, unreachable)
    if isinstance(survey.obstacle, NoEgress):
        return tuple(delegation.no_egress(survey, seen))
    found = [finding for judge in DIAGNOSES for finding in judge(survey, seen)]
    if not any(finding.severity is Severity.ERROR for finding in found):
        found.extend(walk.unfinished(survey))
    return _in_order(found)


def with_environment(
    found: Sequence[Finding], survey: Survey, around: DomainEnvironment, *, request: IssuanceRequest
) -> tuple[Finding, ...]:
    """Add to a survey's findings what its surroundings show: CAA, DNSSEC, views, addresses."""
    more: list[Finding] = []
    if not isinstance(survey.obstacle, NoSuchDomain):
        more += environment.judge(survey.challenge, around)
    if around.climb is not None:
        # Servers whose trouble is told already are not told of again for their CAA.
        failing = any(finding.severity is Severity.ERROR for finding in found)
        more += caa.judge(
            around.climb,
            request,
            wildcard=sorted({name.startswith(WILDCARD) for name in survey.challenge.names}),
            already_reported=[hop.zone.apex for hop in survey.hops] if failing else [],
        )
    if around.signatures is not None:
        more += dnssec.judge(around.signatures)
    return _in_order((*found, *more))


def _in_order(found: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(found, key=lambda f: (_WEIGHT[f.severity], catalogue.rank(f.code))))
