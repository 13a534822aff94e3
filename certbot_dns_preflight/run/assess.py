"""What of a run's facts could not be judged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight import checks
from certbot_dns_preflight.run.inputs import anchors_of

if TYPE_CHECKING:
    from certbot_dns_preflight.facts.environment import DomainEnvironment
    from certbot_dns_preflight.settings import Settings

_NO_ANCHOR = (
    "DNSSEC was not judged: no trust anchor is known for where name servers were found from "
    "(trust-anchor names one)."
)


def unjudged(settings: Settings, around: DomainEnvironment) -> tuple[str, ...]:
    """Say in sentences what of DNSSEC cannot be judged, if anything."""
    if anchors_of(settings) is None:
        return (_NO_ANCHOR,)
    return () if around.signatures is None else checks.unjudged(around.signatures)
