"""Nothing at all answers from this host; then nothing else is judged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import phrases, resolver_reach
from certbot_dns_preflight.checks.rule import Remedy, Rule
from certbot_dns_preflight.codes import Code
from certbot_dns_preflight.facts.finding import Severity
from certbot_dns_preflight.facts.obstacle import NoEgress, Tried

if TYPE_CHECKING:
    from collections.abc import Iterator

    from certbot_dns_preflight.checks.context import Context
    from certbot_dns_preflight.facts.answers import Endpoint
    from certbot_dns_preflight.facts.finding import Finding
    from certbot_dns_preflight.facts.survey import Survey

_PAIR = 2

RULE = Rule(
    code=Code.NO_DNS_EGRESS,
    severity=Severity.ERROR,
    meaning="This host cannot reach DNS: nothing answers on port 53.",
    reference="RFC 1034 section 5.3.3",
    explanation=(
        "Neither the root servers nor the configured resolver answered, or a resolver did and no "
        "name server at all. Nothing is known about the zone, so the outcome is inconclusive (exit "
        "status 3). With certbot, the order stops before any record is created."
    ),
    refusal="It may not refuse: this finding is about this host only.",
    confirm=(
        "dig +norec @198.41.0.4 . NS",
        "dig +norec +tcp @198.41.0.4 . NS",
    ),
    remedies=(
        Remedy(
            "a firewall blocks outgoing port 53",
            "Allow UDP and TCP port 53 from this host.",
        ),
        Remedy(
            "only the company's resolver may be used",
            "Send all queries to it: `--ask resolvers --resolver ADDRESS`. The report names a "
            "resolver of this host that answers, if there is one.",
        ),
        Remedy(
            "only the web is reachable, through a proxy",
            "Use a resolver over HTTPS: `--ask resolvers --resolver https://HOST/PATH`. "
            "HTTPS_PROXY and SSL_CERT_FILE are honoured.",
        ),
        Remedy(
            "the resolver given refuses this host",
            "Allow this host there, or use `--resolver` to specify another one.",
        ),
        Remedy(
            "the network is down",
            "Check the routes of this host.",
        ),
    ),
)


def check(survey: Survey, _context: Context) -> Iterator[Finding]:
    """Report that nothing at all answers from here, or nothing but resolvers does."""
    obstacle = survey.obstacle
    if not isinstance(obstacle, NoEgress):
        return
    if obstacle.answers:
        yield _no_help(obstacle)
        return
    match obstacle.asked:
        case Tried.ROOT:
            summary = "this host cannot reach DNS: no server answers on port 53"
            cause = (
                f"No answer from {_addresses(obstacle)} (UDP and TCP). A firewall probably blocks "
                "outgoing port 53"
            )
            remedy = f"Allow outgoing port 53 (UDP and TCP) from this host, or {_way_out(obstacle)}"
        case Tried.NAME_SERVERS:
            summary = "this host can reach resolvers only: no name server answers it on port 53"
            cause = (
                f"The resolver given leads to the zone, but no answer came from "
                f"{_addresses(obstacle)} (UDP and TCP), nor from any other name server. A firewall "
                "probably blocks outgoing port 53, so the name servers cannot be checked from here"
            )
            remedy = (
                f"Add {phrases.option('ask')} resolvers to query the resolver for the record too, "
                "or allow outgoing port 53 (UDP and TCP) from this host"
            )
        case Tried.RESOLVERS:
            number = len(obstacle.tried)
            who = phrases.listed(map(phrases.resolver, obstacle.tried))
            reasons = [reason for _, reason in obstacle.reasons]
            speaks = all(map(resolver_reach.spoke, reasons)) and bool(reasons)
            what = phrases.verb(number, "does not answer", "do not answer")
            if speaks:
                what = phrases.verb(number, "gives no DNS answer", "give no DNS answer")
            summary = f"the {phrases.verb(number, 'resolver', 'resolvers')} {who} {what}"
            cause, given = _reasons(obstacle), phrases.option("resolver")
            remedy = f"{_reach(obstacle)}, or use {given} to specify one that it can reach"
            if fixes := resolver_reach.fixes(reasons):
                remedy = f"{fixes}. Or use {given} to specify another resolver"
            if obstacle.ways_out:
                remedy += f", such as {_listed(obstacle.ways_out)}"
    yield RULE.finding(
        summary=summary,
        cause=cause,
        remedy=remedy,
        evidence={
            "tried": [{"address": e.address, "port": e.port} for e in obstacle.tried],
            "answering_resolvers": [phrases.resolver(e) for e in obstacle.ways_out],
        },
    )


def _addresses(obstacle: NoEgress) -> str:
    return phrases.listed(endpoint.address for endpoint in obstacle.tried) or "anyone"


def _way_out(obstacle: NoEgress) -> str:
    return phrases.ways_out(obstacle.ways_out)


def _listed(endpoints: tuple[Endpoint, ...]) -> str:
    return phrases.listed(map(phrases.resolver, endpoints))


def _reach(obstacle: NoEgress) -> str:
    """Say which way out of this host the resolvers need."""
    ports = sorted({e.port for e in obstacle.tried})
    plain = not any(e.service for e in obstacle.tried)
    these = phrases.verb(len(obstacle.tried), "this resolver", "these resolvers")
    port = phrases.verb(len(ports), "port", "ports")
    return (
        f"Allow this host to reach {these} (destination {port} "
        f"{phrases.listed(map(str, ports))}, {'UDP and TCP' if plain else 'TCP'})"
    )


def _reasons(obstacle: NoEgress) -> str:
    """Say how the resolvers failed; where all of them are silent, what that may mean."""
    known = dict(obstacle.reasons)
    why = [phrases.bounded(known.get(e, "no answer in time")) for e in obstacle.tried]
    one, how = len(why) == 1, phrases.listed(dict.fromkeys(why))
    if all(reason.startswith("no answer") for reason in why):
        who = "The resolver" if one else "Both" if len(why) == _PAIR else "All of them"
        return (
            f"{who} timed out ({how}). {'It' if one else 'They'} may be down or dropping queries "
            "from this host, or a firewall may block outgoing DNS"
        )
    if one:
        return f"The reason: {how}"
    each = zip(obstacle.tried, why, strict=True)
    return "; ".join(f"{phrases.resolver(endpoint)}: {reason}" for endpoint, reason in each)


def _no_help(obstacle: NoEgress) -> Finding:
    """Tell of resolvers that refuse or fail whatever they are asked."""
    answers = obstacle.answers
    who = phrases.listed(endpoint.address for endpoint, _ in answers)
    came = phrases.listed(dict.fromkeys(phrases.bounded(what) for _, what in answers))
    return RULE.finding(
        summary=f"none of the resolvers given answers this host's queries: {who} returned {came}",
        cause="A resolver that refuses usually serves certain networks only, and one that fails "
        "cannot reach the name servers itself",
        remedy=f"Allow this host to query the resolver, or use {phrases.option('resolver')} to "
        "specify another one.",
        evidence={
            "tried": [{"address": e.address, "port": e.port} for e in obstacle.tried],
            "answers": [
                {"address": endpoint.address, "port": endpoint.port, "answer": what}
                for endpoint, what in answers
            ],
        },
    )
