"""An address answers only without EDNS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import probed
from certbot_dns_preflight.checks.rule import Remedy, Rule
from certbot_dns_preflight.codes import Code
from certbot_dns_preflight.facts.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from certbot_dns_preflight.checks.context import Context
    from certbot_dns_preflight.facts.finding import Finding
    from certbot_dns_preflight.facts.survey import Survey


RULE = Rule(
    code=Code.EDNS_BROKEN,
    severity=Severity.WARNING,
    meaning="The server answers only without EDNS.",
    reference="RFC 6891 section 7",
    explanation=(
        "A query with an OPT record gets no answer or FORMERR; the same query without it is "
        "answered."
    ),
    refusal=("Resolvers retry without EDNS, which costs time, and DNSSEC does not work at all."),
    confirm=(
        "dig +norec +edns=0 @ADDRESS ZONE SOA",
        "dig +norec +noedns @ADDRESS ZONE SOA",
    ),
    remedies=(
        Remedy(
            "a firewall drops packets with EDNS or over 512 bytes",
            "Update or reconfigure it.",
        ),
        Remedy(
            "old server software",
            "Update it.",
        ),
    ),
)


def check(survey: Survey, _context: Context) -> Iterator[Finding]:
    """Report it once for all addresses that do it."""
    yield from probed.findings(
        RULE,
        survey,
        probed.at(survey, survey.probes.edns_broken),
        what=("answers only without EDNS", "answer only without EDNS"),
        cause="A query with EDNS gets no answer or an error; the same query without it is "
        "answered.",
        remedy="Update the server, or the firewall in front of it (it may drop EDNS).",
    )
