"""The parent denies the domain itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import phrases
from certbot_dns_preflight.checks.rule import Remedy, Rule
from certbot_dns_preflight.codes import Code
from certbot_dns_preflight.facts.finding import Severity
from certbot_dns_preflight.facts.obstacle import NoSuchDomain
from certbot_dns_preflight.facts.registry import is_top_level

if TYPE_CHECKING:
    from collections.abc import Iterator

    from certbot_dns_preflight.checks.context import Context
    from certbot_dns_preflight.facts.finding import Finding
    from certbot_dns_preflight.facts.survey import Survey


RULE = Rule(
    code=Code.NO_SUCH_DOMAIN,
    severity=Severity.ERROR,
    meaning="The parent zone says that the domain does not exist.",
    reference="RFC 8020",
    explanation=(
        "On the way from the root, an authoritative server answered NXDOMAIN for the domain or one "
        "of its ancestors."
    ),
    refusal="No resolver can find a record below a name that does not exist.",
    confirm=(
        "dig +trace DOMAIN NS",
        "whois NAME",
    ),
    remedies=(
        Remedy(
            "the name is misspelt",
            "Correct it in the certificate request.",
        ),
        Remedy(
            "the registration has expired, or is on hold",
            "Renew it, or ask the registrar why (status clientHold, serverHold).",
        ),
        Remedy(
            "no name servers are set",
            "Set them at the registrar.",
        ),
        Remedy(
            "an internal name",
            "Specify a resolver that knows it (`--resolver`). A public CA cannot validate it.",
        ),
    ),
)


def check(survey: Survey, _context: Context) -> Iterator[Finding]:
    """Report that the parent denies the domain itself."""
    if survey.hops or not isinstance(survey.obstacle, NoSuchDomain):
        return
    name, apex = survey.obstacle.name, survey.obstacle.zone.to_text()
    servers, host = phrases.servers_of(survey.obstacle.zone), phrases.host(name)
    what = f"the top-level domain {host}" if is_top_level(name) else host
    yield RULE.finding(
        summary=f"{what} does not exist: {_who(survey.obstacle)} answer NXDOMAIN",
        cause=f"{servers} have no delegation for {host}",
        remedy="Check the spelling: no public CA can validate a name below it."
        if is_top_level(name)
        else "Check the spelling, then check at the registrar that the domain is registered, has "
        "name servers, and is not expired or on hold.",
        evidence={"name": name.to_text(), "zone": apex},
    )


def _who(obstacle: NoSuchDomain) -> str:
    """Name who denies it: the parent zone's name servers, or those of one further up."""
    if len(obstacle.zone) > 1 and obstacle.name.parent() == obstacle.zone:
        return f"the name servers of the parent zone ({phrases.host(obstacle.zone)})"
    servers = phrases.servers_of(obstacle.zone)
    return f"{servers[0].lower()}{servers[1:]}"
