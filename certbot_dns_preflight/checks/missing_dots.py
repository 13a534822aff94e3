"""Words about names that lack their final dot: the zone was appended to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import phrases
from certbot_dns_preflight.escaping import show_name

if TYPE_CHECKING:
    import dns.name

    from certbot_dns_preflight.facts.finding import Json
    from certbot_dns_preflight.facts.probes import MissingDot
    from certbot_dns_preflight.facts.survey import Survey


def at(survey: Survey, name: dns.name.Name, rdtype: str) -> MissingDot | None:
    """Give what was seen to be meant by a name that leads nowhere."""
    return next(
        (dot for dot in survey.probes.missing_dots if dot.name == name and dot.rdtype == rdtype),
        None,
    )


def cause(dot: MissingDot) -> str:
    """Say what went wrong."""
    zone, meant = phrases.host(dot.zone), phrases.host(dot.meant)
    return f"The final dot is missing: {zone} was appended to {meant}"


def remedy(dot: MissingDot) -> str:
    """Say what to enter."""
    return f"Enter the name with its final dot: {phrases.quoted(show_name(dot.meant))}"


def facts(dot: MissingDot | None) -> dict[str, Json]:
    """Give the evidence."""
    if dot is None:
        return {}
    return {"kind": "missing-final-dot", "meant": dot.meant.to_text()}
