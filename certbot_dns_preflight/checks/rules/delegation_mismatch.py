"""The parent's NS set and the zone's own differ."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import phrases
from certbot_dns_preflight.checks.rule import Remedy, Rule
from certbot_dns_preflight.codes import Code
from certbot_dns_preflight.facts.finding import Severity
from certbot_dns_preflight.facts.registry import is_registry
from certbot_dns_preflight.facts.zone import Listing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import dns.name

    from certbot_dns_preflight.checks.context import Context
    from certbot_dns_preflight.facts.finding import Finding, Json
    from certbot_dns_preflight.facts.survey import Survey
    from certbot_dns_preflight.facts.zone import Zone


RULE = Rule(
    code=Code.DELEGATION_MISMATCH,
    severity=Severity.WARNING,
    meaning="The NS records at the parent and in the zone itself differ.",
    reference="RFC 1034 section 4.2.2",
    explanation=(
        "Some name servers are listed only in the delegation (at the registrar), or only in the "
        "zone itself. dns-preflight queries all of them."
    ),
    refusal=(
        "It does not refuse because of this. But a resolver may query any of them, so each one "
        "must have the record."
    ),
    confirm=(
        "dig +norec @PARENT-ADDRESS ZONE NS",
        "dig +norec @ADDRESS ZONE NS",
    ),
    remedies=(
        Remedy(
            "a change of provider is in progress",
            "Finish it: set the same name servers at the registrar and in the zone.",
        ),
        Remedy(
            "the zone was copied with its old NS records",
            "Correct the NS records in the zone.",
        ),
    ),
)


def check(survey: Survey, context: Context) -> Iterator[Finding]:
    """Report, for each zone passed, that the parent's NS set and the zone's own differ."""
    zones = {hop.zone.apex: hop.zone for hop in survey.hops}
    for zone in zones.values():
        given = {s.name for s in zone.nameservers if Listing.DELEGATION in s.listed_by}
        own = {s.name for s in zone.nameservers if Listing.APEX in s.listed_by} - context.leftover
        if given == own or not given or not own:
            continue
        parts = [
            f"{phrases.listed(map(phrases.host, sorted(some)))} only {where}"
            for some, where in (
                (given - own, "in the delegation"),
                (own - given, "in the zone itself"),
            )
            if some
        ]
        yield RULE.finding(
            summary=f"the NS records of {phrases.owner(zone.apex)} differ: {'; '.join(parts)}",
            cause="Resolvers use both: first those of the parent zone, then those of the zone "
            "itself.",
            remedy=_remedy(zone, given, own),
            evidence={
                "zone": zone.apex.to_text(),
                "delegation": _texts(given),
                "apex": _texts(own),
            },
        )


def _remedy(zone: Zone, given: set[dns.name.Name], own: set[dns.name.Name]) -> str:
    """Go by the zone's own set, its owner's word; what only the registry lists is left over."""
    parts = []
    if given - own:
        old = phrases.listed(map(phrases.host, sorted(given - own)))
        parts.append(f"remove {old}")
    if own - given:
        new = phrases.listed(map(phrases.host, sorted(own - given)))
        parts.append(f"add {new}")
    if zone.parent is None or is_registry(zone.parent):
        where = "At your registrar,"
    else:
        apex = phrases.owner(zone.apex)
        where = f"In the NS records for {apex} in the zone {phrases.host(zone.parent)},"
    return (
        f"{where} {' and '.join(parts)}; or correct the NS records in the zone itself, if those "
        "are out of date."
    )


def _texts(names: Iterable[dns.name.Name]) -> list[Json]:
    return [name.to_text() for name in sorted(names)]
