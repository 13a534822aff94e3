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
    meaning="The record is still served after the clean-up.",
    reference="RFC 8555 section 8.4",
    explanation=(
        "certbot had the record removed, but all of the zone's name servers still served it during "
        "the few seconds that dns-preflight watches. It does not watch if servers are slow or "
        "down, if the record took long to appear, or if it has watched for five seconds in the "
        "same `certbot renew`."
    ),
    refusal=(
        "It does not: the certificate is not affected. But old values pile up (stale-values), and "
        "with very many the answer no longer fits into UDP."
    ),
    confirm=("dig +norec @ADDRESS OWNER TXT",),
    remedies=(
        Remedy(
            "the plugin or hook removes nothing, or the wrong record",
            "Check its log, give `manual` a --manual-cleanup-hook, and remove the rest by hand.",
        ),
        Remedy("the provider is slow", "Check again in a few minutes."),
        Remedy(
            "acme-dns, which always keeps the two latest values",
            "Nothing. `--dns-preflight-skip record-lingers` ignores it.",
        ),
    ),
)


def tell(left: Sequence[Left]) -> Finding:
    """Report the values left, each with its owner name and an address that serves it."""
    named = phrases.listed(
        f"{phrases.owner(owner)} TXT {phrases.value(value)} at {phrases.host(seen.nameserver)} "
        f"({seen.endpoint.address})"
        for owner, value, seen in left
    )
    return RULE.finding(
        summary=f"still served after the clean-up: {named}",
        cause="All name servers of the zone still serve the record",
        remedy="If the record stays, remove it by hand and find out why it was not removed",
        about=[seen for _, _, seen in left],
        evidence={"values": evidence.values([value for _, value, _ in left])},
    )


def check(_survey: Survey, _context: Context) -> Iterator[Finding]:
    """Find nothing: it is there when the survey is long over."""
    return iter(())
