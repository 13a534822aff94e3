"""The answer depends on the letter case of the question, which resolvers mix."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import faults, phrases
from certbot_dns_preflight.checks.rule import Remedy, Rule
from certbot_dns_preflight.codes import Code
from certbot_dns_preflight.escaping import show_name
from certbot_dns_preflight.facts.finding import Severity
from certbot_dns_preflight.facts.query_fault import CaseFault

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from certbot_dns_preflight.checks.context import Context
    from certbot_dns_preflight.facts.finding import Finding
    from certbot_dns_preflight.facts.survey import Survey


RULE = Rule(
    code=Code.CASE_SENSITIVE,
    severity=Severity.ERROR,
    meaning="The answer depends on the letter case of the question.",
    reference="RFC 4343 section 3",
    explanation=(
        "Names in DNS compare without regard to letter case. This server finds a name, its data or "
        "the proof that there is none only where it is asked for in the letters of its zone."
    ),
    refusal=(
        "Let's Encrypt's resolvers mix the letter case of every question (0x20): they get the "
        "wrong answer almost always."
    ),
    confirm=(
        "dig +norec @ADDRESS OWNER TXT",
        "dig +norec @ADDRESS oWnEr TXT",
    ),
    remedies=(
        Remedy(
            "home-made or old server software compares names byte by byte",
            "Update it, or move the zone.",
        ),
        Remedy(
            "a database behind the server compares with regard to case",
            "Store names in small letters, and look them up so.",
        ),
    ),
)


def check(survey: Survey, _context: Context) -> Iterator[Finding]:
    """Tell of each zone once, with all addresses and questions where it shows."""
    found = [fault for fault in survey.query_faults if isinstance(fault, CaseFault)]
    for zone in dict.fromkeys(fault.zone for fault in found):
        yield _finding([fault for fault in found if fault.zone == zone])


def _finding(some: Sequence[CaseFault]) -> Finding:
    asked = phrases.listed(dict.fromkeys(faults.question(fault) for fault in some))
    mixed = phrases.listed(dict.fromkeys(phrases.bounded(fault.mixed) for fault in some))
    exact = phrases.listed(dict.fromkeys(phrases.bounded(fault.exact) for fault in some))
    answers = phrases.verb(len(faults.hosts(some)), "answers", "answer")
    return RULE.finding(
        summary=f"{faults.who(some)} {answers} otherwise where letters are mixed (aBc)",
        cause=f"To {asked} came, in mixed letters: {mixed}; in small ones: {exact}. Resolvers of "
        "CAs mix the letter case of every question",
        remedy=faults.REGISTRY_REMEDY
        if faults.is_registrys(some[0])
        else "Update the server software or what it reads names from: letter case must not matter.",
        nameserver=faults.only_host(some),
        address=faults.only_address(some),
        evidence={
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
