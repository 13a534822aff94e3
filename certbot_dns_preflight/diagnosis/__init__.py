"""From what was observed to findings: why a challenge is not ready, and what to do.

Pure: a survey goes in, findings come out, most telling first. A cause hides its symptoms, so
the functions share one reading of the survey (`context`); each family says in its first lines
what it judges. It does not know how the answers were got.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.diagnosis import (
    agreement,
    aliases,
    catalogue,
    context,
    delegation,
    records,
    servers,
    stability,
    transport,
    walk,
)
from certbot_dns_preflight.findings import Severity
from certbot_dns_preflight.settings import Leniency
from certbot_dns_preflight.survey import NoEgress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from certbot_dns_preflight.diagnosis.context import Context
    from certbot_dns_preflight.findings import Finding
    from certbot_dns_preflight.survey import Survey

__all__ = ["DIAGNOSES", "diagnose"]

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
    delegation.mismatched,
    delegation.glue_differs,
    records.stale_values,
    transport.oddities,
    transport.without_soa,
)
_WEIGHT = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}


def diagnose(survey: Survey, *, unreachable: Leniency = Leniency.FAIL) -> tuple[Finding, ...]:
    """Find out what a survey shows; errors first, the most telling one at the head."""
    seen = context.read(survey, unreachable)
    if isinstance(survey.obstacle, NoEgress):
        return tuple(delegation.no_egress(survey, seen))
    found = [finding for judge in DIAGNOSES for finding in judge(survey, seen)]
    if not any(finding.severity is Severity.ERROR for finding in found):
        found.extend(walk.unfinished(survey))
    return tuple(sorted(found, key=lambda f: (_WEIGHT[f.severity], catalogue.rank(f.code))))
