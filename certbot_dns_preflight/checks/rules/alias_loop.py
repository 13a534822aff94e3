"""The chain of aliases comes back to a name it passed, or does not end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import phrases
from certbot_dns_preflight.checks.rule import Remedy, Rule
from certbot_dns_preflight.codes import Code
from certbot_dns_preflight.facts.answers import Alias
from certbot_dns_preflight.facts.finding import Severity
from certbot_dns_preflight.facts.obstacle import AliasLoop

if TYPE_CHECKING:
    from collections.abc import Iterator

    from certbot_dns_preflight.checks.context import Context
    from certbot_dns_preflight.facts.finding import Finding
    from certbot_dns_preflight.facts.survey import Survey


_SHOWN = 6
_LIMIT = 16  # aliases that the walk, like resolvers, follows

RULE = Rule(
    code=Code.ALIAS_LOOP,
    severity=Severity.ERROR,
    meaning="The CNAME chain is a loop, or longer than 16.",
    reference="RFC 1034 section 3.6.2",
    explanation=(
        "Following the aliases from the owner name leads back to a name already in the chain, or "
        "the chain does not end within 16 aliases."
    ),
    refusal="Resolvers give up after some steps (at most 16) and report SERVFAIL.",
    confirm=(
        "dig +norec @ADDRESS OWNER CNAME",
        "dig OWNER TXT",
    ),
    remedies=(
        Remedy(
            "two names point at each other",
            "Replace one of the CNAMEs with the TXT record.",
        ),
        Remedy(
            "a DNAME covers its own target",
            "Move the target to a name that the DNAME does not cover.",
        ),
    ),
)


def check(survey: Survey, context: Context) -> Iterator[Finding]:
    """Report that the chain of aliases comes back or does not end."""
    if not isinstance(survey.obstacle, AliasLoop) or context.caught_by_wildcard:
        return
    if context.conflicts:
        return
    chain = survey.obstacle.chain
    back = len(set(chain)) < len(chain) or survey.challenge.owner in chain
    owner = phrases.owner(survey.challenge.owner)
    by_dname = any(
        isinstance(o.reading, Alias) and o.reading.dname is not None for o in survey.observations
    )
    yield RULE.finding(
        summary=f"{owner} points into a CNAME loop (limit {_LIMIT} aliases)"
        if back
        else f"the CNAME chain from {owner} is too long ({len(chain)}; limit {_LIMIT})",
        cause=f"The chain: {' -> '.join([owner, *map(phrases.owner, chain[:_SHOWN])])}"
        + (f" and {len(chain) - _SHOWN} more" if len(chain) > _SHOWN else ""),
        remedy="Point one of the aliases at a name that holds the TXT record"
        + (
            ", or change the DNAME so that it does not map this name."
            if by_dname
            else ", or replace one of the CNAMEs with the TXT record."
        ),
        evidence={"alias_chain": [name.to_text() for name in chain]},
    )
