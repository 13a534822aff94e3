"""A negative answer lacks the SOA record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import probed
from certbot_dns_preflight.checks.rule import Remedy, Rule
from certbot_dns_preflight.codes import Code
from certbot_dns_preflight.facts.answers import Absent
from certbot_dns_preflight.facts.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from certbot_dns_preflight.checks.context import Context
    from certbot_dns_preflight.facts.finding import Finding
    from certbot_dns_preflight.facts.survey import Survey


RULE = Rule(
    code=Code.NEGATIVE_ANSWER_WITHOUT_SOA,
    severity=Severity.WARNING,
    meaning="A negative answer lacks the SOA record.",
    reference="RFC 2308 section 3",
    explanation="Without it a resolver does not know for how long it may keep the denial.",
    refusal=(
        "It does not refuse for this, but an early negative answer may be kept longer "
        "than expected."
    ),
    confirm=("dig +norec @ADDRESS no-such-name-here.ZONE TXT",),
    remedies=(
        Remedy(
            "a home-made or very old server",
            "Update it so that it adds the SOA to the authority section.",
        ),
    ),
)


def check(survey: Survey, _context: Context) -> Iterator[Finding]:
    """Tell it once of all addresses that do it."""
    yield from probed.findings(
        RULE,
        survey,
        tuple(
            o
            for o in survey.observations
            if isinstance(o.reading, Absent) and o.reading.soa is None
        ),
        what="gives negative answers without a SOA record",
        cause="Without the SOA nobody knows how long the negative answer may be kept.",
        remedy="Update the server; a negative answer carries the zone's SOA.",
    )
