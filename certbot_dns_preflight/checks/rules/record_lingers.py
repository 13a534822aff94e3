"""A record that this order made is still served after it was to be removed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import evidence, phrases
from certbot_dns_preflight.checks.rule import Remedy, Rule, Subject
from certbot_dns_preflight.codes import Code
from certbot_dns_preflight.facts.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import dns.name

    from certbot_dns_preflight.checks.context import Context
    from certbot_dns_preflight.facts.finding import Finding
    from certbot_dns_preflight.facts.survey import Observation, Survey

    Left = tuple[dns.name.Name, bytes, Observation]

RULE = Rule(
    code=Code.RECORD_LINGERS,
    severity=Severity.WARNING,
    subject=Subject.RUN,
    meaning="After the clean-up the record is still served.",
    reference="RFC 8555 section 8.4",
    explanation=(
        "certbot had the record removed, and all of the zone's name servers went on serving it for "
        "the few seconds for which that is watched. Nobody is asked where the servers are slow or "
        "down, or where the record took long to appear."
    ),
    refusal=(
        "It does not: the certificate is not concerned. What stays is beside the values of later "
        "orders (stale-values), and with very many the answer no longer fits UDP."
    ),
    confirm=("dig +norec @ADDRESS OWNER TXT",),
    remedies=(
        Remedy(
            "the plugin or hook removes nothing, or another record than it made",
            "Look at its log; give `manual` a --manual-cleanup-hook; remove what is left by hand.",
        ),
        Remedy("the provider takes its time", "Look again in some minutes."),
        Remedy(
            "acme-dns, which keeps the two latest values for good",
            "Nothing; --dns-preflight-skip record-lingers keeps it unsaid.",
        ),
    ),
)


def tell(left: Sequence[Left]) -> Finding:
    """Tell of the values left, each with its owner name and an address that serves it."""
    named = phrases.listed(
        f"{phrases.owner(owner)} TXT {phrases.value(value)} at {phrases.host(seen.nameserver)} "
        f"({seen.endpoint.address})"
        for owner, value, seen in left
    )
    return RULE.finding(
        summary=f"still served after the clean-up: {named}",
        cause="All name servers of the zone went on serving it after it was to be removed",
        remedy="If it stays, remove it by hand, and see why it was not removed",
        about=[seen for _, _, seen in left],
        evidence={"values": evidence.values([value for _, value, _ in left])},
    )


def check(_survey: Survey, _context: Context) -> Iterator[Finding]:
    """Find nothing: it is there when the survey is long over."""
    return iter(())
