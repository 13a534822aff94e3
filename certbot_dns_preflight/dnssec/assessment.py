"""Validating what was collected within a bound of time, and what of it concerns a name.

Hostile keys may take their time, so the work is done aside; nothing here asks or reads a file.
"""

from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from certbot_dns_preflight.dnssec import validate
from certbot_dns_preflight.facts.dnssec import Status

if TYPE_CHECKING:
    from collections.abc import Collection

    import dns.name

    from certbot_dns_preflight.dnssec.anchors import Anchors
    from certbot_dns_preflight.facts.dnssec import Assessment, Expiring, Facts, Fault, ZoneState


async def assess(facts: Facts, trusted: Anchors, *, seconds: float) -> Assessment:
    """Validate what was collected, as of now, aside: hostile keys may take their time.

    Takes `seconds` at most; a cancelled one ends at once.
    """
    until = time.monotonic() + seconds
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
