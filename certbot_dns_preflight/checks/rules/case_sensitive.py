"""The answer depends on the letter case of the question, which resolvers mix."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import faults, phrases
from certbot_dns_preflight.checks.observations import is_unstable
from certbot_dns_preflight.checks.rule import Remedy, Rule
from certbot_dns_preflight.codes import Code
from certbot_dns_preflight.escaping import show_name
from certbot_dns_preflight.facts.finding import Severity
from certbot_dns_preflight.facts.query_fault import CaseFault, QueryFaultKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from certbot_dns_preflight.checks.context import Context
    from certbot_dns_preflight.facts.finding import Finding
    from certbot_dns_preflight.facts.survey import Survey


_OF_A_RESOLVER = {"DNSKEY": QueryFaultKind.KEYS, "DS": QueryFaultKind.DS}

RULE = Rule(
    code=Code.CASE_SENSITIVE,
    severity=Severity.ERROR,
    meaning="The answer depends on the letter case of the query name.",
    reference="RFC 4343 section 3",
    explanation=(
        "DNS names are compared without regard to letter case. This server finds a name, its data, "
        "or the proof that there is none only if the query spells it exactly as the zone does."
    ),
    refusal=(
        "Let's Encrypt's resolvers mix upper and lower case in every query (0x20), so they almost "
        "always get the wrong answer."
    ),
    confirm=(
        "dig +norec @ADDRESS OWNER TXT",
        "dig +norec @ADDRESS oWnEr.eXaMpLe TXT",
    ),
    remedies=(
        Remedy(
            "custom or old server software compares names byte by byte",
            "Update it, or move the zone.",
        ),
        Remedy(
            "the server's database compares names with regard to case",
            "Store and look up names in lower case.",
        ),
    ),
)


def check(survey: Survey, context: Context) -> Iterator[Finding]:
    """Report each zone once a kind, with all addresses and questions where it shows.

    An address that goes back and forth anyway does not do so because of letter case.
    """
    unstable = {o.endpoint for o in survey.observations if is_unstable(o, context.expected)}
    found = [
        fault
        for fault in survey.query_faults
        if isinstance(fault, CaseFault) and fault.place.endpoint not in unstable
    ]
    for zone, kind in dict.fromkeys((fault.zone, _kind(fault)) for fault in found):
        yield _finding([f for f in found if (f.zone, _kind(f)) == (zone, kind)], kind)


def _kind(fault: CaseFault) -> str | None:
    """Tell the questions that a resolver asks for itself, not for the CA, as `dnssec-query-fails`.

    Some resolvers ask those again in lower case, or do not mix their letters.
    """
    kind = _OF_A_RESOLVER.get(fault.rdtype.name)
    return None if kind is None else kind.value


def _finding(some: Sequence[CaseFault], kind: str | None) -> Finding:
    asked = phrases.listed(dict.fromkeys(faults.question(fault) for fault in some))
    mixed = phrases.listed(dict.fromkeys(phrases.bounded(fault.mixed) for fault in some))
    exact = phrases.listed(dict.fromkeys(phrases.bounded(fault.exact) for fault in some))
    answers = phrases.verb(len(faults.hosts(some)), "answers", "answer")
    return RULE.finding(
        summary=f"{faults.who(some)} {answers} differently if the query mixes upper and lower case",
        cause=f"{asked} in mixed case: {mixed}; in lower case: {exact}. The CA's resolvers mix the "
        "letter case of every query",
        remedy=phrases.REGISTRY_REMEDY
        if faults.is_registrys(some[0])
        else "Update the server software or its database, so that letter case does not matter.",
        nameserver=faults.only_host(some),
        address=faults.only_address(some),
        evidence={
            **({} if kind is None else {"kind": kind}),
            "zone": show_name(some[0].zone),
            "questions": [
                {
                    **faults.place(fault),
                    "owner": show_name(fault.owner),
                    "type": fault.rdtype.name,
                    "mixed": fault.mixed,
                    "exact": fault.exact,
                }
                for fault in some
            ],
        },
    )
