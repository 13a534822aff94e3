"""The alias leads to a name whose zone does not exist or is not delegated."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import missing_dots, phrases
from certbot_dns_preflight.checks.rule import Remedy, Rule
from certbot_dns_preflight.codes import Code
from certbot_dns_preflight.facts.finding import Severity
from certbot_dns_preflight.facts.obstacle import AliasToRoot, NoSuchDomain
from certbot_dns_preflight.facts.registry import is_top_level

if TYPE_CHECKING:
    from collections.abc import Iterator

    import dns.name

    from certbot_dns_preflight.checks.context import Context
    from certbot_dns_preflight.facts.finding import Finding
    from certbot_dns_preflight.facts.survey import Survey


RULE = Rule(
    code=Code.ALIAS_DANGLING,
    severity=Severity.ERROR,
    meaning="The alias points to a name whose zone does not exist or is not delegated.",
    reference="RFC 1034 section 3.6.2",
    explanation=(
        "The alias chain ends at a name that does not exist: the parent zone answers NXDOMAIN, or "
        "the target's name servers do not serve it. An alias of the root (`CNAME .`) is reported "
        "as well: nobody can create a record there."
    ),
    refusal="The CA's resolver follows the alias and gets NXDOMAIN or SERVFAIL.",
    confirm=(
        "dig +norec @ADDRESS OWNER CNAME",
        "dig +trace TARGET TXT",
    ),
    remedies=(
        Remedy(
            "the target is misspelt",
            "Correct the CNAME. Many panels append the zone to a target without a final dot.",
        ),
        Remedy(
            "the target's domain has expired",
            "Remove the alias at once: whoever registers that domain can get certificates for "
            "yours.",
        ),
        Remedy(
            "the target's zone is not delegated yet",
            "Add NS records for it in the parent zone.",
        ),
    ),
)


def check(survey: Survey, context: Context) -> Iterator[Finding]:
    """Report an alias that points to a zone that does not exist."""
    if not survey.hops or context.caught_by_wildcard or context.conflicts or context.misplaced:
        return
    if isinstance(survey.obstacle, AliasToRoot):
        yield _to_the_root(survey, survey.obstacle.owner)
    if not isinstance(survey.obstacle, NoSuchDomain):
        return
    where, zone = survey.obstacle.name, survey.obstacle.zone
    target = survey.alias_chain[-1] if survey.alias_chain else where
    owner = phrases.owner(survey.challenge.owner)
    dot = missing_dots.at(survey, target, "CNAME")
    yield RULE.finding(
        summary=f"{owner} points to {phrases.owner(target)}, which does not exist",
        cause=f"{phrases.servers_of(zone)} answer NXDOMAIN for "
        f"{phrases.owner(where)}." + (f" {missing_dots.cause(dot)}." if dot else ""),
        remedy=missing_dots.remedy(dot)
        if dot
        else f"Correct or remove the alias at {phrases.owner(survey.hops[-1].owner)}."
        + (
            ""
            if is_top_level(where)
            else f" Until then, whoever registers {phrases.owner(where)} can get certificates for "
            "this domain."
        ),
        about=survey.hops[-1].observations,
        evidence={
            "target": target.to_text(),
            "missing": where.to_text(),
            "alias_chain": [name.to_text() for name in survey.alias_chain],
            **missing_dots.facts(dot),
        },
    )


def _to_the_root(survey: Survey, at: dns.name.Name) -> Finding:
    """Report an alias of the root: it exists, but no user's record does there."""
    owner, alias = phrases.owner(survey.challenge.owner), phrases.owner(at)
    leads = "is" if at == survey.challenge.owner else "leads to"
    return RULE.finding(
        summary=f"{owner} {leads} an alias of the root, where nobody can create a record",
        cause=f'The target of the alias at {alias} is the root, written ".". The CA follows '
        "the alias and finds no TXT record",
        remedy=f"Correct or remove the alias at {alias}",
        about=survey.hops[-1].observations,
        evidence={
            "target": ".",
            "missing": None,
            "alias_chain": [name.to_text() for name in survey.alias_chain],
        },
    )
