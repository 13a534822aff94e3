"""Some of several expected values are served, others nowhere: replaced instead of added."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import evidence, phrases
from certbot_dns_preflight.checks.manglings import Kind
from certbot_dns_preflight.checks.resolver_answers import KEPT_MISS
from certbot_dns_preflight.checks.rule import Remedy, Rule
from certbot_dns_preflight.codes import Code
from certbot_dns_preflight.facts.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from certbot_dns_preflight.checks.context import Context
    from certbot_dns_preflight.facts.finding import Finding
    from certbot_dns_preflight.facts.survey import Survey


RULE = Rule(
    code=Code.VALUE_MISSING,
    severity=Severity.ERROR,
    meaning="Some of several expected values are served; others are missing.",
    reference="RFC 8555 section 8.4",
    explanation=(
        "A certificate for a domain and its wildcard needs two TXT records at the same owner name. "
        "So do several names of one order whose aliases lead to one target. Only some of them are "
        "there. With `--ask resolvers` they may be an earlier answer out of the resolver's cache "
        "(evidence: `kept_seconds`)."
    ),
    refusal=("Each value belongs to its own authorization. The one whose value is missing fails."),
    confirm=("dig +norec @ADDRESS OWNER TXT",),
    remedies=(
        Remedy(
            "the second record replaced the first",
            "Make sure that the hook or plugin adds to the RRset instead of overwriting it. Some "
            "provider APIs need all values in one request.",
        ),
        Remedy(
            "an earlier clean-up removed both",
            "Make the clean-up remove records by name and value, not by name only.",
        ),
        Remedy(
            "two clients share the owner name, or the target of an alias",
            "Run them one after the other, or give each its own CNAME target.",
        ),
        KEPT_MISS,
    ),
)


def check(survey: Survey, context: Context) -> Iterator[Finding]:
    """Report that some of several values are served, others nowhere."""
    if not context.nobody_has_all or context.misplaced or not context.partly_served:
        return
    missing = [value for value in context.expected if value not in context.served]
    if not missing or _is_mangled(context):
        return
    there = len(context.expected) - len(missing)
    yield RULE.finding(
        summary=f"only {there} of the {len(context.expected)} expected values "
        f"{phrases.verb(there, 'is', 'are')} published; "
        f"{phrases.listed(map(phrases.value, missing))} "
        f"{phrases.verb(len(missing), 'is', 'are')} missing",
        cause=f"{phrases.owner(context.target)} must hold {len(context.expected)} values at the "
        f"same time{_for_both(survey)}. A later record probably replaced an earlier one.",
        remedy="Add the missing "
        f"{phrases.verb(len(missing), 'value', 'values')} and keep "
        f"{phrases.verb(there, 'the one already there', 'those already there')}. Make sure that "
        "the plugin or hook adds to the TXT RRset instead of overwriting it.",
        records=[phrases.txt_record(context.target, value) for value in missing],
        about=context.lacking,
        evidence={"missing": evidence.values(missing), **evidence.served(context)},
    )


def _for_both(survey: Survey) -> str:
    """Say what two values are for: a domain and its wildcard share one owner name."""
    names, expected = survey.challenge.names, survey.challenge.expected
    both = len(names) == len(expected) > 1
    return f", one each for {phrases.listed(names)}" if both else ""


def _is_mangled(context: Context) -> bool:
    kind = context.nearest.kind if context.nearest else None
    return kind is not None and kind is not Kind.HOSTNAME
