"""Validate the collected data within a time limit, and pick what concerns a name.

Hostile keys may take long, so the work runs in a thread; nothing here sends a query or reads a
file.
"""

from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import dns.name
import dns.rdatatype

from certbot_dns_preflight.dnssec import validate
from certbot_dns_preflight.escaping import show_name
from certbot_dns_preflight.facts.dnssec import (
    NOT_COLLECTED,
    UNSUPPORTED,
    Status,
    Trust,
    Validation,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from certbot_dns_preflight.dnssec.anchors import Anchors
    from certbot_dns_preflight.facts.dnssec import (
        Assessment,
        Expiring,
        Facts,
        Fault,
        ServerAddress,
        ZoneState,
    )


async def assess(facts: Facts, trusted: Anchors, *, seconds: float) -> Assessment:
    """Validate what was collected, as of now, in a thread: hostile keys may take long.

    Takes at most `seconds`; if cancelled, it ends at once.
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


def doubtful(assessment: Assessment) -> set[dns.name.Name]:
    """Return the zones that a second look could judge differently, and the zones above them."""
    found = [
        zone.apex
        for zone in assessment.zones
        if zone.faults or zone.expiring or zone.status not in (Status.SECURE, Status.INSECURE)
    ]
    return {z.apex for z in assessment.zones if any(apex.is_subdomain(z.apex) for apex in found)}


def blamed(assessment: Assessment) -> set[ServerAddress]:
    """Return the servers' addresses whose signatures or keys do not hold."""
    return {place for z in assessment.zones for fault in z.faults for place in fault.places}


def concerning(assessment: Assessment, owners: Collection[dns.name.Name]) -> Assessment:
    """Keep only what a validator meets on its way to these names, and nothing of other names."""
    return replace(
        assessment,
        zones=tuple(
            _narrowed(zone, owners)
            for zone in assessment.zones
            if any(owner.is_subdomain(zone.apex) for owner in owners)
        ),
    )


def summary(assessment: Assessment | None) -> Validation:
    """Return a validator's overall status, and the reason if it is not secure.

    Bogus takes precedence over what could not be judged, and that over insecure. Whatever depends
    only on an algorithm unknown here is not judged: the CA may know it.
    """
    if assessment is None or not assessment.zones:
        return NOT_COLLECTED
    for trust, counts in _LESS_THAN_SECURE:
        for zone in assessment.zones:
            if counts(zone):
                return Validation(trust, _reason(zone))
    return Validation(Trust.SECURE)


_LESS_THAN_SECURE: tuple[tuple[Trust, Callable[[ZoneState], bool]], ...] = (
    (Trust.BOGUS, lambda zone: zone.status is Status.BOGUS),
    (
        Trust.UNCHECKED,
        lambda zone: zone.status is Status.INDETERMINATE or zone.reason == UNSUPPORTED,
    ),
    (Trust.INSECURE, lambda zone: zone.status is Status.INSECURE),
)


def _reason(zone: ZoneState) -> str:
    if zone.faults:
        fault = zone.faults[0]
        owner, rdtype = show_name(fault.owner), dns.rdatatype.to_text(fault.rdtype)
        return f"{owner} {rdtype}: {fault.detail}"
    apex = show_name(zone.apex)
    match zone.status:
        case _ if zone.reason:
            return f"{apex}: {zone.reason}"
        case Status.INDETERMINATE:
            return f"{apex}: no usable answer"
        case _:
            return f"{apex}: its denials leave room for unsigned delegations (opt-out)"


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
