"""The servers of the zone above differ about the delegation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import phrases
from certbot_dns_preflight.checks.rule import Remedy, Rule
from certbot_dns_preflight.codes import Code
from certbot_dns_preflight.facts.finding import Severity
from certbot_dns_preflight.facts.registry import is_registry

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from certbot_dns_preflight.checks.context import Context
    from certbot_dns_preflight.facts.finding import Finding, Json
    from certbot_dns_preflight.facts.survey import Survey
    from certbot_dns_preflight.facts.zone import ParentAnswer, Zone


RULE = Rule(
    code=Code.PARENT_DISAGREES,
    severity=Severity.WARNING,
    meaning="The servers of the parent zone disagree about the delegation.",
    reference="RFC 1034 section 4.2.2",
    explanation=(
        "Every server of the parent zone was asked for the delegation. Some list different name "
        "servers, or have no delegation at all. Of a registry's servers, only two are asked."
    ),
    refusal=(
        "Its resolver asks any of the parent's servers. If that one denies the delegation, the "
        "name does not exist for the CA, and each network perspective may ask another one."
    ),
    confirm=("dig +norec @PARENT-ADDRESS ZONE NS",),
    remedies=(
        Remedy(
            "a server of the parent zone is behind",
            "Check that NOTIFY from its primary reaches it, and that the primary allows it to "
            "transfer the zone.",
        ),
        Remedy(
            "a server of the parent zone has a copy of its own",
            "Make its NS records for ZONE the same as on the others.",
        ),
        Remedy(
            "the parent is a registry, which is publishing a change",
            "Wait: there is nothing to fix on your side.",
        ),
    ),
    note="An error where a server denies the delegation.",
)


def check(survey: Survey, _context: Context) -> Iterator[Finding]:
    """Report, for each zone passed, that the servers above it differ."""
    zones = [*survey.above, *(hop.zone for hop in survey.hops)]
    denied = {zone.apex: zone for zone in zones if zone.denying_parents}
    differing = {
        zone.apex: zone for zone in zones if zone.apex not in denied and len(_sets(zone)) > 1
    }
    yield from map(_denied, denied.values())
    yield from map(_differing, differing.values())


def _sets(zone: Zone) -> set[frozenset[object]]:
    return {
        frozenset[object](one.nameservers)
        for one in zone.parent_answers
        if one.referral and one.nameservers is not None
    }


def _denied(zone: Zone) -> Finding:
    denying = zone.denying_parents
    who, number = _named(denying)
    others, number_of_others = _named(
        one for one in zone.parent_answers if one.nameservers is not None
    )
    apex, above = phrases.host(zone.apex), _above(zone)
    came = phrases.listed(one.denial or "" for one in denying)
    return RULE.finding(
        severity=Severity.ERROR,
        summary=f"{who}, {phrases.verb(number, 'a name server', 'name servers')} of {above}, "
        f"{phrases.verb(number, 'has', 'have')} no delegation for {apex}",
        cause=f"Queried for {apex} NS, {who} {phrases.verb(number, 'answers', 'answer')} {came}; "
        f"{others} {phrases.verb(number_of_others, 'has', 'have')} the delegation. Resolvers may "
        "ask any of them",
        remedy=_remedy(zone, who, f"add the NS records for {apex} there"),
        nameserver=denying[0].nameserver if number == 1 else None,
        evidence=_facts(zone),
    )


def _differing(zone: Zone) -> Finding:
    apex = phrases.host(zone.apex)
    lists = phrases.listed(
        f"{phrases.host(one.nameserver)} lists "
        f"{phrases.listed(map(phrases.host, sorted(one.nameservers)))}"
        for one in zone.parent_answers
        if one.referral and one.nameservers is not None
    )
    return RULE.finding(
        summary=f"the name servers of {_above(zone)} list different name servers for {apex}",
        cause=f"{lists}. All name servers listed were checked",
        remedy=_remedy(zone, "each of them", f"make the NS records for {apex} the same there"),
        evidence=_facts(zone),
    )


def _remedy(zone: Zone, where: str, change: str) -> str:
    if zone.parent is not None and is_registry(zone.parent):
        return (
            "The registry's servers differ; there is nothing to fix on your side. Try again later, "
            "and ask your registrar if nothing changes"
        )
    return (
        f"Check on {where} that the zone {_above(zone)} is up to date (NOTIFY and zone transfers "
        f"from its primary). If the zone is edited by hand, {change}"
    )


def _above(zone: Zone) -> str:
    if zone.parent is None or len(zone.parent) == 1:
        return "the root"
    return phrases.host(zone.parent)


def _named(some: Iterable[ParentAnswer]) -> tuple[str, int]:
    names = dict.fromkeys(one.nameserver for one in some)
    return phrases.listed(map(phrases.host, names)), len(names)


def _facts(zone: Zone) -> dict[str, Json]:
    return {
        "zone": zone.apex.to_text(),
        "parent": None if zone.parent is None else zone.parent.to_text(),
        "answers": [
            {
                "nameserver": one.nameserver.to_text(),
                "address": one.endpoint.address,
                "port": one.endpoint.port,
                "answer": one.denial or ("referral" if one.referral else "NS"),
                "nameservers": [name.to_text() for name in sorted(one.nameservers or ())],
            }
            for one in zone.parent_answers
        ],
    }
