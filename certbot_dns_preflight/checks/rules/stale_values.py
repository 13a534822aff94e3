"""The record is ready, with other values beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import evidence, observations, phrases
from certbot_dns_preflight.checks.rule import Remedy, Rule
from certbot_dns_preflight.codes import Code
from certbot_dns_preflight.facts.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from certbot_dns_preflight.checks.context import Context
    from certbot_dns_preflight.facts.finding import Finding
    from certbot_dns_preflight.facts.survey import Survey


RULE = Rule(
    code=Code.STALE_VALUES,
    severity=Severity.WARNING,
    meaning="The record is ready; the name also holds other TXT values.",
    reference="RFC 8555 section 8.4",
    explanation=(
        "Every expected value is served everywhere, together with other values. They may be left "
        "over from earlier attempts, or belong to another order in progress."
    ),
    refusal=(
        "It does not: one matching TXT record is enough. But with very many values the answer no "
        "longer fits into UDP, and a CA may stop reading."
    ),
    confirm=("dig +norec @ADDRESS OWNER TXT",),
    remedies=(
        Remedy(
            "an earlier run was interrupted or its clean-up failed",
            "Remove the other values when no other order for this name is in progress.",
        ),
    ),
)


def check(survey: Survey, context: Context) -> Iterator[Finding]:
    """Report that it is ready, with other values at the same name."""
    if not context.expected or not context.usable or context.holding != context.usable:
        return
    beside = [value for value in context.served if value not in context.expected]
    if not beside or survey.obstacle is not None:
        return
    at = tuple(o for o in context.holding if set(beside).intersection(observations.texts(o)))
    yield RULE.finding(
        summary=f"{phrases.owner(context.target)} also holds "
        f"{phrases.count(len(beside), 'other TXT value')} (harmless)",
        cause="The CA accepts the record as it is. Left over from earlier attempts, or of another "
        f"order in progress: {phrases.listed(map(phrases.value, beside))}.",
        remedy="Remove only values that no order in progress needs.",
        about=at,
        evidence={"unexpected": evidence.values(beside), "addresses": evidence.places(at)},
    )
