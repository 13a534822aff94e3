"""A name server answers without the AA flag: a resolver, or a referral."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import evidence, phrases
from certbot_dns_preflight.checks.rule import Remedy, Rule
from certbot_dns_preflight.checks.trouble import named
from certbot_dns_preflight.codes import Code
from certbot_dns_preflight.facts.answers import NotAuthoritative, Referral
from certbot_dns_preflight.facts.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from certbot_dns_preflight.checks.context import Context
    from certbot_dns_preflight.checks.trouble import Trouble
    from certbot_dns_preflight.facts.finding import Finding
    from certbot_dns_preflight.facts.survey import Observation, Survey


RULE = Rule(
    code=Code.NOT_AUTHORITATIVE,
    severity=Severity.ERROR,
    meaning="A name server answers without the AA flag.",
    reference="RFC 1034 section 6.2.1",
    explanation=(
        "What answers is a recursive resolver, or a server that refers elsewhere: it "
        "does not hold the zone."
    ),
    refusal=(
        "A resolver ignores such an answer as lame; a forwarding cache may also show something old."
    ),
    confirm=(
        "dig +norec @ADDRESS OWNER TXT",
        "dig +norec @ADDRESS ZONE SOA",
    ),
    remedies=(
        Remedy(
            "a resolver or forwarder is listed as name server",
            "List an authoritative server in its place.",
        ),
        Remedy(
            "the zone is missing there and the server refers to the root",
            "Configure the zone, or remove the server.",
        ),
        Remedy(
            "a forgotten delegation inside the zone",
            "If only some servers refer to a child zone, bring their copies of the "
            "zone up to date.",
        ),
    ),
    note="A warning with unreachable=warn, while another name server of the zone answers.",
)


def check(survey: Survey, context: Context) -> Iterator[Finding]:
    """Tell it once of all addresses that do it, at each severity."""
    for trouble in context.troubles:
        if trouble.code is RULE.code:
            yield _finding(trouble, survey)


def _finding(trouble: Trouble, survey: Survey) -> Finding:
    it = named(trouble.at, survey)
    return RULE.finding(
        severity=trouble.severity,
        summary=f"{it.who} {it.does('answers', 'answer')} without authority for {it.zone}",
        cause=_cause(trouble.at, it.addresses),
        remedy=f"Serve the zone on {it.hosts} as primary or secondary, or {it.take_out}.",
        about=trouble.at,
        evidence={"addresses": evidence.places(trouble.at)},
    )


def _cause(at: tuple[Observation, ...], addresses: str) -> str:
    for observation in at:
        match observation.reading:
            case Referral(cut=cut):
                return f"{addresses}: a referral to {phrases.owner(cut)} instead of an answer."
            case NotAuthoritative(recursive=True):
                return (
                    f"A recursive resolver that does not hold the zone (AA=0, RA=1): {addresses}."
                )
            case NotAuthoritative(upward=name) if name is not None:
                return (
                    f"{addresses}: a referral upwards to {phrases.owner(name)}; "
                    "the zone is not configured there."
                )
    return f"{addresses}: AA=0; the server does not hold the zone."
