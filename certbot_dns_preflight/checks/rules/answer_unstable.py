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
    meaning="One address went back and forth between having the record and lacking it.",
    reference="RFC 4786 section 4.4",
    explanation=(
        "Within one run the same address showed the values, then did not, or the other way round "
        "and back. Catching up once does not count."
    ),
    refusal="The CA may be answered by the instance that lacks the record.",
    confirm=("for i in 1 2 3 4 5 6 7 8; do dig +norec +short +nsid @ADDRESS OWNER TXT; done",),
    remedies=(
        Remedy(
            "several instances behind one address (anycast, load balancer)",
            "Find the instance that lags; wait longer (`settle`) or let the provider mend it.",
        ),
        Remedy(
            "two writers undo each other",
            "See that no second client and no configuration sync rewrites the zone.",
        ),
    ),
)


def check(survey: Survey, context: Context) -> Iterator[Finding]:
    """Tell that an address went back and forth."""
    at = tuple(o for o in survey.observations if observations.is_unstable(o, context.expected))
    if not at:
        return
    subjects = phrases.subjects(at, survey.observations)
    most = max(observation.flips for observation in at)
    yield RULE.finding(
        summary=f"{phrases.listed(subjects)} {phrases.verb(len(subjects), 'shows', 'show')} "
        "the record at times and at times not",
        cause=f"Within this run the answer changed {most} times; probably several instances "
        "stand behind the address and not all of them have the record.",
        remedy="Find the instance that lags (dig +nsid shows which one answers), or wait until "
        "all have the record; see that no second program rewrites the zone.",
        about=at,
        evidence={
            "addresses": evidence.places(at),
            "flips": {observation.endpoint.address: observation.flips for observation in at},
        },
    )
