"""Nothing at all answers from this host; then nothing else is judged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import phrases
from certbot_dns_preflight.checks.rule import Remedy, Rule
from certbot_dns_preflight.codes import Code
from certbot_dns_preflight.facts.finding import Severity
from certbot_dns_preflight.facts.obstacle import NoEgress

if TYPE_CHECKING:
    from collections.abc import Iterator

    from certbot_dns_preflight.checks.context import Context
    from certbot_dns_preflight.facts.finding import Finding
    from certbot_dns_preflight.facts.survey import Survey


RULE = Rule(
    code=Code.NO_DNS_EGRESS,
    severity=Severity.ERROR,
    meaning="This host cannot reach DNS: nothing answers on port 53.",
    reference="RFC 1034 section 5.3.3",
    explanation=(
        "Neither the root servers nor the configured resolver answered. Nothing is known about the "
        "zone, so the outcome is inconclusive (exit status 3). With certbot, the order stops "
        "before any record is created."
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
            "Discovery can go through it (`--resolver`), but the name servers must still be "
            "reachable.",
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
    """Report that nothing at all answers from here, or no resolver in a way that helps."""
    if not isinstance(survey.obstacle, NoEgress):
        return
    if survey.obstacle.answers:
        yield _no_help(survey.obstacle)
        return
    tried = survey.obstacle.tried
    yield RULE.finding(
        summary="this host cannot reach DNS: no server answers on port 53",
        cause=f"No answer from {phrases.listed(endpoint.address for endpoint in tried) or 'anyone'}"
        " (UDP and TCP). A firewall probably blocks outgoing port 53.",
        remedy="Allow outgoing port 53 (UDP and TCP) from this host, or name a resolver that it "
        "may "
        f"use ({phrases.option('resolver')}).",
        evidence={"tried": [{"address": e.address, "port": e.port} for e in tried]},
    )


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
