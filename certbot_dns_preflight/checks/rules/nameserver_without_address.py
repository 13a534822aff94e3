"""A name of the NS set resolves to no address."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import missing_dots, phrases
from certbot_dns_preflight.checks.rule import Remedy, Rule
from certbot_dns_preflight.checks.trouble import unheard
from certbot_dns_preflight.checks.trouble_words import EXCUSABLE, removal
from certbot_dns_preflight.codes import Code
from certbot_dns_preflight.facts.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import dns.name

    from certbot_dns_preflight.checks.context import Context
    from certbot_dns_preflight.facts.finding import Finding
    from certbot_dns_preflight.facts.survey import Survey
    from certbot_dns_preflight.facts.zone import NameServer, Zone


_MOST_SHOWN = 4

RULE = Rule(
    code=Code.NAMESERVER_WITHOUT_ADDRESS,
    severity=Severity.ERROR,
    meaning="A name in the NS records has no address.",
    reference="RFC 2181 section 10.3",
    explanation=(
        "The NS record points at a host name with neither A nor AAAA records, or at an alias, or "
        "into a zone that cannot be reached."
    ),
    refusal=(
        "Resolvers lose time on it and have fewer name servers to fall back on. If it is the only "
        "one, the zone cannot be resolved."
    ),
    confirm=(
        "dig +norec @ADDRESS ZONE NS",
        "dig NAMESERVER A",
        "dig NAMESERVER AAAA",
    ),
    remedies=(
        Remedy(
            "the host was renamed or removed",
            "Replace it in the zone's NS records and in the delegation at the registrar.",
        ),
        Remedy(
            "glue is missing",
            "If the name server lies in the zone it serves, register its addresses (host records) "
            "at the registrar.",
        ),
        Remedy(
            "the NS name is a CNAME",
            "Point the NS record at a name that has addresses itself.",
        ),
    ),
    note=EXCUSABLE,
)


def check(survey: Survey, context: Context) -> Iterator[Finding]:
    """Report NS names that resolve to no address, one finding a zone."""
    lost: dict[tuple[dns.name.Name, Severity], list[NameServer]] = {}
    for server, hop, severity in unheard(survey, context.unreachable):
        if not server.endpoints:
            lost.setdefault((hop.zone.apex, severity), []).append(server)
    zones = {hop.zone.apex: hop.zone for hop in survey.hops}
    for (apex, severity), servers in lost.items():
        yield _finding(servers, zones[apex], severity, survey)


def _finding(
    servers: Sequence[NameServer], zone: Zone, severity: Severity, survey: Survey
) -> Finding:
    names = phrases.listed(phrases.host(server.name) for server in servers)
    apex = phrases.owner(zone.apex)
    said = len(zone.nameservers) == 1  # why, in the summary
    some = len(servers)
    if some == len(zone.nameservers):
        summary = f"no name server of {apex} has an address: {names}"
        if some == 1:
            why = phrases.bounded(servers[0].failure or "it has neither A nor AAAA records")
            summary = f"the only name server of {apex}, {names}, has no address ({why})"
        remedy = (
            f"At the registrar for {apex}, set name servers that have A or AAAA records. "
            f"Alternatively, add such records for {names} (not a CNAME)"
        )
    else:
        role = phrases.verb(some, "a name server", "name servers")
        summary = f"{names}, {role} of {apex}, {phrases.verb(some, 'has', 'have')} no address"
        remedy = (
            f"Add an address record for {names} (not a CNAME), or "
            f"{removal([server.name for server in servers], zone)}"
        )
    dots = {
        server.name: dot
        for server in servers
        if (dot := missing_dots.at(survey, server.name, "NS")) is not None
    }
    if dots:
        remedy = ". ".join(map(missing_dots.remedy, dots.values()))
    shown = servers[:_MOST_SHOWN]
    why = "; ".join(
        f"{phrases.host(server.name)}: {phrases.bounded(server.failure or 'it has neither')}"
        for server in shown
    )
    if len(servers) > len(shown):
        why += f"; and {len(servers) - len(shown)} more"
    why = ". ".join((why, *map(missing_dots.cause, dots.values())))
    if not dots and all(server.circular for server in servers):
        where = phrases.verb(some, "its domain", "their domains")
        remedy = (
            f"Add glue (address records) for {names} at the registrar for {where}, or use a name "
            "server under another domain"
        )
    return RULE.finding(
        severity=severity,
        summary=summary,
        cause="Without an A or AAAA record for its name server, no resolver can query the zone"
        if said
        else f"A name server needs an A or AAAA record. {why}",
        remedy=remedy,
        nameserver=servers[0].name if some == 1 else None,
        evidence={
            "zone": zone.apex.to_text(),
            "nameservers": [
                {
                    "nameserver": server.name.to_text(),
                    "failure": server.failure,
                    "unanswered": server.unanswered,
                    **missing_dots.facts(dots.get(server.name)),
                }
                for server in servers
            ],
            # An outage of the names' own zone may pass; an authoritative denial does not.
            "unanswered": all(server.unanswered for server in servers),
        },
    )
