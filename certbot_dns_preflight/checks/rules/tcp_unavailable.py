"""TCP/53 does not answer; an error where a truncated answer cannot be had without it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import evidence, probed
from certbot_dns_preflight.checks.rule import Remedy, Rule
from certbot_dns_preflight.checks.trouble import named
from certbot_dns_preflight.codes import Code
from certbot_dns_preflight.facts.answers import Unreachable
from certbot_dns_preflight.facts.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from certbot_dns_preflight.checks.context import Context
    from certbot_dns_preflight.checks.trouble import Trouble
    from certbot_dns_preflight.facts.finding import Finding
    from certbot_dns_preflight.facts.survey import Survey


RULE = Rule(
    code=Code.TCP_UNAVAILABLE,
    severity=Severity.WARNING,
    meaning="TCP port 53 does not answer.",
    reference="RFC 7766 section 5",
    explanation=(
        "DNS needs TCP for answers that do not fit a UDP packet, and name servers must offer it."
    ),
    refusal=(
        "If the TXT RRset is too large for UDP, the resolver is left with a cut answer: SERVFAIL."
    ),
    confirm=(
        "dig +norec +tcp @ADDRESS OWNER TXT",
        "dig +norec +ignore +bufsize=1232 @ADDRESS OWNER TXT",
    ),
    remedies=(
        Remedy(
            "a firewall lets UDP through only",
            "Open TCP port 53.",
        ),
        Remedy(
            "many stale TXT values swell the answer",
            "Remove them.",
        ),
    ),
    note=(
        "An error where an answer was truncated and cannot be had over TCP (with "
        "unreachable=warn: a warning, while another name server answers)."
    ),
)


def check(survey: Survey, context: Context) -> Iterator[Finding]:
    """Tell of answers that were cut short in vain, and of addresses that TCP does not reach."""
    for trouble in context.troubles:
        if trouble.code is RULE.code:
            yield _truncated(trouble, survey)
    reachable = {o.endpoint for o in survey.observations if not isinstance(o.reading, Unreachable)}
    yield from probed.findings(
        RULE,
        survey,
        probed.at(survey, survey.probes.tcp_refused & reachable),
        what="does not answer over TCP",
        cause="TCP is as much a part of DNS as UDP; longer answers need it.",
        remedy="Open TCP port 53 to this address.",
    )


def _truncated(trouble: Trouble, survey: Survey) -> Finding:
    it = named(trouble.at, survey, by_address=True)
    return RULE.finding(
        severity=trouble.severity,
        summary=f"{it.who} {it.does('cuts its answer', 'cut their answers')} short over UDP and "
        f"{it.does('does', 'do')} not answer over TCP",
        cause="A truncated answer, whether for its size or to limit a rate, can be had whole "
        "over TCP alone.",
        remedy=f"Open TCP port 53 to {it.addresses}.",
        about=trouble.at,
        evidence={"addresses": evidence.places(trouble.at)},
    )
