"""The run reached a documented limit, so what lies beyond it was not queried."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import phrases
from certbot_dns_preflight.checks.rule import Remedy, Rule
from certbot_dns_preflight.codes import Code
from certbot_dns_preflight.escaping import show_name
from certbot_dns_preflight.facts.finding import Severity
from certbot_dns_preflight.facts.limits import Budget

if TYPE_CHECKING:
    from collections.abc import Iterator

    from certbot_dns_preflight.checks.context import Context
    from certbot_dns_preflight.facts.finding import Finding
    from certbot_dns_preflight.facts.limits import LimitMet
    from certbot_dns_preflight.facts.survey import Survey


RULE = Rule(
    code=Code.LIMIT_REACHED,
    severity=Severity.ERROR,
    meaning="The run reached a documented limit, so not everything could be queried.",
    reference="RFC 1035 section 7.1",
    explanation=(
        "Every run has limits for queries, names, addresses, name servers and bytes, so that no "
        "zone can make it query thousands of servers (docs/reference/limits.md has the figures). "
        "They are far beyond what any honest delegation needs. Whatever was not queried may be "
        "wrong, so the name is not ready; if nothing at all could be queried, the outcome is "
        "inconclusive."
    ),
    refusal=(
        "It may not. But resolvers have such limits too, usually lower ones, and answer SERVFAIL "
        "if a delegation exceeds them."
    ),
    confirm=("dig +norec @PARENT-ADDRESS ZONE NS", "dig +trace OWNER TXT"),
    remedies=(
        Remedy(
            "the zone has very many name servers or addresses",
            "Delegate it to fewer: thirteen name servers are more than enough.",
        ),
        Remedy(
            "its name servers' names lie in zones whose name servers lie in others, and so on",
            "Name the name servers within the zone, with glue, or in one well-run zone.",
        ),
        Remedy(
            "another name of the run used it up",
            "Check that name by itself, or leave it out: the finding names its zone.",
        ),
    ),
)
_WORDS = {
    Budget.QUERIES: "questions",
    Budget.NAMES: "names of name servers to look up",
    Budget.ADDRESSES: "name server addresses",
    Budget.BYTES: "bytes of answers",
    Budget.NAMESERVERS: "name servers of one zone",
}


def check(survey: Survey, _context: Context) -> Iterator[Finding]:
    """Tell which limits were met, and whose zone met them."""
    for limit in survey.limits:
        yield _finding(limit)


def _finding(limit: LimitMet) -> Finding:
    what = f"{limit.limit:,} {_WORDS[limit.budget]}"
    zone = phrases.owner(limit.zone) if limit.zone is not None else None
    if limit.whole_run:
        summary = f"the run has met its limit of {what}"
        spent = f"{zone} used up most of the limit." if zone else "No single zone used it up."
    else:
        summary = f"{zone} needs more than {what}, which is the limit"
        spent = f"The limit was used up finding out who serves {zone} and what its servers say."
    return RULE.finding(
        summary=f"{summary}; the rest was not queried",
        cause=spent,
        remedy=f"Delegate {zone or 'the zone'} to a few name servers with addresses of their own; "
        "if that zone is not yours, leave the name out.",
        evidence={
            "budget": limit.budget.value,
            "limit": limit.limit,
            "scope": "run" if limit.whole_run else "zone",
            "zone": show_name(limit.zone) if limit.zone is not None else None,
        },
    )
