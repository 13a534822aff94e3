"""No address of a name server answers, or none could be asked in time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import evidence, phrases
from certbot_dns_preflight.checks.rule import Remedy, Rule
from certbot_dns_preflight.checks.trouble import named, silences, unheard
from certbot_dns_preflight.codes import Code
from certbot_dns_preflight.facts.answers import NoResponseReason, NotAsked, Unreachable
from certbot_dns_preflight.facts.finding import Severity
from certbot_dns_preflight.facts.survey import OutOfTime

if TYPE_CHECKING:
    from collections.abc import Iterator

    from certbot_dns_preflight.checks.context import Context
    from certbot_dns_preflight.checks.trouble import Trouble
    from certbot_dns_preflight.facts.finding import Finding
    from certbot_dns_preflight.facts.survey import NameServer, Observation, Survey, Zone


RULE = Rule(
    code=Code.NAMESERVER_UNREACHABLE,
    severity=Severity.ERROR,
    meaning="No address of a name server answers.",
    reference="RFC 1035 section 7.2",
    explanation=(
        "Every address of the name server was asked, twice and over UDP, and none gave "
        "a response; or this host has no route to any of them. The walk from the root "
        "stopping half-way for want of time is told with this code too."
    ),
    refusal=(
        "A resolver has to fall back on the others. That often works, but each "
        "perspective of the CA must get through in time."
    ),
    confirm=(
        "dig +norec +tries=2 @ADDRESS ZONE SOA",
        "dig +norec +tcp @ADDRESS ZONE SOA",
        "ping ADDRESS",
    ),
    remedies=(
        Remedy(
            "the server is down",
            "Start it, and watch it.",
        ),
        Remedy(
            "a firewall drops port 53",
            "Allow UDP and TCP port 53 from everywhere.",
        ),
        Remedy(
            "it was decommissioned",
            "Remove it from the NS set, in the zone and at the registrar.",
        ),
        Remedy(
            "only this host cannot reach it",
            "Check from elsewhere; if it is known and harmless: unreachable=warn.",
        ),
    ),
    note="A warning with unreachable=warn, while another name server of the zone answers.",
)


def check(survey: Survey, context: Context) -> Iterator[Finding]:
    """Tell of name servers that are silent, and of those that nobody had the time to ask."""
    for trouble in context.troubles:
        if trouble.code is RULE.code:
            yield _silent(trouble, survey)
    for server, hop, severity in unheard(survey, context.unreachable):
        if server.endpoints:
            yield _not_asked(server, hop.zone, severity)


def unfinished(survey: Survey) -> Iterator[Finding]:
    """Word what is left where no other finding says why: an obstacle, no zone, or no name server.

    `diagnose` asks for it last, as the survey is not complete.
    """
    serverless = [hop for hop in survey.hops if not hop.observations and not hop.zone.nameservers]
    match survey.obstacle:
        case OutOfTime(at=name):
            at = name
        case None if survey.hops and not serverless:
            return
        case _:
            at = serverless[0].owner if serverless else survey.challenge.owner
    yield RULE.finding(
        summary=f"time ran out before the name servers of {phrases.owner(at)} had answered",
        cause="The walk down from the root was not finished: a server on the way is slow or does "
        "not answer.",
        remedy="Look again with a longer timeout; `dns-preflight trace` shows each step.",
        evidence={"at": at.to_text()},
    )


def _silent(trouble: Trouble, survey: Survey) -> Finding:
    at, it = trouble.at, named(trouble.at, survey)
    plural = it.who != it.hosts or it.servers > 1
    if all(_is_ours(observation) for observation in at):
        families = phrases.listed(sorted({_family(observation) for observation in at}))
        summary = (
            f"{it.who} cannot be asked from here: {'they have' if plural else 'it has'} "
            f"{families} addresses only"
        )
        cause = f"Whether the record is there is not known: {silences(at)}."
        remedy = (
            f"Look from a host that has {families}, or with --family auto. unreachable=warn "
            "would leave these servers out of the verdict."
        )
    else:
        if it.who == it.hosts:
            summary = f"no address of {it.hosts} answers"
        else:
            summary = f"none of {it.who} {'answer' if plural else 'answers'}"
        cause = f"Tried: {silences(at)}."
        remedy = (
            f"Start {'them' if plural else 'it'} and open port 53, UDP and TCP; or {it.take_out}."
        )
    return RULE.finding(
        severity=trouble.severity,
        summary=summary,
        cause=cause,
        remedy=remedy,
        about=at,
        evidence={"addresses": evidence.places(at)},
    )


def _not_asked(server: NameServer, zone: Zone, severity: Severity) -> Finding:
    return RULE.finding(
        severity=severity,
        summary=f"{phrases.host(server.name)} was not asked",
        cause=f"None of its addresses could be asked in time for {phrases.owner(zone.apex)}.",
        remedy="Look again, with a longer timeout.",
        nameserver=server.name,
        evidence={"nameserver": server.name.to_text(), "zone": zone.apex.to_text()},
    )


def _is_ours(observation: Observation) -> bool:
    """Whether it is this host, or its settings, that keep an address from being asked."""
    match observation.reading:
        case NotAsked() | Unreachable(reason=NoResponseReason.NO_ROUTE):
            return True
        case _:
            return False


def _family(observation: Observation) -> str:
    return "IPv6" if observation.endpoint.ipv6 else "IPv4"
