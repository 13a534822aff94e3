"""Turns replies into observations: what one address of a name server said and what it means.

Sends no queries. What an address said earlier in the run is passed on as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import dns.flags
import dns.name
import dns.rcode
import dns.rdatatype

from certbot_dns_preflight.facts import survey
from certbot_dns_preflight.facts.answers import (
    Alias,
    NoResponseReason,
    NotAsked,
    Response,
    Unreachable,
)

if TYPE_CHECKING:
    from collections.abc import Collection

    from certbot_dns_preflight.facts.answers import Endpoint, Reading, Reply
    from certbot_dns_preflight.facts.zone import NameServer, Zone
    from certbot_dns_preflight.resolve.address_history import AddressHistory
    from certbot_dns_preflight.resolve.exchange import Exchange


class ObservationBuilder:
    """Builds the observations of one run. `families` (4, 6) are the ones allowed for queries."""

    def __init__(self, exchange: Exchange, families: Collection[int]) -> None:
        """Use what the exchange knows of routes and faults at the time of each call."""
        self._exchange = exchange
        self._families = families

    def may_ask(self, endpoint: Endpoint) -> bool:
        """Return whether an address is of a family that may be queried."""
        return endpoint.family in self._families

    def observe(  # noqa: PLR0913 - what was said, by whom and about what
        self,
        owner: dns.name.Name,
        zone: Zone,
        server: NameServer,
        endpoint: Endpoint,
        *,
        reply: Reply | None,
        reading: Reading | None,
        expected: tuple[bytes, ...] = (),
        followed: bool = False,
        earlier: AddressHistory | None = None,
        later: Reading | None = None,
    ) -> survey.Observation:
        """Build an observation from the latest reply, or from None if none came in time.

        With `later`, the reply is the one that still stands, and `later` what came after it.
        """
        # An alias still in place has lost nothing, wherever it leads.
        is_alias = earlier is not None and isinstance(earlier.reading, Alias)
        first_match = None if earlier is None or is_alias else earlier.first_match
        response = reply if isinstance(reply, Response) else None
        flags = response.message.flags if response else None
        reading = self._reading(endpoint, reading)
        return survey.Observation(
            zone=zone.apex,
            nameserver=server.name,
            endpoint=endpoint,
            listed_by=server.listed_by,
            reading=reading,
            status=survey.measure(reading, expected, followed=followed),
            rcode=dns.rcode.to_text(response.message.rcode()) if response else None,
            authoritative=None if flags is None else bool(flags & dns.flags.AA),
            transport=response.transport if response else None,
            rtt=response.rtt if response else None,
            serial=earlier.serial if earlier else None,
            first_match=first_match,
            matched_before=first_match is not None,
            flips=earlier.flips if earlier else 0,
            fault=self._exchange.faults.get((endpoint, owner, dns.rdatatype.TXT))
            if self._exchange.faults
            else None,
            later=later,
        )

    def _reading(self, endpoint: Endpoint, reading: Reading | None) -> Reading:
        if not self.may_ask(endpoint):
            return NotAsked(f"IPv{endpoint.family} was left out")
        match reading:
            case None:
                return Unreachable(NoResponseReason.TIMED_OUT, "no answer before the time was up")
            case Unreachable(reason=NoResponseReason.NO_ROUTE) if (
                endpoint.family in self._exchange.unroutable_families
            ):
                return NotAsked(f"this host has no IPv{endpoint.family} route")
            case _:
                return reading
