"""Some servers have the record, or the alias, and others serve an older zone without it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import evidence, observations, phrases, value_words
from certbot_dns_preflight.checks.rule import Remedy, Rule
from certbot_dns_preflight.codes import Code
from certbot_dns_preflight.facts.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from certbot_dns_preflight.checks.comparer import Comparer
    from certbot_dns_preflight.checks.context import Context
    from certbot_dns_preflight.checks.partition import Partition
    from certbot_dns_preflight.facts.finding import Finding
    from certbot_dns_preflight.facts.survey import Survey


RULE = Rule(
    code=Code.SECONDARY_BEHIND,
    severity=Severity.ERROR,
    meaning="Some name servers have the record; others still serve an older copy of the zone.",
    reference="RFC 1996",
    explanation=(
        "The name servers without the record have a lower SOA serial than those with it (compared "
        "as in RFC 1982), or their serial could not be read. They have not transferred the change "
        "yet."
    ),
    refusal=(
        "The CA's resolver picks a name server itself, and may pick another one from each network "
        "perspective. A server that is behind still answers authoritatively, so the resolver does "
        "not try another."
    ),
    confirm=(
        "dig +norec @ADDRESS ZONE SOA",
        "dig +norec @OTHER-ADDRESS ZONE SOA",
        "dig +norec @ADDRESS OWNER TXT",
        "dig +nssearch ZONE",
    ),
    remedies=(
        Remedy(
            "NOTIFY does not arrive",
            "On the primary, list the secondary for NOTIFY (`also-notify`, `notify`); on the "
            "secondary, allow it from the primary's address (`allow-notify`, `acl`).",
        ),
        Remedy(
            "the transfer is refused or fails",
            "Try `dig @PRIMARY ZONE AXFR` from the secondary, with its TSIG key. Make sure TCP "
            "port 53 is open between the two and their clocks agree.",
        ),
        Remedy(
            "the secondary only polls",
            "Lower the SOA refresh interval, or set `--timeout` longer than it.",
        ),
        Remedy(
            "the provider is slow to publish",
            "Raise `--timeout`. Waiting costs nothing: the check ends once all servers agree.",
        ),
    ),
)


def check(_survey: Survey, context: Context) -> Iterator[Finding]:
    """Report, for each zone passed, the servers that have not transferred the change."""
    for part in context.partitions:
        leaving = tuple(o for o in part.behind if o.nameserver in part.leftover)
        staying = tuple(o for o in part.behind if o.nameserver not in part.leftover)
        if leaving:
            yield _finding(replace(part, behind=leaving), context.comparer)
        if staying:
            yield _finding(replace(part, behind=staying), context.comparer)


def _finding(part: Partition, comparer: Comparer) -> Finding:
    everybody = (*part.right, *part.behind)
    late = phrases.subjects(part.behind, everybody)
    leaving = tuple(map(phrases.host, observations.nameservers(part.behind)))
    if part.behind[0].nameserver in part.leftover:
        name, one = phrases.listed(leaving), len(leaving) == 1
        summary = (
            f"{name} still {phrases.verb(len(leaving), 'gets', 'get')} queries for "
            f"{phrases.owner(part.behind[0].zone)}, but no longer "
            f"{phrases.verb(len(leaving), 'belongs', 'belong')} to it"
        )
        cause = (
            f"{phrases.delegating(part.parent).capitalize()} still delegates to {name}; the NS "
            f"records in the newest copy of the zone do not list {'it' if one else 'them'}. "
            f"{_cause(part, late)}"
        )
        zone = part.behind[0].zone
        remedy = f"Remove {name} from {phrases.in_delegation(part.parent, zone)}."
    else:
        name = phrases.listed(late)
        summary = _summary(part, late)
        cause = _cause(part, late)
        it = phrases.verb(len(late), "it", "them")
        remedy = (
            f"Check that NOTIFY from the primary reaches {name}, and that the primary allows {it} "
            f"to transfer the zone. If {phrases.verb(len(late), 'it only polls', 'they only poll')}"
            f", set {phrases.option('timeout')} to more than the zone's refresh interval, or "
            "shorten that interval."
        )
    return RULE.finding(
        summary=summary,
        cause=cause,
        remedy=remedy,
        about=part.behind,
        evidence={
            "behind": evidence.places(part.behind, expected=part.expected, comparer=comparer),
            "up_to_date": evidence.places(part.right),
        },
    )


def _summary(part: Partition, late: tuple[str, ...]) -> str:
    name = phrases.listed(late)
    lacks = value_words.lacks(part.behind, len(late), part.expected, part.thing)
    others = value_words.the_others(part.behind, part.right, among=part.servers)
    return f"{name} {lacks}; {others}"


def _cause(part: Partition, late: tuple[str, ...]) -> str:
    name, has = phrases.listed(late), phrases.verb(len(late), "has", "have")
    answers = value_words.answers(part.behind, len(late), part.expected)
    theirs, ours = phrases.serials(part.behind), phrases.serials(part.right)
    rest = len(observations.nameservers(part.right))
    others = phrases.verb(rest, "the other serves", "the others serve")
    if theirs and ours:
        return (
            f"{name} {phrases.verb(len(late), 'serves', 'serve')} zone {theirs} and {answers}; "
            f"{others} {ours.split(' ', 1)[1]}. {name} {has} not transferred the change"
        )
    return (
        f"{name} {answers}, and "
        f"{phrases.verb(rest, 'the other has', 'the others have')} {part.thing}. "
        "The serials that would show whether "
        f"{phrases.verb(len(late), 'it is', 'they are')} behind could not be read"
    )
