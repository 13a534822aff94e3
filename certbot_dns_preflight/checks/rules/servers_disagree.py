"""Answers differ, and no more exact rule says why: separate copies, or no new serial."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import evidence, observations, phrases, value_words
from certbot_dns_preflight.checks.rule import Remedy, Rule
from certbot_dns_preflight.codes import Code
from certbot_dns_preflight.facts.answers import Alias
from certbot_dns_preflight.facts.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from certbot_dns_preflight.checks.context import Context
    from certbot_dns_preflight.checks.partition import Partition
    from certbot_dns_preflight.facts.finding import Finding
    from certbot_dns_preflight.facts.survey import Observation, Survey


RULE = Rule(
    code=Code.SERVERS_DISAGREE,
    severity=Severity.ERROR,
    meaning="Name servers give different answers, and nothing more exact explains it.",
    reference="RFC 1034 section 4.3.5",
    explanation=(
        "Authoritative answers differ though the serials do not say which is older: they are "
        "equal, or the servers without the record have the newer zone. Waiting for a zone transfer "
        "does not mend that."
    ),
    refusal="Which answer the CA gets is chance; its network perspectives have to agree.",
    confirm=(
        "dig +norec @ADDRESS OWNER TXT",
        "dig +norec @ADDRESS ZONE SOA",
        "dig +norec +nsid @ADDRESS ZONE SOA",
    ),
    remedies=(
        Remedy(
            "the zone was changed without a new serial",
            "Raise the serial on the primary and reload; if a secondary still keeps its "
            "copy, transfer the zone anew (`rndc retransfer ZONE`, "
            "`knotc zone-retransfer ZONE`, `pdns_control retrieve ZONE`).",
        ),
        Remedy(
            "two primaries, or two providers, each with a copy of its own",
            "Make the record at both, or take one out of the NS set at the registrar.",
        ),
        Remedy(
            "a name server caches its own negative answers (PowerDNS)",
            "Purge it (`pdns_control purge OWNER`), or wait for negquery-cache-ttl.",
        ),
        Remedy(
            "one server does not process DNAME",
            "Turn it on (PowerDNS: dname-processing=yes).",
        ),
    ),
)


def check(_survey: Survey, context: Context) -> Iterator[Finding]:
    """Tell, for each zone passed, of servers of another mind."""
    for part in context.partitions:
        if part.disagreeing:
            yield _finding(part)


def _finding(part: Partition) -> Finding:
    some = (*part.right, *part.disagreeing)
    right = () if part.undecided else part.right
    others = part.disagreeing if right else some
    who = phrases.listed(phrases.subjects(others, some))
    if right:
        servers = len(observations.nameservers(some))
        good = servers - len(observations.nameservers(others))
        does = value_words.answers(others, len(phrases.subjects(others, some)), part.expected)
        summary = (
            f"{good} of {servers} name servers {phrases.verb(good, 'has', 'have')} it; {who} {does}"
        )
    else:
        summary = (
            f"the name servers disagree about {phrases.owner(part.owner)}: "
            f"{phrases.listed(_each_answer(some))}"
        )
    return RULE.finding(
        summary=summary,
        cause=_cause(others, right),
        remedy="Find out which of them is the primary. If it has the record, raise its serial and "
        "transfer the zone anew; if not, make the record there. Copies that are independent "
        "of it need the record each.",
        about=others,
        evidence={
            "owner_name": part.owner.to_text(),
            "addresses": evidence.places(some, expected=part.expected),
        },
    )


def _cause(others: tuple[Observation, ...], right: tuple[Observation, ...]) -> str:
    dname = any(
        isinstance(observation.reading, Alias) and observation.reading.dname
        for observation in (*others, *right)
    )
    if dname:
        return "A DNAME leads away here, and not every server processes DNAME."
    theirs = {observation.serial for observation in others} - {None}
    ours = {observation.serial for observation in right} - {None}
    everything = {observation.serial for observation in (*others, *right)}
    if right and theirs and ours and theirs == ours:
        return (
            f"All serve {phrases.serials(others)}: no transfer is due. The zone was changed "
            "without a new serial, they hold separate copies, or a cached negative answer is "
            "still given."
        )
    if right and theirs and ours:
        return (
            f"Those without it serve {phrases.serials(others)}, the others "
            f"{phrases.serials(right)}: the newer zone does not have it, so it was removed or "
            "overwritten, or there are separate copies."
        )
    if everything == {None}:
        return "The answers differ, and no serials could be read that would tell which is newer."
    return (
        f"The answers differ, at {phrases.serials((*others, *right))}, "
        "and no server shows everything that is expected."
    )


def _each_answer(some: Sequence[Observation]) -> Iterator[str]:
    answers: dict[str, list[Observation]] = {}
    for observation in some:
        answers.setdefault(phrases.answer(observation.reading), []).append(observation)
    for what, group in answers.items():
        names = phrases.subjects(group, some)
        yield f"{phrases.listed(names)} {phrases.verb(len(names), 'answers', 'answer')} {what}"
