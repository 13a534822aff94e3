"""Response rate limiting is seen."""

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
    code=Code.RATE_LIMITED,
    severity=Severity.WARNING,
    meaning="Response rate limiting is at work.",
    reference="RFC 5358 section 4",
    explanation=(
        "The server alternates between empty truncated answers and silence, as RRL "
        "does beyond a certain rate per source network."
    ),
    refusal=(
        "The CA asks from several networks and seldom meets it; a check that asks too often does."
    ),
    confirm=("dig +norec +tcp @ADDRESS OWNER TXT",),
    remedies=(
        Remedy(
            "many checks run from one network",
            "Raise the interval, or check fewer names at once.",
        ),
        Remedy(
            "the limit is too tight",
            "Raise it (BIND: `rate-limit`; NSD: `rrl-ratelimit`; Knot: mod-rrl), "
            "or exempt this host.",
        ),
    ),
)


def check(survey: Survey, _context: Context) -> Iterator[Finding]:
    """Tell it once of all addresses that do it."""
    yield from probed.findings(
        RULE,
        survey,
        probed.at(survey, survey.probes.rate_limited),
        what="limits our rate: empty truncated answers and silence by turns",
        cause="Response rate limiting (RRL) is at work against this host.",
        remedy="Allow this host more, or pause longer between rounds (interval).",
    )
