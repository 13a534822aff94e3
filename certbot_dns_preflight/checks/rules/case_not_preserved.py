"""The question's letter case comes back changed (0x20)."""

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
    code=Code.CASE_NOT_PRESERVED,
    severity=Severity.WARNING,
    meaning="The question comes back in another letter case than it was sent.",
    reference="RFC 1035 section 2.3.3",
    explanation=(
        "Resolvers mix the letter case of the question (0x20) and expect it back as "
        "sent, as a guard against forgery."
    ),
    refusal=(
        "Let's Encrypt's resolvers use 0x20: they drop such answers, or ask again another way."
    ),
    confirm=("dig +norec @ADDRESS oWnEr.eXaMpLe TXT",),
    remedies=(
        Remedy(
            "a load balancer or old server lower-cases names",
            "Update it.",
        ),
    ),
)


def check(survey: Survey, _context: Context) -> Iterator[Finding]:
    """Tell it once of all addresses that do it."""
    yield from probed.findings(
        RULE,
        survey,
        probed.at(survey, survey.probes.case_changed),
        what="changes the letter case of the question",
        cause="Resolvers that mix letter case against forgery (0x20) drop such answers.",
        remedy="Update the server or the load balancer before it.",
    )
