"""Answers differ, and no more exact rule says why: separate copies, or no new serial."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import evidence, observations, phrases, value_words
from certbot_dns_preflight.checks.resolver_answers import KEPT_MISS
from certbot_dns_preflight.checks.rule import Remedy, Rule
from certbot_dns_preflight.codes import Code
from certbot_dns_preflight.facts.answers import Absent, Alias, Values
from certbot_dns_preflight.facts.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from certbot_dns_preflight.checks.comparer import Comparer
    from certbot_dns_preflight.checks.context import Context
    from certbot_dns_preflight.checks.partition import Partition
    from certbot_dns_preflight.facts.finding import Finding
    from certbot_dns_preflight.facts.survey import Observation, Survey


RULE = Rule(
    code=Code.SERVERS_DISAGREE,
    severity=Severity.ERROR,
    meaning="Name servers give different answers, and no more specific finding explains it.",
    reference="RFC 1034 section 4.3.5",
    explanation=(
        "Authoritative answers differ, but the serials do not show which is older: they are equal, "
        "or the servers without the record have the newer copy. Waiting for a zone transfer does "
        "not fix that. With `--ask resolvers`: some of the resolvers named return the record, "
        "others do not; these may repeat an earlier answer out of their caches (evidence: "
        "`kept_seconds`)."
    ),
    refusal="Which answer the CA gets is a matter of luck, and its perspectives must agree.",
    confirm=(
        "dig +norec @ADDRESS OWNER TXT",
        "dig +norec @ADDRESS ZONE SOA",
        "dig +norec +nsid @ADDRESS ZONE SOA",
    ),
    remedies=(
        Remedy(
            "the zone was changed without a new serial",
            "Increase the serial on the primary and reload. If a secondary still keeps its copy, "
            "transfer the zone again (`rndc retransfer ZONE`, `knotc zone-retransfer ZONE`, "
            "`pdns_control retrieve ZONE`).",
        ),
        Remedy(
            "two primaries, or two providers, each with its own copy",
            "Create the record at both, or remove one of them at the registrar.",
        ),
        Remedy(
            "a name server caches its own negative answers (PowerDNS)",
            "Purge it (`pdns_control purge OWNER`), or wait for negquery-cache-ttl.",
        ),
        Remedy(
            "one server does not process DNAME",
            "Turn it on (PowerDNS: dname-processing=yes).",
        ),
        KEPT_MISS,
    ),
)


def check(_survey: Survey, context: Context) -> Iterator[Finding]:
    """Report, for each zone passed, the servers that answer otherwise."""
    for part in context.partitions:
        leaving = tuple(o for o in part.disagreeing if o.nameserver in part.leftover)
        staying = tuple(o for o in part.disagreeing if o.nameserver not in part.leftover)
        if leaving:
            yield _separate(replace(part, disagreeing=leaving), context.comparer)
        if staying:
            yield _finding(replace(part, disagreeing=staying), context)


def _separate(part: Partition, comparer: Comparer) -> Finding:
    """Word it for name servers that are delegated to, and that the other copy does not list."""
    names = observations.nameservers(part.disagreeing)
    name, number = phrases.listed(map(phrases.host, names)), len(names)
    others = observations.nameservers(part.right)
    have = phrases.verb(len(others), "has", "have")
    zone = part.disagreeing[0].zone
    serials = phrases.serials(part.disagreeing), phrases.serials(part.right)
    answers = value_words.answers(part.disagreeing, number, part.expected)
    return RULE.finding(
        summary=f"{name} {phrases.verb(number, 'gets', 'get')} queries for {phrases.owner(zone)}, "
        f"but {phrases.verb(number, 'has its', 'have their')} own copy of the zone, without "
        f"{part.thing}",
        cause=f"{phrases.delegating(part.parent).capitalize()} delegates to {name}; the NS records "
        f"on {phrases.listed(map(phrases.host, others))}, which {have} {part.thing}, do not list "
        f"{phrases.verb(number, 'it', 'them')}. {name} {answers}"
        + (f" at {serials[0]}; the others have {serials[1]}." if all(serials) else "."),
        remedy=f"If the zone was moved to another provider, remove {name} from "
        f"{phrases.in_delegation(part.parent, zone)}. If both are in use, create the record on "
        "both.",
        about=part.disagreeing,
        evidence={
            "owner_name": part.owner.to_text(),
            "addresses": evidence.places(
                (*part.disagreeing, *part.right), expected=part.expected, comparer=comparer
            ),
        },
    )


def _finding(part: Partition, context: Context) -> Finding:
    some = (
        (*part.disagreeing, *part.right) if not part.undecided else (*part.right, *part.disagreeing)
    )
    right = () if part.undecided else part.right
    others = part.disagreeing if right else some
    if part.expected and all(isinstance(o.reading, Values) for o in others):
        part = replace(part, thing="the expected value")  # as they have a record, too
    subjects = phrases.subjects(others, some)
    if right:
        summary = f"{phrases.listed(subjects)} {_what_is_wrong(part, others, len(subjects))}"
    else:
        summary = (
            f"the name servers give different answers for {phrases.owner(part.owner)}: "
            f"{phrases.listed(_each_answer(some))}"
        )
    return RULE.finding(
        summary=summary,
        cause=_cause(part, others, right),
        remedy=f"Find out which server is the primary. If it has {part.thing}, increase the zone's "
        f"serial there and transfer the zone again. If not, add {part.thing} there. If the servers "
        f"do not share a primary, add {part.thing} on each server that lacks it.",
        about=others,
        evidence={
            "owner_name": part.owner.to_text(),
            "addresses": evidence.places(some, expected=part.expected, comparer=context.comparer),
            **evidence.compared(context.comparisons if part.expected else ()),
        },
    )


def _cause(part: Partition, others: tuple[Observation, ...], right: tuple[Observation, ...]) -> str:
    dname = any(
        isinstance(observation.reading, Alias) and observation.reading.dname
        for observation in (*others, *right)
    )
    if dname:
        return "A DNAME redirects this name, and not every server processes DNAME."
    theirs = {observation.serial for observation in others} - {None}
    ours = {observation.serial for observation in right} - {None}
    everything = {observation.serial for observation in (*others, *right)}
    if everything == {None}:
        return "The answers differ, and no serial could be read to show which is newer."
    if right and theirs and ours and theirs != ours:
        number = len(observations.nameservers(others))
        return (
            f"The {phrases.verb(number, 'server', 'servers')} without {part.thing} "
            f"{phrases.verb(number, 'serves', 'serve')} {phrases.serials(others)}, the "
            f"{phrases.verb(len(observations.nameservers(right)), 'one', 'ones')} with it "
            f"{phrases.serials(right)}. Probably {part.thing} was removed in the newer copy, or "
            "the copies are separate."
        )
    if len(everything) == 1:
        everybody = (*others, *right)
        serve = phrases.all_of_them(len(observations.nameservers(everybody)))
        none = "no zone transfer is pending"
        if part.behind or part.mangled:
            names = map(phrases.host, observations.nameservers(others))
            serve = f"{phrases.listed((*names, f'the servers with {part.thing}'))} all serve"
            none = "none of them is waiting for a zone transfer"
        negative = all(isinstance(o.reading, Absent) for o in others)
        cached = "negative answer" if negative else "answer"
        one = len(observations.nameservers(others)) == 1
        still = "one of them still returns" if one else "some of them still return"
        return (
            f"{serve} {phrases.serials(everybody)}, so {none}. Usually the zone was changed "
            "without a new serial, or the servers have separate copies, "
            f"or {still} a cached {cached}."
        )
    return (
        f"The answers differ ({phrases.serials((*others, *right))}), and no server has everything "
        "that is expected."
    )


def _what_is_wrong(part: Partition, others: tuple[Observation, ...], subjects: int) -> str:
    """Say what some servers have in place of what the rest has."""
    answers = value_words.answers(others, subjects, part.expected)
    if all(isinstance(o.reading, Absent) for o in others):
        lacks = value_words.lacks(others, subjects, part.expected, part.thing, yet=False)
        rest = value_words.the_others(others, part.right, among=part.servers)
        return f"{lacks}; {rest}"
    if answers.startswith("lack"):
        have = value_words.the_others(others, part.right, ("has", "have"), among=part.servers)
        return f"{answers}; {have} all expected values"
    have = value_words.the_others(others, part.right, ("has", "have"), among=part.servers)
    return f"{answers} instead of {part.thing}; {have} it"


def _each_answer(some: Sequence[Observation]) -> Iterator[str]:
    answers: dict[str, list[Observation]] = {}
    for observation in some:
        answers.setdefault(phrases.answer(observation.reading), []).append(observation)
    for what, group in answers.items():
        names = phrases.subjects(group, some)
        yield f"{phrases.listed(names)} {phrases.verb(len(names), 'answers', 'answer')} {what}"
