"""Findings about the way down from the root: domains that are not there, NS sets and glue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import phrases
from certbot_dns_preflight.checks.finding import finding
from certbot_dns_preflight.facts.survey import Listing, NoEgress, NoSuchDomain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import dns.name

    from certbot_dns_preflight.checks.context import Context
    from certbot_dns_preflight.facts.finding import Finding, Json
    from certbot_dns_preflight.facts.survey import NameServer, Survey, Zone


def no_egress(survey: Survey, _context: Context) -> Iterable[Finding]:
    """Tell that nothing at all answers from here."""
    if not isinstance(survey.obstacle, NoEgress):
        return
    tried = survey.obstacle.tried
    yield finding(
        "no-dns-egress",
        summary="nothing could be asked: no DNS server answers this host",
        cause=f"Tried {phrases.listed(endpoint.address for endpoint in tried) or 'none'}: "
        "port 53 is probably blocked on the way out.",
        remedy="Allow UDP and TCP port 53 out of this host to the Internet, or name a resolver "
        "that it may use (resolver).",
        evidence={"tried": [{"address": e.address, "port": e.port} for e in tried]},
    )


def no_such_domain(survey: Survey, _context: Context) -> Iterable[Finding]:
    """Tell that the parent denies the domain itself."""
    if survey.hops or not isinstance(survey.obstacle, NoSuchDomain):
        return
    name, zone = survey.obstacle.name, survey.obstacle.zone
    yield finding(
        "no-such-domain",
        summary=f"{phrases.host(name)} does not exist: {_zone(zone.to_text())} answers NXDOMAIN",
        cause=f"The name servers of {_zone(zone.to_text())} have no delegation for "
        f"{phrases.owner(name)}",
        remedy="Look for a misspelt name; else see at the registrar that the domain is registered, "
        "not expired or on hold, and has name servers.",
        evidence={"name": name.to_text(), "zone": zone.to_text()},
    )


def mismatched(survey: Survey, _context: Context) -> Iterable[Finding]:
    """Tell that the parent's NS set and the zone's own differ."""
    for zone in _zones(survey):
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
        yield finding(
            "delegation-mismatch",
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


def glue_differs(survey: Survey, _context: Context) -> Iterable[Finding]:
    """Tell that glue is not what the name server's own zone says."""
    done = set()
    for zone in _zones(survey):
        for server in zone.nameservers:
            glue, own = _addresses(server)
            if server.name in done or not _differ(glue, own):
                continue
            done.add(server.name)
            yield finding(
                "glue-mismatch",
                summary=f"the glue of {phrases.host(server.name)} differs from its own addresses",
                cause=f"The parent gives {phrases.listed(sorted(glue))}, "
                f"its own zone {phrases.listed(sorted(own))}.",
                remedy="Correct the host (glue) record at the registrar, or the address records.",
                nameserver=server.name,
                evidence={"glue": [*sorted(glue)], "own": [*sorted(own)]},
            )


def _texts(names: Iterable[dns.name.Name]) -> list[Json]:
    return [name.to_text() for name in sorted(names)]


def _addresses(server: NameServer) -> tuple[set[str], set[str]]:
    return {e.address for e in server.glue}, {e.address for e in server.own}


def _differ(glue: set[str], own: set[str]) -> bool:
    """Glue may leave out a whole address family; it may not name an address that is not there."""
    if not glue or not own:
        return False
    families = {":" in address for address in glue}
    return bool(glue - own) or any((":" in address) in families for address in own - glue)


def _zones(survey: Survey) -> Iterator[Zone]:
    zones = {hop.zone.apex: hop.zone for hop in survey.hops}
    yield from zones.values()


def _zone(text: str) -> str:
    return "the root" if text == "." else phrases.bounded(text)
