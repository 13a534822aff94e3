"""The alias leads to a name whose zone does not exist or is not delegated."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import phrases
from certbot_dns_preflight.checks.rule import Remedy, Rule
from certbot_dns_preflight.codes import Code
from certbot_dns_preflight.facts.finding import Severity
from certbot_dns_preflight.facts.survey import NoSuchDomain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from certbot_dns_preflight.checks.context import Context
    from certbot_dns_preflight.facts.finding import Finding
    from certbot_dns_preflight.facts.survey import Survey


RULE = Rule(
    code=Code.ALIAS_DANGLING,
    severity=Severity.ERROR,
    meaning="The alias leads to a name whose zone does not exist or is not delegated.",
    reference="RFC 1034 section 3.6.2",
    explanation=(
        "The chain of aliases ends at a name that no zone holds: its parent answers "
        "NXDOMAIN, or its name servers do not serve it."
    ),
    refusal="The CA's resolver reports NXDOMAIN or SERVFAIL for the whole question.",
    confirm=(
        "dig +norec @ADDRESS OWNER CNAME",
        "dig +trace TARGET TXT",
    ),
    remedies=(
        Remedy(
            "the target is misspelt",
            "Correct the CNAME; without a final dot many panels append the zone.",
        ),
        Remedy(
            "the target's domain has expired or was given up",
            "Remove the alias at once: whoever registers that domain can get "
            "certificates for yours.",
        ),
        Remedy(
            "the target's zone is not delegated yet",
            "Add NS records for it in the parent zone.",
        ),
    ),
)


def check(survey: Survey, context: Context) -> Iterator[Finding]:
    """Tell that the alias leads to a zone that does not exist."""
    if not survey.hops or context.caught_by_wildcard or context.conflicts or context.misplaced:
        return
    if not isinstance(survey.obstacle, NoSuchDomain):
        return
    where, zone = survey.obstacle.name, survey.obstacle.zone
    target = survey.alias_chain[-1] if survey.alias_chain else where
    owner = phrases.owner(survey.challenge.owner)
    yield RULE.finding(
        summary=f"{owner} is an alias of {phrases.owner(target)}, which leads nowhere",
        cause=f"{phrases.owner(zone)} says that {phrases.owner(where)} does not exist.",
        remedy=f"Correct or remove the alias at {phrases.owner(survey.hops[-1].owner)}: whoever "
        "registers the missing zone could get certificates for this domain.",
        about=survey.hops[-1].observations,
        evidence={
            "target": target.to_text(),
            "missing": where.to_text(),
            "alias_chain": [name.to_text() for name in survey.alias_chain],
        },
    )
