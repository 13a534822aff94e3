"""Lists the servers to query in a zone, whatever the question.

In the zone of a person or company every address is queried. A registry has many identical, well-run
servers: one that answers will do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import dns.name
import dns.rdatatype

from certbot_dns_preflight.facts.dnssec import ServerAddress
from certbot_dns_preflight.facts.registry import is_registry
from certbot_dns_preflight.resolve.tasks import together

if TYPE_CHECKING:
    from collections.abc import Collection

    from certbot_dns_preflight.facts.answers import Endpoint
    from certbot_dns_preflight.resolve.cache import ZoneCut
    from certbot_dns_preflight.resolve.walker import Walker


class ZoneServers:
    """The servers of the zones that a walker finds."""

    def __init__(self, walker: Walker, families: Collection[int]) -> None:
        """Set the address families (4, 6) that may be queried."""
        self._walker = walker
        self._families = families
        # Filled only from glue, which is the same for all names below a registry's zone.
        self._alternatives: dict[dns.name.Name, tuple[ZoneCut, dict[Endpoint, dns.name.Name]]] = {}

    def may_ask(self, endpoint: Endpoint) -> bool:
        """Return whether an address is of a family that may be queried."""
        return endpoint.family in self._families

    @staticmethod
    def is_registry(cut: ZoneCut) -> bool:
        """Return whether a zone is the root, a top-level domain or another registry's zone."""
        return is_registry(cut.apex)

    def seems_signed(self, cut: ZoneCut) -> bool:
        """Return whether a zone has a DS, by a referral to it, or is the root."""
        referrals = self._walker.known.referrals.get(cut.apex, {}).values()
        return cut.apex == dns.name.root or any(
            rrset.rdtype == dns.rdatatype.DS
            for response in referrals
            for rrset in response.message.authority
        )

    async def every_address(self, cut: ZoneCut) -> list[ServerAddress]:
        """List every address of every name server of a zone, including those not to be queried."""
        zone = await self._walker.zone(cut)
        return [
            ServerAddress(server.name, endpoint)
            for server in zone.nameservers
            for endpoint in server.endpoints
        ]

    async def names(self, cut: ZoneCut) -> dict[Endpoint, dns.name.Name]:
        """Return a zone's addresses that may be queried, each with its name server."""
        if self.is_registry(cut):
            return await self.alternatives(cut)
        places = await self.every_address(cut)
        return {place.endpoint: place.nameserver for place in places if place.nameserver}

    async def alternatives(self, cut: ZoneCut) -> dict[Endpoint, dns.name.Name]:
        """Return interchangeable addresses of a zone, each with its name server."""
        known_cut, known = self._alternatives.get(cut.apex, (None, {}))
        if known_cut is cut:
            return known
        addresses = [(name, e) for name, glue in cut.nameservers.items() for e in glue]
        if not addresses:
            own = await together(self._walker.addresses(name) for name in cut.nameservers)
            return {
                endpoint: name
                for name, addresses_of in zip(cut.nameservers, own, strict=True)
                for endpoint in addresses_of.endpoints
                if self.may_ask(endpoint)
            }
        found = {endpoint: name for name, endpoint in addresses if self.may_ask(endpoint)}
        self._alternatives[cut.apex] = cut, found
        return found
