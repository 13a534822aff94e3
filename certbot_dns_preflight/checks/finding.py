"""Making a finding: the catalogue gives severity and reference, the diagnosis the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.checks.catalogue import BY_CODE
from certbot_dns_preflight.facts.finding import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import dns.name

    from certbot_dns_preflight.facts.finding import Json
    from certbot_dns_preflight.facts.survey import Observation


def finding(  # noqa: PLR0913 - a finding's texts and facts, all by keyword
    code: str,
    *,
    summary: str,
    cause: str,
    remedy: str,
    about: Sequence[Observation] = (),
    nameserver: dns.name.Name | None = None,
    severity: Severity | None = None,
    evidence: Mapping[str, Json] | None = None,
) -> Finding:
    """Make a finding; it names a server or an address where `about` has exactly one."""
    entry = BY_CODE[code]
    servers = {seen.nameserver for seen in about}
    addresses = {seen.endpoint.address for seen in about}
    return Finding(
        code,
        severity or entry.severity,
        _sentence(summary),
        _sentence(cause),
        _sentence(remedy),
        entry.reference,
        nameserver=next(iter(servers)) if len(servers) == 1 else nameserver,
        address=next(iter(addresses)) if len(addresses) == 1 else None,
        evidence=dict(evidence or {}),
    )


def _sentence(text: str) -> str:
    """End a text with one full stop; a name in master-file form brings its own."""
    return f"{text.rstrip('.')}."
