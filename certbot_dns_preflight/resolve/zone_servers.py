"""Whom to ask in a zone. Decides nothing of what is asked, nor what answers mean.

In a zone of a person or company every address is asked. The servers of a registry are many, alike
and looked after: there one that answers will do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.facts.dnssec import ServerAddress
from certbot_dns_preflight.facts.registry import is_registry
from certbot_dns_preflight.resolve.tasks import together

if TYPE_CHECKING:
    from collections.abc import Collection

    import dns.name

    from certbot_dns_preflight.facts.answers import Endpoint
    from certbot_dns_preflight.resolve.cache import ZoneCut
    from certbot_dns_preflight.resolve.walker import Walker


class ZoneServers:
    """The servers of the zones that a walker finds."""

    def __init__(self, walker: Walker, families: Collection[int]) -> None:
        """Take the address families (4, 6) that may be asked over."""
        self._walker = walker
        self._families = families
        # Where the glue tells: for all names below a registry's zone it is the same.
        self._alternatives: dict[dns.name.Name, tuple[ZoneCut, dict[Endpoint, dns.name.Name]]] = {}

    def may_ask(self, endpoint: Endpoint) -> bool:
        """Whether an address is of a family that may be asked over."""
        return endpoint.family in self._families

    @staticmethod
    def is_registry(cut: ZoneCut) -> bool:
        """Whether a zone is the root's, a top-level domain's or another registry's."""
        return is_registry(cut.apex)

    async def every_address(self, cut: ZoneCut) -> list[ServerAddress]:
        """List every address of every name server of a zone, also those that may not be asked."""
        zone = await self._walker.zone(cut)
        return [
            ServerAddress(server.name, endpoint)
            for server in zone.nameservers
            for endpoint in server.endpoints
        ]

    async def names(self, cut: ZoneCut) -> dict[Endpoint, dns.name.Name]:
        """Say whose the addresses of a zone are that may be asked."""
        if self.is_registry(cut):
            return await self.alternatives(cut)
        places = await self.every_address(cut)
        return {place.endpoint: place.nameserver for place in places if place.nameserver}

    async def alternatives(self, cut: ZoneCut) -> dict[Endpoint, dns.name.Name]:
        """Give addresses of a zone, one as good to ask as another, and whose they are."""
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
