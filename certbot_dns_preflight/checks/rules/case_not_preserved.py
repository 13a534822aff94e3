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
    meaning="The server changes the letter case of the query name in its answer.",
    reference="RFC 1035 section 2.3.3",
    explanation=(
        "To make forgery harder, resolvers mix upper and lower case in the query name (0x20) and "
        "expect the same spelling in the answer."
    ),
    refusal=("Let's Encrypt's resolvers use 0x20. They drop such answers or have to retry."),
    confirm=("dig +norec @ADDRESS oWnEr.eXaMpLe TXT",),
    remedies=(
        Remedy(
            "a load balancer or old server lower-cases names",
            "Update it.",
        ),
    ),
)


def check(survey: Survey, _context: Context) -> Iterator[Finding]:
    """Report it once for all addresses that do it."""
    yield from probed.findings(
        RULE,
        survey,
        probed.at(survey, survey.probes.case_changed),
        what=(
            "changes the letter case of the query name",
            "change the letter case of the query name",
        ),
        cause="Resolvers mix letter case to make forgery harder (0x20) and drop such answers.",
        remedy="Update the server, or the load balancer in front of it.",
    )
