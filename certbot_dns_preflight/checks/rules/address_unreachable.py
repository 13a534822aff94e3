"""One address of a name server does not answer, or is not known; another one answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import evidence, observations, phrases, private_addresses
from certbot_dns_preflight.checks.rule import Remedy, Rule
from certbot_dns_preflight.checks.trouble_words import named, no_reply
from certbot_dns_preflight.codes import Code
from certbot_dns_preflight.facts.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import dns.name

    from certbot_dns_preflight.checks.context import Context
    from certbot_dns_preflight.checks.trouble import Trouble
    from certbot_dns_preflight.facts.finding import Finding
    from certbot_dns_preflight.facts.survey import Survey
    from certbot_dns_preflight.facts.zone import NameServer


RULE = Rule(
    code=Code.ADDRESS_UNREACHABLE,
    severity=Severity.WARNING,
    meaning="One address of a name server does not answer; another one does.",
    reference="RFC 1035 section 7.2",
    explanation="The name server is reachable, but not at this address; often IPv6.",
    refusal="It usually does not: resolvers lose time and try the next address.",
    confirm=("dig +norec @ADDRESS ZONE SOA",),
    remedies=(
        Remedy(
            "the daemon does not listen there",
            "BIND: `listen-on-v6`; NSD: `ip-address`; Knot: `listen`; PowerDNS: `local-address`.",
        ),
        Remedy(
            "a firewall rule exists for IPv4 only",
            "Add the IPv6 one.",
        ),
        Remedy(
            "the address is old",
            "Remove it from the address records and from glue.",
        ),
    ),
)


def check(survey: Survey, context: Context) -> Iterator[Finding]:
    """Report silent addresses of servers that answer, and addresses that could not be looked up."""
    for trouble in context.troubles_with(RULE.code):
        yield _silent(trouble, survey)
    for server, apex in _half_known(survey):
        yield _not_looked_up(server, apex)


def _silent(trouble: Trouble, survey: Survey) -> Finding:
    it = named(trouble.at, survey, by_address=True)
    if it.servers == 1:
        others = {
            o.endpoint
            for o in survey.observations
            if o.nameserver == trouble.at[0].nameserver and observations.is_usable(o)
        }
        rest = phrases.verb(len(others), "its other address", "its other addresses")
        summary = f"{it.hosts} does not answer at {it.addresses}, but does at {rest}"
    else:
        summary = f"{it.who} do not answer; other addresses of the same name servers do"
    addresses = [observation.endpoint.address for observation in trouble.at]
    return RULE.finding(
        severity=trouble.severity,
        summary=summary,
        cause=f"{no_reply(trouble.at)}{private_addresses.sentence(addresses)}",
        remedy="Make sure the server listens on that address and port 53 is open (UDP and TCP), or "
        "remove the address record and its glue.",
        about=trouble.at,
        evidence={
            "addresses": evidence.places(trouble.at),
            **evidence.unroutable(addresses),
        },
    )


def _not_looked_up(server: NameServer, apex: dns.name.Name) -> Finding:
    name = phrases.host(server.name)
    why = phrases.bounded(server.failure or "its own zone does not answer")
    return RULE.finding(
        summary=f"{name} may have more addresses, but they could not be looked up",
        cause=f"{name}: {why}. Known addresses: "
        f"{phrases.listed(endpoint.address for endpoint in server.endpoints)}.",
        remedy=f"Make sure the name servers of {name}'s own zone answer both A and AAAA queries "
        "(with an empty answer if there is no such record).",
        nameserver=server.name,
        evidence={
            "nameserver": server.name.to_text(),
            "zone": apex.to_text(),
            "failure": server.failure,
            "known": [endpoint.address for endpoint in server.endpoints],
        },
    )


def _half_known(survey: Survey) -> Iterable[tuple[NameServer, dns.name.Name]]:
    """Find servers that answer over one family, and may have addresses of the other."""
    answering = {o.nameserver for o in survey.observations if observations.is_usable(o)}
    servers = {
        server.name: (server, hop.zone.apex)
        for hop in survey.hops
        for server in hop.zone.nameservers
        if server.unanswered
        and server.name in answering
        and len({endpoint.ipv6 for endpoint in server.endpoints}) == 1
    }
    return servers.values()
