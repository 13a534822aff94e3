"""No address of a name server answers, or none could be asked in time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import evidence, incomplete, phrases, private_addresses
from certbot_dns_preflight.checks.resolver_answers import ANOTHER_RESOLVER
from certbot_dns_preflight.checks.rule import Remedy, Rule
from certbot_dns_preflight.checks.trouble import unheard
from certbot_dns_preflight.checks.trouble_words import EXCUSABLE, named, no_reply, silences
from certbot_dns_preflight.codes import Code
from certbot_dns_preflight.facts.answers import NoResponseReason, NotAsked, Unreachable
from certbot_dns_preflight.facts.finding import Severity
from certbot_dns_preflight.facts.obstacle import OutOfTime, ParentFails, RegistryFails

if TYPE_CHECKING:
    from collections.abc import Iterator

    from certbot_dns_preflight.checks.context import Context
    from certbot_dns_preflight.checks.trouble import Trouble
    from certbot_dns_preflight.facts.finding import Finding
    from certbot_dns_preflight.facts.survey import Observation, Survey
    from certbot_dns_preflight.facts.zone import NameServer, Zone


RULE = Rule(
    code=Code.NAMESERVER_UNREACHABLE,
    severity=Severity.ERROR,
    meaning="No address of a name server answers.",
    reference="RFC 1035 section 7.2",
    explanation=(
        "Every address of the name server was queried twice over UDP and none responded, or this "
        "host has no route to any of them. Also reported with this code: discovery from the root "
        "did not finish because time ran out. With `--ask resolvers`: a resolver named does not "
        "answer, or its TLS certificate is not accepted, or time ran out before it could be asked."
    ),
    refusal=(
        "A resolver falls back to the other name servers. That often works, but each of the CA's "
        "perspectives must get an answer in time."
    ),
    confirm=(
        "dig +norec +tries=2 @ADDRESS ZONE SOA",
        "dig +norec +tries=2 @IPV6-ADDRESS ZONE SOA",
        "dig +norec +tcp @ADDRESS ZONE SOA",
    ),
    shown=3,
    remedies=(
        Remedy(
            "the server is down",
            "Start it.",
        ),
        Remedy(
            "a firewall drops port 53",
            "Allow UDP and TCP port 53 from everywhere.",
        ),
        Remedy(
            "it was decommissioned",
            "Remove it from the zone's NS records and from the delegation at the registrar.",
        ),
        Remedy(
            "only this host cannot reach it",
            "Check from elsewhere. If it is known and harmless, use `--unreachable warn`.",
        ),
        ANOTHER_RESOLVER,
    ),
    note=EXCUSABLE,
)


def check(survey: Survey, context: Context) -> Iterator[Finding]:
    """Report name servers that are silent, and those that there was no time to query."""
    for trouble in context.troubles_with(RULE.code):
        yield _silent(trouble, survey)
    for server, hop, severity in unheard(survey, context.unreachable):
        if server.endpoints:
            yield _not_asked(server, hop.zone, severity)
    yield from incomplete.registry_fails(survey, RULE, heard=False)
    yield from incomplete.parent_fails(survey, RULE, context.troubles, heard=False)
    yield from incomplete.unheard_sets(survey, RULE, context.unreachable)


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
        case RegistryFails() | ParentFails():
            return
        case _:
            at = serverless[0].owner if serverless else survey.challenge.owner
    yield RULE.finding(
        summary=f"time ran out before the name servers for {phrases.owner(at)} answered",
        cause="Discovery from the root did not finish: a server along the way is slow or does not "
        "answer.",
        remedy=f"Try again with a longer {phrases.option('timeout')}. dns-preflight trace shows "
        "each "
        "step.",
        evidence={"at": at.to_text()},
    )


def _silent(trouble: Trouble, survey: Survey) -> Finding:
    at, it = trouble.at, named(trouble.at, survey)
    plural = it.who != it.hosts or it.servers > 1
    if all(_is_ours(observation) for observation in at):
        families = phrases.listed(sorted({_family(observation) for observation in at}))
        summary = (
            f"{it.who} cannot be reached from this host: {'they have' if plural else 'it has'} "
            f"{families} addresses only"
        )
        cause = f"It is unknown whether the record is there: {silences(at)}."
        remedy = (
            f"Run this on a host with {families}, or with {phrases.option('family')} auto. "
            f"{phrases.option('unreachable')} warn leaves these servers out of the verdict."
        )
    else:
        are = phrases.verb(it.servers, "is", "are")
        they = phrases.verb(it.servers, "it is", "they are")
        if it.who == it.hosts:
            summary = f"{it.hosts} {it.does('does', 'do')} not answer"
        else:
            answers = phrases.verb(max(1, it.servers - 1), "answers", "answer")
            summary = f"{phrases.nobody(it.servers)} {answers} ({it.hosts})"
        cause = f"{no_reply(at)}{private_addresses.sentence(o.endpoint.address for o in at)}"
        remedy = (
            "The registry's servers do not answer; nothing to fix on your side. Try again later."
            if it.registry
            else f"Check that {it.hosts} {are} running and reachable on port 53 (UDP and TCP), "
            f"including from another network. If {they} gone for good, {it.take_out}."
        )
    return RULE.finding(
        severity=trouble.severity,
        summary=summary,
        cause=cause,
        remedy=remedy,
        about=at,
        evidence={
            "addresses": evidence.places(at),
            **evidence.unroutable(o.endpoint.address for o in at),
        },
    )


def _not_asked(server: NameServer, zone: Zone, severity: Severity) -> Finding:
    return RULE.finding(
        severity=severity,
        summary=f"{phrases.host(server.name)} was not queried because time ran out",
        cause=f"There was no time to query its addresses for {phrases.owner(zone.apex)}.",
        remedy=f"Try again with a longer {phrases.option('timeout')}.",
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
