"""Looks up the domain's own A and AAAA at its authoritative servers: where clients connect to.

Follows aliases. One answer is enough: this does not check whether all servers agree.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import dns.name
import dns.rdatatype

from certbot_dns_preflight.facts.obstacle import NoSuchDomain
from certbot_dns_preflight.resolve.cache import ZoneCut
from certbot_dns_preflight.resolve.fanout import ask_any
from certbot_dns_preflight.resolve.queries import SINGLE_TRY
from certbot_dns_preflight.resolve.reading import rrset_at
from certbot_dns_preflight.resolve.referrals import ADDRESS_TYPES, is_authoritative
from certbot_dns_preflight.resolve.tasks import together

if TYPE_CHECKING:
    from collections.abc import Collection

    from certbot_dns_preflight.resolve.exchange import Exchange
    from certbot_dns_preflight.resolve.walker import Walker

_MOST_HOPS = 8


class DomainAddresses:
    """Resolves domains with the run's walks."""

    def __init__(self, exchange: Exchange, walker: Walker, families: Collection[int]) -> None:
        """Share the run's walker; `families` (4, 6) are the ones allowed for queries."""
        self._exchange = exchange
        self._walker = walker
        self._families = families

    async def resolve(self, domain: dns.name.Name) -> frozenset[str] | None:
        """Find the domain's A and AAAA, following aliases; None if unknown."""
        answers = await together(self._one_type(domain, rdtype) for rdtype in ADDRESS_TYPES)
        known = frozenset(address for answer in answers for address in answer or ())
        return None if not known and None in answers else known

    async def _one_type(
        self, domain: dns.name.Name, rdtype: dns.rdatatype.RdataType
    ) -> tuple[str, ...] | None:
        name = domain
        for _ in range(_MOST_HOPS):
            found = await self._walker.find_home(name)
            if not isinstance(found, ZoneCut):
                return () if isinstance(found, NoSuchDomain) else None
            zone = await self._walker.zone(found)
            got = await ask_any(
                self._exchange,
                [
                    endpoint
                    for nameserver in zone.nameservers
                    for endpoint in nameserver.endpoints
                    if endpoint.family in self._families
                ],
                name,
                rdtype,
                usable=lambda response: is_authoritative(response.message),
                how=SINGLE_TRY,
            )
            if got is None:
                return None
            rrset = rrset_at(got[1].message.answer, name, rdtype)
            if rrset is not None:
                return tuple(rdata.address for rdata in rrset)
            alias = rrset_at(got[1].message.answer, name, dns.rdatatype.CNAME)
            if alias is None:
                return ()
            name = alias[0].target
        return None
