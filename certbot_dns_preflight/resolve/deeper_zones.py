"""Finds a zone further down that some servers of a zone have and others deny.

A walk hears one server and may get the one that denies it; the rounds ask them all. Decides from
their answers whether the name lies deeper, whichever server the walk heard.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import dns.name
import dns.rdatatype

from certbot_dns_preflight.facts.answers import Absent, Alias, Referral, Response, Values
from certbot_dns_preflight.resolve.cuts import apex_of, first_zone, names_between

if TYPE_CHECKING:
    from certbot_dns_preflight.facts.answers import Endpoint
    from certbot_dns_preflight.facts.zone import Zone
    from certbot_dns_preflight.resolve.address_history import AddressHistory
    from certbot_dns_preflight.resolve.cache import ZoneCut
    from certbot_dns_preflight.resolve.exchange import Exchange
    from certbot_dns_preflight.resolve.txt_hops import HopBuilder
    from certbot_dns_preflight.resolve.walker import Walker


class DeeperZones:
    """Looks for them on behalf of one survey."""

    def __init__(self, exchange: Exchange, walker: Walker, hops: HopBuilder) -> None:
        """Share the survey's parts; the questions sent here are not repeated for a name."""
        self._exchange = exchange
        self._walker = walker
        self._hops = hops
        self._looked: set[dns.name.Name] = set()

    async def found(self, owner: dns.name.Name, cut: ZoneCut, zone: Zone) -> bool:
        """Return whether a name lies in a zone below `cut`, which the walk then goes to."""
        tracks = {
            endpoint: track
            for endpoint in sorted({e for server in zone.nameservers for e in server.endpoints})
            if (track := self._hops.track(owner, endpoint)) is not None
        }
        for endpoint, track in tracks.items():
            if not isinstance(track.reading, Referral):
                continue
            reply = track.reply
            if isinstance(reply, Response) and self._walker.refer(cut, owner, endpoint, reply):
                return True
        return await self._held(owner, cut, tracks)

    async def _held(
        self, owner: dns.name.Name, cut: ZoneCut, tracks: dict[Endpoint, AddressHistory]
    ) -> bool:
        """Ask a server that has what others deny whether it holds a zone of its own for it."""
        having = [e for e, t in tracks.items() if isinstance(t.reading, Values | Alias)]
        denied = any(isinstance(t.reading, Absent) for t in tracks.values())
        if not having or not denied or owner in self._looked:
            return False
        self._looked.add(owner)
        reply = await self._exchange.ask(having[0], owner, dns.rdatatype.SOA)
        if not isinstance(reply, Response):
            return False
        apex = await apex_of(self._exchange, cut, owner, having[0], reply.message)
        if apex == cut.apex:
            return False
        names = (*names_between(cut.apex, apex), apex)
        known = self._walker.known
        below = await first_zone(self._exchange, known, cut, names, having[0])
        if below is not None:
            known.go_deeper(below)
        return below is not None
