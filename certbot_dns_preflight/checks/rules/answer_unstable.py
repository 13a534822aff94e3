"""One address went back and forth in one run."""

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
    code=Code.ANSWER_UNSTABLE,
    severity=Severity.ERROR,
    meaning="One address gives inconsistent answers: with the record, then without it.",
    reference="RFC 4786 section 4.4",
    explanation=(
        "During one run, the same address served the values, then did not, and changed back "
        "again. A single change (the server catching up) does not count."
    ),
    refusal="The CA may reach the instance that does not have the record.",
    confirm=("for i in 1 2 3 4 5 6 7 8; do dig +norec +nsid @ADDRESS OWNER TXT; done",),
    remedies=(
        Remedy(
            "several instances behind one address (anycast, load balancer)",
            "Find each instance that is behind and fix it, or ask the provider to. If all catch up "
            "soon, `--settle` adds a pause.",
        ),
        Remedy(
            "two programs overwrite each other's changes",
            "Make sure that no second client or configuration sync rewrites the zone.",
        ),
    ),
)


def check(survey: Survey, context: Context) -> Iterator[Finding]:
    """Report an address that went back and forth."""
    at = tuple(o for o in survey.observations if observations.is_unstable(o, context.expected))
    if not at:
        return
    subjects = phrases.subjects(at, survey.observations)
    addresses = phrases.listed(observation.endpoint.address for observation in at)
    most = max(observation.flips for observation in at)
    yield RULE.finding(
        summary=f"{phrases.listed(subjects)} {phrases.verb(len(subjects), 'gives', 'give')} "
        f"inconsistent answers: {most} changes during this run",
        cause=f"Answers from {addresses} alternate between having the record and not having it. "
        "Probably several servers share "
        f"{phrases.verb(len(at), 'the address', 'each address')}, and not all of them have the "
        "record.",
        remedy="Find each server that lacks the record (dig +nsid shows which server answered, if "
        "they send an NSID) and fix it, or ask the provider to. Make sure that no other program is "
        "rewriting the zone.",
        about=at,
        evidence={
            "addresses": evidence.places(at),
            "flips": {observation.endpoint.address: observation.flips for observation in at},
        },
    )
