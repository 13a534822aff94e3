"""A name of the NS set resolves to no address."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import missing_dots, phrases
from certbot_dns_preflight.checks.rule import Remedy, Rule
from certbot_dns_preflight.checks.trouble import unheard
from certbot_dns_preflight.checks.trouble_words import EXCUSABLE, removal
from certbot_dns_preflight.codes import Code
from certbot_dns_preflight.facts.finding import Severity
from certbot_dns_preflight.facts.registry import is_registry, registered_domain
from certbot_dns_preflight.facts.zone import NO_SUCH_NAME

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
            "the domain of the host is no longer registered",
            "Change the delegation at once: whoever registers that domain can answer for the zone.",
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
    names = phrases.listed(_host(server.name) for server in servers)
    apex = phrases.owner(zone.apex)
    add, whose = f"add an address record for {names} (not a CNAME)", _whose(servers, zone)
    rootless = all(len(server.name) > 1 for server in servers)
    some = len(servers)
    if some == len(zone.nameservers):
        summary = f"no name server of {apex} has an address: {names}"
        if some == 1:
            why = phrases.bounded(servers[0].failure or "it has neither A nor AAAA records")
            summary = f"the only name server of {apex}, {names}, has no address ({why})"
        remedy = _set_others(zone)
        if rootless:
            remedy += f". {whose or f'Alternatively, {add}'}"
    else:
        role = phrases.verb(some, "a name server", "name servers")
        summary = f"{names}, {role} of {apex}, {phrases.verb(some, 'has', 'have')} no address"
        out = removal([server.name for server in servers], zone)
        first, then = (out, f". {whose}") if whose else (add, f", or {out}")
        if not rootless:  # no address record can be made for the root
            first, then = out, ""
        remedy = f"{first[:1].upper()}{first[1:]}{then}"
    dots = {
        server.name: dot
        for server in servers
        if (dot := missing_dots.at(survey, server.name, "NS")) is not None
    }
    if dots:
        remedy = ". ".join(map(missing_dots.remedy, dots.values()))
    shown = servers[:_MOST_SHOWN]
    why = "; ".join(
        f"{_host(server.name)}: {phrases.bounded(server.failure or 'it has neither')}"
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
        cause=_cause(servers, zone, why),
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


def _cause(servers: Sequence[NameServer], zone: Zone, why: str) -> str:
    """Say what that means for the zone; for its only name server the summary says why."""
    some = len(servers)
    if some < len(zone.nameservers):
        return f"A name server needs an A or AAAA record. {why}"
    their = (
        "The zone's only name server" if some == 1 else f"None of the zone's {some} name servers"
    )
    has = "has an" if some > 1 else "has no"
    if any(server.unanswered for server in servers):
        has = "has a known" if some > 1 else "has no known"
    cause = f"{their} {has} A or AAAA record, so no resolver can query the zone"
    return cause if some == 1 else f"{cause}. {why}"


def _set_others(zone: Zone) -> str:
    """Say where the delegation of a zone is changed, and to what."""
    apex = phrases.owner(zone.apex)
    needed = "that serve the zone and whose names have A or AAAA records"
    if zone.parent is None or is_registry(zone.parent):
        return f"At the registrar, set name servers for {apex} {needed}"
    return f"In the zone {phrases.host(zone.parent)}, set name servers for {apex} {needed}"


def _host(name: dns.name.Name) -> str:
    """Name a name server; the root, which looks like a full stop, in quotes."""
    return '"."' if len(name) == 1 else phrases.host(name)


def _whose(servers: Sequence[NameServer], zone: Zone) -> str:
    """Warn of name servers that do not exist: whoever registers their domain serves the zone."""
    home = registered_domain(zone.apex)
    gone = [server.name for server in servers if server.failure == NO_SUCH_NAME]
    domains = {registered_domain(name): None for name in gone}
    domains.pop(home, None)
    if not domains:
        return ""
    names = phrases.listed(map(phrases.host, domains))
    hosts = phrases.listed(map(phrases.host, gone))
    are = phrases.verb(len(domains), "is", "are")
    it, them = (f"{names} is", "it") if len(domains) == 1 else ("they are", "them")
    return (
        f"Or, if {names} {are} still yours or your DNS provider's, add an address record for "
        f"{hosts} (not a CNAME). Do one of these soon: if {it} not registered, anyone can register "
        f"{them} and answer for {phrases.owner(zone.apex)}"
    )
