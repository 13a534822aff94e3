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
    explanation="Without it, a resolver does not know how long to cache the negative answer.",
    refusal=(
        "It does not refuse because of this, but it may cache an early negative answer for longer "
        "than expected."
    ),
    confirm=("dig +norec @ADDRESS no-such-name-here.ZONE TXT",),
    remedies=(
        Remedy(
            "custom or very old server software",
            "Update it so that it adds the SOA to the authority section.",
        ),
    ),
)


def check(survey: Survey, _context: Context) -> Iterator[Finding]:
    """Report it once for all addresses that do it."""
    yield from probed.findings(
        RULE,
        survey,
        tuple(
            o
            for o in survey.observations
            if isinstance(o.reading, Absent) and o.reading.soa is None
        ),
        what=(
            "gives negative answers without a SOA record",
            "give negative answers without a SOA record",
        ),
        cause="Without the SOA, resolvers do not know how long to cache the negative answer.",
        remedy="Update the server. A negative answer must include the zone's SOA.",
    )
