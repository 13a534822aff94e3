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
    meaning="The record is ready; other values stand beside it.",
    reference="RFC 8555 section 8.4",
    explanation=(
        "Every expected value is served everywhere, together with others, usually left over from "
        "earlier attempts."
    ),
    refusal=(
        "A CA accepts it: one matching TXT record is enough. With very many, the answer no longer "
        "fits UDP, and a CA may stop reading."
    ),
    confirm=("dig +norec @ADDRESS OWNER TXT",),
    remedies=(
        Remedy(
            "an earlier run was interrupted or its clean-up failed",
            "Remove the other values once no other order is under way for this name.",
        ),
    ),
)


def check(survey: Survey, context: Context) -> Iterator[Finding]:
    """Tell that it is ready, with other values beside."""
    if not context.expected or not context.usable or context.holding != context.usable:
        return
    beside = [value for value in context.served if value not in context.expected]
    if not beside or survey.obstacle is not None:
        return
    at = tuple(o for o in context.holding if set(beside).intersection(observations.texts(o)))
    yield RULE.finding(
        summary=f"{phrases.count(len(beside), 'other value')} "
        f"{phrases.verb(len(beside), 'stands', 'stand')} "
        f"beside the expected at {phrases.owner(context.target)}",
        cause=f"Probably left over from earlier attempts: "
        f"{phrases.listed(map(phrases.value, beside))}.",
        remedy="Remove what no order under way needs; the CA accepts it as it is.",
        about=at,
        evidence={"unexpected": evidence.values(beside), "addresses": evidence.places(at)},
    )
