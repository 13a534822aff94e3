"""Nothing at all answers from this host; then nothing else is judged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import phrases
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
            "Have everything asked of it: `--ask resolvers --resolver ADDRESS`. The report names a "
            "resolver of this host that answers, if there is one.",
        ),
        Remedy(
            "only the web is reachable, by a proxy",
            "Use a resolver by HTTPS: `--ask resolvers --resolver https://HOST/PATH`. HTTPS_PROXY "
            "and SSL_CERT_FILE are honoured.",
        ),
        Remedy(
            "the resolver given refuses this host",
            "Allow this host there, or name another resolver (`--resolver`).",
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
            summary = "this host reaches resolvers only: no name server answers it on port 53"
            cause = (
                f"The resolver given leads to the zone, but no answer came from "
                f"{_addresses(obstacle)} (UDP and TCP), nor from any other name server. A firewall "
                "probably blocks outgoing port 53; whether the name servers are well cannot be "
                "seen from here"
            )
            remedy = (
                f"Add {phrases.option('ask')} resolvers, which has the resolver asked for the "
                "record too, or allow outgoing port 53 (UDP and TCP) from this host"
            )
        case Tried.RESOLVERS:
            several = len(obstacle.tried) > 1
            who = phrases.listed(map(phrases.resolver, obstacle.tried))
            summary = (
                f"the resolvers {who} do not answer"
                if several
                else f"the resolver {who} does not answer"
            )
            cause = _reasons(obstacle)
            remedy = f"Name a resolver that answers this host ({phrases.option('resolver')})"
            if any("certificate" in reason for _, reason in obstacle.reasons):
                remedy = f"{phrases.PRIVATE_CA}. Or name another resolver"
                remedy += f" ({phrases.option('resolver')})"
            if obstacle.ways_out:
                remedy += f", such as {_listed(obstacle.ways_out)}, which does"
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


def _reasons(obstacle: NoEgress) -> str:
    known = dict(obstacle.reasons)
    several = len(obstacle.tried) > 1
    lines = [
        (f"{phrases.resolver(e)}: " if several else "")
        + phrases.bounded(known.get(e, "no answer in time"))
        for e in obstacle.tried
    ]
    return "; ".join(lines) if several else f"The reason: {lines[0]}"


def _no_help(obstacle: NoEgress) -> Finding:
    """Tell of resolvers that refuse or fail whatever they are asked."""
    answers = obstacle.answers
    who = phrases.listed(endpoint.address for endpoint, _ in answers)
    came = phrases.listed(dict.fromkeys(phrases.bounded(what) for _, what in answers))
    return RULE.finding(
        summary=f"no resolver given answers this host's questions: {who} came back with {came}",
        cause="A resolver that refuses mostly allows certain networks only, and one that fails "
        "cannot reach the name servers itself",
        remedy="Let the resolver answer this host, or name another one "
        f"({phrases.option('resolver')}).",
        evidence={
            "tried": [{"address": e.address, "port": e.port} for e in obstacle.tried],
            "answers": [
                {"address": endpoint.address, "port": endpoint.port, "answer": what}
                for endpoint, what in answers
            ],
        },
    )
