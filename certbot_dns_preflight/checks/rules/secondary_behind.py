"""Some servers have the record, or the alias, and others serve an older zone without it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import evidence, observations, phrases, value_words
from certbot_dns_preflight.checks.rule import Remedy, Rule
from certbot_dns_preflight.codes import Code
from certbot_dns_preflight.facts.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from certbot_dns_preflight.checks.context import Context
    from certbot_dns_preflight.checks.partition import Partition
    from certbot_dns_preflight.facts.finding import Finding
    from certbot_dns_preflight.facts.survey import Survey


RULE = Rule(
    code=Code.SECONDARY_BEHIND,
    severity=Severity.ERROR,
    meaning="Some name servers have the record; others still serve an older zone.",
    reference="RFC 1996",
    explanation=(
        "The name servers that lack the record have a lower SOA serial than those that show "
        "it (compared as RFC 1982 says), or none that could be read: they have not yet taken over "
        "the change."
    ),
    refusal=(
        "The CA's resolver picks a name server by itself, and picks differently from each network "
        "perspective. One that lags answers with authority, so the resolver does not "
        "try another."
    ),
    confirm=(
        "dig +norec +nsid @ADDRESS ZONE SOA",
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
            "Try `dig @PRIMARY ZONE AXFR` from the secondary, with its TSIG key; see that TCP "
            "port 53 is open between the two and that their clocks agree.",
        ),
        Remedy(
            "the secondary only polls",
            "Wait for the SOA refresh time or lower it, or raise the "
            "timeout (--dns-preflight-timeout) above it.",
        ),
        Remedy(
            "the provider is slow to publish",
            "Raise the timeout: nothing is lost by waiting, the check ends once all agree.",
        ),
    ),
)


def check(_survey: Survey, context: Context) -> Iterator[Finding]:
    """Tell, for each zone passed, of the servers that have not taken over the change."""
    for part in context.partitions:
        if part.behind:
            yield _finding(part)


def _finding(part: Partition) -> Finding:
    everybody = (*part.right, *part.behind)
    late = phrases.subjects(part.behind, everybody)
    name = phrases.listed(late)
    theirs, ours = phrases.serials(part.behind), phrases.serials(part.right)
    told = f", {theirs}, the others {ours.split(' ', 1)[1]}" if theirs and ours else ""
    does = value_words.answers(part.behind, len(late), part.expected)
    return RULE.finding(
        summary=f"{_others(part)}; {name} {does}{told}",
        cause=_cause(part, late, theirs, ours),
        remedy=f"On {name}, see that NOTIFY from the primary arrives and that the zone "
        "may be transferred. If it only polls: wait for its refresh, or raise the timeout.",
        about=part.behind,
        evidence={
            "behind": evidence.places(part.behind, expected=part.expected),
            "up_to_date": evidence.places(part.right),
        },
    )


def _others(part: Partition) -> str:
    """Say who has it: whole name servers, or some of their addresses."""
    servers = len(observations.nameservers((*part.right, *part.behind)))
    good = servers - len(observations.nameservers(part.behind))
    if good:
        shows = phrases.verb(good, "shows", "show")
        return f"{good} of {servers} name servers {shows} {part.thing}"
    return (
        f"not every address of {phrases.listed(phrases.subjects(part.right, part.right))} shows it"
    )


def _cause(part: Partition, late: tuple[str, ...], theirs: str, ours: str) -> str:
    name = phrases.listed(late)
    if theirs and ours:
        return (
            f"{name} {phrases.verb(len(late), 'serves', 'serve')} the zone "
            f"{phrases.owner(part.behind[0].zone)} with {theirs}; where the record is, it is "
            f"{ours}: the change has not been transferred."
        )
    return (
        f"{name} {phrases.verb(len(late), 'lacks', 'lack')} {part.thing} at "
        f"{phrases.owner(part.owner)} "
        "that others already have; the serials that would tell why could not be read."
    )
