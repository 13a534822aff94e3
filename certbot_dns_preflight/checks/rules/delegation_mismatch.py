"""The parent's NS set and the zone's own differ."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import phrases
from certbot_dns_preflight.checks.rule import Remedy, Rule
from certbot_dns_preflight.codes import Code
from certbot_dns_preflight.facts.finding import Severity
from certbot_dns_preflight.facts.survey import Listing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import dns.name

    from certbot_dns_preflight.checks.context import Context
    from certbot_dns_preflight.facts.finding import Finding, Json
    from certbot_dns_preflight.facts.survey import Survey


RULE = Rule(
    code=Code.DELEGATION_MISMATCH,
    severity=Severity.WARNING,
    meaning="The parent's NS set and the zone's own differ.",
    reference="RFC 1034 section 4.2.2",
    explanation=(
        "Some name servers are listed only in the delegation, others only at the "
        "zone's apex. This tool asks all of them."
    ),
    refusal=(
        "It does not refuse for this, but a resolver may ask any of them: each one "
        "listed must have the record."
    ),
    confirm=(
        "dig +norec @PARENT-ADDRESS ZONE NS",
        "dig +norec @ADDRESS ZONE NS",
    ),
    remedies=(
        Remedy(
            "a change of provider is under way",
            "Finish it: same set at the registrar and in the zone.",
        ),
        Remedy(
            "the zone was copied with its old NS records",
            "Correct the NS records in the zone.",
        ),
    ),
)


def check(survey: Survey, _context: Context) -> Iterator[Finding]:
    """Tell, of each zone passed, that the parent's NS set and the zone's own differ."""
    zones = {hop.zone.apex: hop.zone for hop in survey.hops}
    for zone in zones.values():
        given = {s.name for s in zone.nameservers if Listing.DELEGATION in s.listed_by}
        own = {s.name for s in zone.nameservers if Listing.APEX in s.listed_by}
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
            summary=f"the NS sets for {phrases.owner(zone.apex)} differ: {'; '.join(parts)}",
            cause="Resolvers ask both: those of the parent first, those of the zone once they "
            "have seen it.",
            remedy="Make both sets alike: at the registrar, and in the zone's own NS records.",
            evidence={
                "zone": zone.apex.to_text(),
                "delegation": _texts(given),
                "apex": _texts(own),
            },
        )


def _texts(names: Iterable[dns.name.Name]) -> list[Json]:
    return [name.to_text() for name in sorted(names)]
