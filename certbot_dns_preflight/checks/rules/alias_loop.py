"""The chain of aliases comes back to a name it passed, or does not end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import phrases
from certbot_dns_preflight.checks.rule import Remedy, Rule
from certbot_dns_preflight.codes import Code
from certbot_dns_preflight.facts.finding import Severity
from certbot_dns_preflight.facts.survey import AliasLoop

if TYPE_CHECKING:
    from collections.abc import Iterator

    from certbot_dns_preflight.checks.context import Context
    from certbot_dns_preflight.facts.finding import Finding
    from certbot_dns_preflight.facts.survey import Survey


_SHOWN = 6

RULE = Rule(
    code=Code.ALIAS_LOOP,
    severity=Severity.ERROR,
    meaning="The aliases form a loop, or there are more than 16 of them.",
    reference="RFC 1034 section 3.6.2",
    explanation=(
        "Following the aliases from the owner name comes back to a name already "
        "passed, or goes on and on."
    ),
    refusal="Resolvers give up after some steps and report SERVFAIL.",
    confirm=(
        "dig +norec @ADDRESS OWNER CNAME",
        "dig OWNER TXT",
    ),
    remedies=(
        Remedy(
            "two names point at each other",
            "Give one of them the TXT record and remove its CNAME.",
        ),
        Remedy(
            "a DNAME covers its own target",
            "Move the target out of the renamed tree.",
        ),
    ),
)


def check(survey: Survey, context: Context) -> Iterator[Finding]:
    """Tell that the chain of aliases comes back or does not end."""
    if not isinstance(survey.obstacle, AliasLoop) or context.caught_by_wildcard:
        return
    if context.conflicts:
        return
    chain = survey.obstacle.chain
    back = len(set(chain)) < len(chain) or survey.challenge.owner in chain
    owner = phrases.owner(survey.challenge.owner)
    yield RULE.finding(
        summary=f"{owner} leads {'into a loop of' if back else f'through {len(chain)}'} aliases",
        cause=f"The chain: {' -> '.join([owner, *map(phrases.owner, chain[:_SHOWN])])}"
        + (f" and {len(chain) - _SHOWN} more" if len(chain) > _SHOWN else ""),
        remedy="End the chain: put the TXT record in place of one of these CNAMEs, or let one "
        "of them lead to a name that holds it.",
        evidence={"alias_chain": [name.to_text() for name in chain]},
    )
