"""By which trust anchors a run judges DNSSEC, and what of an assessment concerns a name.

The built-in anchors are the public root's. Where discovery goes elsewhere, through a resolver or to
another root, they say nothing, and without an anchor of its own DNSSEC is not judged there.
"""

from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import dns.name

from certbot_dns_preflight.diagnosis import dnssec
from certbot_dns_preflight.dnssec import anchors, validate
from certbot_dns_preflight.facts.dnssec import Status
from certbot_dns_preflight.resolve.root_hints import read

if TYPE_CHECKING:
    from collections.abc import Collection

    from certbot_dns_preflight.dnssec.anchors import Anchors
    from certbot_dns_preflight.facts.dnssec import Assessment, Expiring, Facts, Fault, ZoneState
    from certbot_dns_preflight.facts.environment import Surroundings
    from certbot_dns_preflight.settings import Settings

_LONGEST = 3.0  # seconds for all signatures of a run; they take milliseconds
_NO_ANCHOR = (
    "DNSSEC was not judged: no trust anchor is known for where name servers were found from "
    "(trust-anchor names one)."
)
_PUBLIC = dns.name.from_text("root-servers.net.")


def anchors_of(settings: Settings) -> Anchors | None:
    """Give the trust anchors that fit where discovery begins; None where none are known to.

    Raises `anchors.TrustAnchorError` or `RootHintsError` for a bad file.
    """
    if settings.trust_anchor is not None:
        return anchors.read(settings.trust_anchor)
    if settings.resolver:
        return None
    if settings.root_hints is not None:
        hints = read(settings.root_hints)
        if not all(name.is_subdomain(_PUBLIC) for name in hints):
            return None
    return anchors.builtin()


async def assess(facts: Facts, trusted: Anchors, *, seconds: float) -> Assessment:
    """Validate what was collected, as of now, aside: hostile keys may take their time.

    Takes a few seconds at most, and no more than given; a cancelled one ends at once.
    """
    until = time.monotonic() + min(seconds, _LONGEST)
    stopped = threading.Event()

    def give_up() -> bool:
        return stopped.is_set() or time.monotonic() > until

    try:
        return await asyncio.to_thread(
            validate.validate, facts, trusted, now=int(time.time()), give_up=give_up
        )
    finally:
        stopped.set()


def concerning(assessment: Assessment, owners: Collection[dns.name.Name]) -> Assessment:
    """Keep what a validator meets on its way to these names: of others' data nothing."""
    return replace(
        assessment,
        zones=tuple(
            _narrowed(zone, owners)
            for zone in assessment.zones
            if any(owner.is_subdomain(zone.apex) for owner in owners)
        ),
    )


def unjudged(settings: Settings, around: Surroundings) -> tuple[str, ...]:
    """Say in sentences what of DNSSEC cannot be judged, if anything."""
    if anchors_of(settings) is None:
        return (_NO_ANCHOR,)
    return () if around.signatures is None else dnssec.unjudged(around.signatures)


def _narrowed(zone: ZoneState, owners: Collection[dns.name.Name]) -> ZoneState:
    def matters(one: Fault | Expiring) -> bool:
        if one.concerns is None:
            return True
        if one.and_below:
            return any(owner.is_subdomain(one.concerns) for owner in owners)
        return one.concerns in owners

    faults = tuple(filter(matters, zone.faults))
    status = zone.status
    if zone.faults and not faults and status is Status.BOGUS and not zone.reason:
        status = Status.SECURE
    return replace(
        zone, status=status, faults=faults, expiring=tuple(filter(matters, zone.expiring))
    )
