"""Something answers in place of the root servers; then nothing else is judged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import phrases
from certbot_dns_preflight.checks.rule import Remedy, Rule
from certbot_dns_preflight.codes import Code
from certbot_dns_preflight.facts.finding import Severity
from certbot_dns_preflight.facts.obstacle import Intercepted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from certbot_dns_preflight.checks.context import Context
    from certbot_dns_preflight.facts.finding import Finding
    from certbot_dns_preflight.facts.survey import Survey


RULE = Rule(
    code=Code.DNS_INTERCEPTED,
    severity=Severity.ERROR,
    meaning="Something on this network answers DNS queries in place of the real name servers.",
    reference="RFC 9499 section 6",
    explanation=(
        "Queries to the root servers came back with answers that no root server gives: from a "
        "recursive resolver (RA=1, AA=0), or an error from all of them alike. Routers, VPNs, "
        "captive portals and some providers redirect port 53 in this way. Nothing is known about "
        "the zone, so the outcome is inconclusive (exit status 3). With certbot, the order stops "
        "before any record is created."
    ),
    refusal="It may not refuse: this finding is about this host's network only.",
    confirm=(
        "dig +norec @198.41.0.4 . SOA",
        "dig +norec @192.0.2.1 . SOA",
    ),
    remedies=(
        Remedy(
            "a router, VPN or provider redirects port 53",
            "Turn that off for this host, or allow its outgoing port 53 (UDP and TCP).",
        ),
        Remedy(
            "a captive portal waits for a login",
            "Log in, then try again.",
        ),
        Remedy(
            "this host may use certain resolvers only",
            "Send all queries to one: `--ask resolvers --resolver ADDRESS`, or over HTTPS "
            "`--resolver https://HOST/PATH`. The report names a resolver of this host that "
            "answers.",
        ),
        Remedy(
            "the root hints given are not those of root servers",
            "Correct the file (`--root-hints`).",
        ),
    ),
)


def check(survey: Survey, _context: Context) -> Iterator[Finding]:
    """Report that something answers in place of the root servers."""
    if not isinstance(survey.obstacle, Intercepted):
        return
    answers = survey.obstacle.answers
    asked = phrases.listed(endpoint.address for endpoint, _ in answers)
    came = phrases.listed(phrases.bounded(what) for _, what in answers)
    yield RULE.finding(
        summary="something on this network answers DNS queries in place of the real name servers",
        cause=f"Queries to the root {phrases.verb(len(answers), 'server', 'servers')} {asked} came "
        f"back with {came}, which no root server sends. Routers, VPNs and some providers do this",
        remedy="Allow outgoing port 53 (UDP and TCP) from this host, past whatever redirects it, "
        f"or {phrases.ways_out(survey.obstacle.ways_out)}",
        evidence={
            "answering_resolvers": [phrases.resolver(e) for e in survey.obstacle.ways_out],
            "answers": [
                {"address": endpoint.address, "port": endpoint.port, "answer": what}
                for endpoint, what in answers
            ],
            "recursive": survey.obstacle.recursive,
        },
    )
