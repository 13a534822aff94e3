"""What could not be learned on the way: from a registry, from the zone above, of NS sets.

Reported with the codes of the servers' trouble, but in other words: a registry's zone is not the
user's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import observations, phrases
from certbot_dns_preflight.escaping import show_name
from certbot_dns_preflight.facts.answers import NotAsked
from certbot_dns_preflight.facts.finding import Severity
from certbot_dns_preflight.facts.obstacle import ParentFails, RegistryFails
from certbot_dns_preflight.facts.registry import is_registry
from certbot_dns_preflight.settings import UnreachablePolicy

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from certbot_dns_preflight.checks.rule import Rule
    from certbot_dns_preflight.checks.trouble import Trouble
    from certbot_dns_preflight.facts.finding import Finding
    from certbot_dns_preflight.facts.survey import Hop, Survey
    from certbot_dns_preflight.facts.zone import Unheard, Zone


def registry_fails(survey: Survey, rule: Rule, *, heard: bool) -> Iterator[Finding]:
    """Report that a registry's servers, `heard` or silent, give no usable answer."""
    match survey.obstacle:
        case RegistryFails(zone=apex, answers=answers, heard=is_heard) if is_heard is heard:
            pass
        case _:
            return
    zone = "the root" if len(apex) == 1 else f"the registry zone {phrases.host(apex)}"
    came = phrases.listed(f"{phrases.bounded(what)} ({e.address})" for e, what in answers)
    yield rule.finding(
        summary=f"none of the servers of {zone} gives a usable answer",
        cause=f"{_came(came, heard=heard)}. Until this changes, no resolver finds "
        "anything below that zone",
        remedy="The registry's servers fail, or cannot be reached from this host; there is nothing "
        "to fix on your side. Try again later",
        evidence={
            "zone": apex.to_text(),
            "answers": [
                {"address": e.address, "port": e.port, "answer": what} for e, what in answers
            ],
        },
    )


def parent_fails(
    survey: Survey, rule: Rule, troubles: Sequence[Trouble], *, heard: bool
) -> Iterator[Finding]:
    """Report that the servers above, `heard` or silent, do not refer the record's query.

    If these hold the zone itself, their trouble may be reported already.
    """
    match survey.obstacle:
        case ParentFails(zone=apex, owner=name, answers=answers, heard=is_heard) if (
            is_heard is heard
        ):
            pass
        case _:
            return
    reported = {o.endpoint for t in troubles if t.severity is Severity.ERROR for o in t.at}
    if answers and reported.issuperset(endpoint for endpoint, _ in answers):
        return
    zone, owner = phrases.host(apex), phrases.owner(name)
    came = phrases.listed(f"{phrases.bounded(what)} ({e.address})" for e, what in answers)
    yield rule.finding(
        summary=f"none of the servers of the parent zone {zone} answers the query for {owner} TXT",
        cause=f"{_came(came, heard=heard)}. A resolver sends this query to them first, and only "
        f"their referral leads it to the name servers of {owner}",
        remedy=phrases.REGISTRY_REMEDY
        if is_registry(apex)
        else f"Make sure that these servers answer TXT queries for {owner} with the delegation (NS "
        "records), as they do other queries",
        evidence={
            "zone": apex.to_text(),
            "owner": show_name(name),
            "answers": [
                {"address": e.address, "port": e.port, "answer": what} for e, what in answers
            ],
        },
    )


def _came(what: str, *, heard: bool) -> str:
    """Say what came back; or, where nothing is `heard`, how that is known."""
    if heard:
        return f"The servers returned {what}"
    return f"The servers did not answer{': ' if what else ''}{what}"


def unheard_sets(survey: Survey, rule: Rule, unreachable: UnreachablePolicy) -> Iterator[Finding]:
    """Report the NS sets that were not heard from a server that answers other questions."""
    done = set()
    for hop in survey.hops:
        for unheard in hop.zone.unheard:
            about = (hop.zone.apex, unheard.zone, unheard.nameserver)
            if about not in done and not _is_reported(unheard, hop):
                done.add(about)
                yield _unheard(unheard, hop.zone, rule, unreachable)


def _is_reported(unheard: Unheard, hop: Hop) -> bool:
    """Whether it is a server of the zone itself that gives no answer to anything."""
    own = [o for o in hop.observations if o.nameserver == unheard.nameserver]
    return (
        unheard.zone == hop.zone.apex
        and not any(map(observations.is_usable, own))
        and any(not isinstance(observation.reading, NotAsked) for observation in own)
    )


def _unheard(unheard: Unheard, zone: Zone, rule: Rule, unreachable: UnreachablePolicy) -> Finding:
    server, apex = phrases.host(unheard.nameserver), phrases.host(zone.apex)
    own = unheard.zone == zone.apex
    of = "" if own else f", a name server of the parent zone {phrases.host(unheard.zone)},"
    return rule.finding(
        severity=Severity.WARNING if unreachable is UnreachablePolicy.WARN else Severity.ERROR,
        summary=f"{server}{of} does not answer queries for the NS records of {apex}",
        cause=f"Queried twice for {apex} NS: {phrases.listed(e.address for e in unheard.addresses)}"
        f" ({phrases.bounded(unheard.reason)}). The list of name servers may be incomplete: one "
        f"that only {server} lists was not checked",
        remedy=f"Make sure that {server} answers {apex} NS over UDP and TCP, or remove it from the "
        f"NS records of {phrases.host(unheard.zone)}",
        nameserver=unheard.nameserver,
        evidence={
            "kind": "ns-set",
            "zone": zone.apex.to_text(),
            "asked": unheard.zone.to_text(),
            "nameserver": unheard.nameserver.to_text(),
            "addresses": [e.address for e in unheard.addresses],
            "answer": unheard.reason,
        },
    )
