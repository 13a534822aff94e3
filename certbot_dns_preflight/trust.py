"""By which trust anchors a run judges DNSSEC, and what of an assessment concerns a name.

The built-in anchors are the public root's. Where discovery goes elsewhere, through a resolver or to
another root, they say nothing, and without an anchor of its own DNSSEC is not judged there.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import dns.name

from certbot_dns_preflight import roothints
from certbot_dns_preflight.dnssec import anchors, validate

if TYPE_CHECKING:
    from collections.abc import Collection

    from certbot_dns_preflight.dnssec.anchors import Anchors
    from certbot_dns_preflight.dnssec.facts import Assessment, Facts
    from certbot_dns_preflight.settings import Settings

_PUBLIC = dns.name.from_text("root-servers.net.")


def anchors_of(settings: Settings) -> Anchors | None:
    """Give the trust anchors that fit where discovery begins; None where none are known to.

    Raises `anchors.TrustAnchorError` or `roothints.RootHintsError` for a bad file.
    """
    if settings.trust_anchor is not None:
        return anchors.read(settings.trust_anchor)
    if settings.resolver:
        return None
    if settings.root_hints is not None:
        hints = roothints.read(settings.root_hints)
        if not all(name.is_subdomain(_PUBLIC) for name in hints):
            return None
    return anchors.builtin()


def assess(facts: Facts, trusted: Anchors) -> Assessment:
    """Validate what was collected, as of now."""
    return validate.validate(facts, trusted, now=int(time.time()))


def concerning(assessment: Assessment, owners: Collection[dns.name.Name]) -> Assessment:
    """Keep the zones that a validator passes on its way to these names."""
    return replace(
        assessment,
        zones=tuple(
            zone
            for zone in assessment.zones
            if any(owner.is_subdomain(zone.apex) for owner in owners)
        ),
    )
