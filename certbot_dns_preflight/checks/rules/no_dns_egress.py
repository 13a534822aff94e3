"""Nothing at all answers from this host; then nothing else is judged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import phrases
from certbot_dns_preflight.checks.rule import Remedy, Rule
from certbot_dns_preflight.codes import Code
from certbot_dns_preflight.facts.finding import Severity
from certbot_dns_preflight.facts.survey import NoEgress

if TYPE_CHECKING:
    from collections.abc import Iterator

    from certbot_dns_preflight.checks.context import Context
    from certbot_dns_preflight.facts.finding import Finding
    from certbot_dns_preflight.facts.survey import Survey


RULE = Rule(
    code=Code.NO_DNS_EGRESS,
    severity=Severity.ERROR,
    meaning="Nothing at all answers on port 53 from this host.",
    reference="RFC 1034 section 5.3.3",
    explanation=(
        "Neither the root servers nor the given resolver answered. Nothing is known "
        "about the zone: the outcome is inconclusive (exit status 3). certbot's order is stopped "
        "before a record is made, as the wait could see nothing either."
    ),
    refusal="It may well not: this says something about this host alone.",
    confirm=(
        "dig +norec @198.41.0.4 . NS",
        "dig +norec +tcp @198.41.0.4 . NS",
    ),
    remedies=(
        Remedy(
            "a firewall blocks port 53 outwards",
            "Allow UDP and TCP port 53 from this host.",
        ),
        Remedy(
            "only the company's resolver may be used",
            "Discovery can go through it (--dns-preflight-resolver), but the name "
            "servers must be reachable still.",
        ),
        Remedy(
            "the network is down",
            "See the routes of this host.",
        ),
    ),
)


def check(survey: Survey, _context: Context) -> Iterator[Finding]:
    """Tell that nothing at all answers from here."""
    if not isinstance(survey.obstacle, NoEgress):
        return
    tried = survey.obstacle.tried
    yield RULE.finding(
        summary="nothing could be asked: no DNS server answers this host",
        cause=f"Tried {phrases.listed(endpoint.address for endpoint in tried) or 'none'}: "
        "port 53 is probably blocked on the way out.",
        remedy="Allow UDP and TCP port 53 out of this host to the Internet, or name a resolver "
        "that it may use (resolver).",
        evidence={"tried": [{"address": e.address, "port": e.port} for e in tried]},
    )
