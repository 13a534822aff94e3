"""What of DNSSEC could not be judged, and why, for a report without a finding about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import phrases
from certbot_dns_preflight.facts.dnssec import UNSUPPORTED, Status

if TYPE_CHECKING:
    from certbot_dns_preflight.facts.dnssec import Assessment, ZoneState


def unjudged(assessment: Assessment) -> tuple[str, ...]:
    """Say what could not be judged and why, as sentences; empty if all could.

    Of a chain of zones, only the first is named: those below it cannot be judged because of it.
    """
    reported: list[ZoneState] = []
    for zone in assessment.zones:
        unknown = zone.status is Status.INDETERMINATE and zone.reason
        unsupported = zone.status is Status.INSECURE and zone.reason == UNSUPPORTED
        if (unknown or unsupported) and not any(zone.apex.is_subdomain(t.apex) for t in reported):
            reported.append(zone)
    return tuple(
        f"DNSSEC of {phrases.owner(zone.apex)} not checked: {phrases.bounded(zone.reason)}."
        for zone in reported
    )
