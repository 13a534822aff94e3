"""Response rate limiting is seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import phrases, probed
from certbot_dns_preflight.checks.rule import Remedy, Rule
from certbot_dns_preflight.codes import Code
from certbot_dns_preflight.facts.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from certbot_dns_preflight.checks.context import Context
    from certbot_dns_preflight.facts.finding import Finding
    from certbot_dns_preflight.facts.survey import Survey


RULE = Rule(
    code=Code.RATE_LIMITED,
    severity=Severity.WARNING,
    meaning="The server limits the rate of its responses.",
    reference="RFC 5358 section 4",
    explanation=(
        "The server alternates between empty truncated answers and silence. Response rate limiting "
        "(RRL) does this above a certain rate per source network."
    ),
    refusal=("It rarely does: the CA queries from several networks and seldom hits the limit."),
    confirm=("dig +norec +tcp @ADDRESS OWNER TXT",),
    remedies=(
        Remedy(
            "many checks run from one network",
            "Raise `--interval`, or check fewer names at once.",
        ),
        Remedy(
            "the limit is too tight",
            "Raise it (BIND: `rate-limit`; NSD: `rrl-ratelimit`; Knot: mod-rrl), or exempt this "
            "host.",
        ),
    ),
)


def check(survey: Survey, _context: Context) -> Iterator[Finding]:
    """Report it once for all addresses that do it."""
    yield from probed.findings(
        RULE,
        survey,
        probed.at(survey, survey.probes.rate_limited),
        what=(
            "limits the rate of its responses to this host",
            "limit the rate of their responses to this host",
        ),
        cause="The server alternates between empty truncated answers and silence: response rate "
        "limiting (RRL).",
        remedy=f"Raise {phrases.option('interval')}, or raise the server's limit for this host.",
    )
