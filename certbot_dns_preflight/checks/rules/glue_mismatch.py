"""Glue is not what the name server's own zone says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import phrases
from certbot_dns_preflight.checks.rule import Remedy, Rule
from certbot_dns_preflight.codes import Code
from certbot_dns_preflight.facts.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from certbot_dns_preflight.checks.context import Context
    from certbot_dns_preflight.facts.finding import Finding
    from certbot_dns_preflight.facts.survey import Survey


RULE = Rule(
    code=Code.GLUE_MISMATCH,
    severity=Severity.WARNING,
    meaning="The glue that the parent gives differs from the name server's own addresses.",
    reference="RFC 1034 section 4.2.2",
    explanation=(
        "The addresses that the registry has for a name server differ from those in the name "
        "server's own zone."
    ),
    refusal=(
        "It usually does not. But a resolver that starts from the glue may reach a machine that "
        "no longer serves the zone."
    ),
    confirm=(
        "dig +norec @PARENT-ADDRESS ZONE NS",
        "dig NAMESERVER A",
        "dig NAMESERVER AAAA",
    ),
    remedies=(
        Remedy(
            "the server moved",
            "Change the host record at the registrar, not only the zone.",
        ),
    ),
)


def check(survey: Survey, _context: Context) -> Iterator[Finding]:
    """Report glue that is not what the name server's own zone says."""
    zones = {hop.zone.apex: hop.zone for hop in survey.hops}
    done = set()
    for zone in zones.values():
        for server in zone.nameservers:
            glue = {endpoint.address for endpoint in server.glue}
            own = {endpoint.address for endpoint in server.own}
            if server.name in done or not _differ(glue, own):
                continue
            done.add(server.name)
            yield RULE.finding(
                summary=f"the glue of {phrases.host(server.name)} differs from its address records",
                cause=f"The parent zone has {phrases.listed(sorted(glue))}; "
                f"the name server's own zone has {phrases.listed(sorted(own))}.",
                remedy="Correct the host (glue) record at your registrar, or the address records.",
                nameserver=server.name,
                evidence={"glue": [*sorted(glue)], "own": [*sorted(own)]},
            )


def _differ(glue: set[str], own: set[str]) -> bool:
    """Glue may leave out a whole address family; it may not name an address that is not there."""
    if not glue or not own:
        return False
    families = {":" in address for address in glue}
    return bool(glue - own) or any((":" in address) in families for address in own - glue)
