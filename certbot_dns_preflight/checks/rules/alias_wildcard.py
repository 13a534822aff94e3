"""The owner name is caught by a wildcard CNAME."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import phrases
from certbot_dns_preflight.checks.rule import Remedy, Rule
from certbot_dns_preflight.codes import Code
from certbot_dns_preflight.facts.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from certbot_dns_preflight.checks.context import Context
    from certbot_dns_preflight.facts.finding import Finding
    from certbot_dns_preflight.facts.survey import Survey


RULE = Rule(
    code=Code.ALIAS_WILDCARD,
    severity=Severity.ERROR,
    meaning="A wildcard CNAME of the zone answers for the owner name.",
    reference="RFC 4592 section 3.3",
    explanation=(
        "The owner name has no record of its own, so the zone's `*` CNAME answers for it. A "
        "random name next to it gets the same answer."
    ),
    refusal="The CA follows the wildcard's CNAME, and the record is usually not at its target.",
    confirm=(
        "dig +norec @ADDRESS OWNER TXT",
        "dig +norec @ADDRESS no-such-name-here.DOMAIN CNAME",
    ),
    remedies=(
        Remedy(
            "the TXT record was not written",
            "Create it at the owner name itself (an exact name overrides the wildcard).",
        ),
        Remedy(
            "the record was written at the wildcard's target on purpose",
            "Nothing is wrong as long as the value is served. A CNAME at the owner name itself "
            "makes this explicit.",
        ),
    ),
    note="A warning if the value is served anyway.",
)


def check(survey: Survey, context: Context) -> Iterator[Finding]:
    """Report that a wildcard alias catches the owner name."""
    target = survey.probes.wildcard_alias
    if target is None or context.misplaced:
        return  # made at its right name, the record overrides the wildcard
    caught = context.caught_by_wildcard
    name = phrases.owner(survey.challenge.owner)
    yield RULE.finding(
        severity=Severity.ERROR if caught else Severity.WARNING,
        summary=f"{name} has no record of its own; a wildcard CNAME to {phrases.owner(target)} "
        "answers for it"
        + (", and the value is not there" if caught and survey.challenge.expected else ""),
        cause="A random name next to it gets the same CNAME"
        + (", so the record was not created at this name." if caught else "."),
        remedy=f"Create the TXT record at {name} itself (an exact name overrides the wildcard), or "
        "add a CNAME there that points to where the record is.",
        records=[phrases.txt_record(survey.challenge.owner, v) for v in survey.challenge.expected]
        if caught
        else (),
        evidence={"target": target.to_text()},
    )
