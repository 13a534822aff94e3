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
        "The owner name does not exist itself, so the zone's `*` record makes it an "
        "alias. A random name beside it gives the same answer."
    ),
    refusal="The CA follows the wildcard's CNAME, where the record usually is not.",
    confirm=(
        "dig +norec @ADDRESS OWNER TXT",
        "dig +norec @ADDRESS no-such-name-here.DOMAIN CNAME",
    ),
    remedies=(
        Remedy(
            "the TXT record was not written",
            "Write it at the owner name itself: an existing name is not caught by a wildcard.",
        ),
        Remedy(
            "the record was written at the wildcard's target on purpose",
            "Nothing is wrong then, as long as the value is served; make an own CNAME to say so.",
        ),
    ),
    note="A warning if the value is served all the same.",
)


def check(survey: Survey, context: Context) -> Iterator[Finding]:
    """Tell that the owner name is caught by a wildcard alias."""
    target = survey.probes.wildcard_alias
    if target is None or context.misplaced:
        return  # made at its right name, the record takes it out of the wildcard
    caught = context.caught_by_wildcard
    name = phrases.owner(survey.challenge.owner)
    yield RULE.finding(
        severity=Severity.ERROR if caught else Severity.WARNING,
        summary=f"{name} has no record of its own; a wildcard CNAME answers for it and leads to "
        f"{phrases.owner(target)}"
        + (", where the value is not" if caught and survey.challenge.expected else ""),
        cause="Any other name beside it is answered with the same CNAME"
        + (": the record itself was not written there." if caught else "."),
        remedy=f"Make the TXT record at {name} itself, which takes it out of the wildcard; or a "
        "CNAME of its own to where the record is.",
        evidence={"target": target.to_text()},
    )
