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
    from collections.abc import Iterator, Sequence

    import dns.name

    from certbot_dns_preflight.checks.context import Context
    from certbot_dns_preflight.facts.finding import Finding
    from certbot_dns_preflight.facts.survey import Survey


_SHOWN = 6
_LIMIT = 16  # aliases that the walk follows
_FEWEST = 11  # aliases that a resolver in wide use follows (BIND 9.18)

RULE = Rule(
    code=Code.ALIAS_LOOP,
    severity=Severity.ERROR,
    meaning="The CNAME chain is a loop, or longer than 16.",
    reference="RFC 1034 section 3.6.2",
    explanation=(
        "Following the aliases from the owner name leads back to a name already in the chain, or "
        "the chain does not end within 16 aliases (`kind` too-long)."
    ),
    refusal="Resolvers give up after some aliases, BIND 9.18 after 11, and report SERVFAIL.",
    confirm=(
        "dig +norec @ADDRESS OWNER CNAME",
        "dig +norec @ADDRESS TARGET CNAME",
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
        Remedy(
            "the chain is long, but ends",
            "Point the first CNAME straight at the name that holds the TXT record. This program "
            "follows at most 16 aliases; some resolvers stop after 11.",
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
    owner = phrases.owner(survey.challenge.owner)
    loop = _is_loop(survey.challenge.owner, chain)
    yield RULE.finding(
        summary=_summary(survey.challenge.owner, chain),
        cause=f"The chain: {' -> '.join([owner, *map(phrases.owner, chain[:_SHOWN])])}"
        + (f" and {len(chain) - _SHOWN} more" if len(chain) > _SHOWN else "")
        + (
            f". A loop never reaches a TXT record: every resolver gives up; this program does "
            f"so after at most {_LIMIT} aliases."
            if loop
            else f". This program follows at most {_LIMIT} aliases; some resolvers stop after "
            f"{_FEWEST}."
        ),
        remedy=_remedy(survey, chain),
        evidence={
            "kind": None if loop else "too-long",
            "alias_chain": [name.to_text() for name in chain],
            "target": survey.hops[-1].owner.to_text() if survey.hops[1:] else None,
        },
    )


def _is_loop(owner: dns.name.Name, chain: Sequence[dns.name.Name]) -> bool:
    return len(set(chain)) < len(chain) or owner in chain


def _summary(owner: dns.name.Name, chain: Sequence[dns.name.Name]) -> str:
    """Say whether the owner name is in the loop, leads into it, or has no end within the limit."""
    name = phrases.owner(owner)
    if not _is_loop(owner, chain):
        length = f"at least {len(chain)} aliases; this program follows {_LIMIT}"
        return f"the CNAME chain from {name} is too long ({length})"
    match chain:
        case (first, *_) if first == owner:
            return f"{name} is in a CNAME loop: it points to itself"
        case (first, second, *_) if second == owner:
            return (
                f"{name} is in a CNAME loop: it points to {phrases.owner(first)}, which points back"
            )
    return f"{name} {'is in' if owner in chain else 'points into'} a CNAME loop"


def _remedy(survey: Survey, chain: Sequence[dns.name.Name]) -> str:
    """Say where the chain is to be cut."""
    owner = survey.challenge.owner
    by_dname = any(
        isinstance(o.reading, Alias) and o.reading.dname is not None for o in survey.observations
    )
    if by_dname:
        return (
            "Point one of the aliases at a name that holds the TXT record, or change the DNAME so "
            "that it does not map this name."
        )
    if _is_loop(owner, chain):
        return (
            "Point one of the aliases at a name that holds the TXT record, or replace one of the "
            "CNAMEs with the TXT record."
        )
    return f"Point {phrases.owner(owner)} straight at the name that holds the TXT record."
