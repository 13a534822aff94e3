"""Queries a registry for the CAA at a domain below it, which leads to the domain's zone.

A resolver with an empty cache sends a CA's question to the servers of the registry first, which
must pass it on. The walk has to ask them anyway: by asking this, it learns both with one query.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import dns.name
import dns.rcode
import dns.rdatatype

from certbot_dns_preflight.facts.registry import is_registry, registered_domain
from certbot_dns_preflight.resolve.fanout import ask_any
from certbot_dns_preflight.resolve.reading import is_sound
from certbot_dns_preflight.resolve.referrals import find_referral

if TYPE_CHECKING:
    from collections.abc import Collection

    from certbot_dns_preflight.facts.answers import Endpoint, Response
    from certbot_dns_preflight.resolve.cache import DelegationCache, ZoneCut
    from certbot_dns_preflight.resolve.exchange import Exchange

_CAA = dns.rdatatype.CAA


class BelowRegistries:
    """Asks for a run's walks."""

    def __init__(self, exchange: Exchange) -> None:
        """Share the walks' exchange."""
        self._exchange = exchange
        self._undelegated: set[tuple[dns.name.Name, dns.name.Name]] = set()

    async def referral(
        self, cut: ZoneCut, owner: dns.name.Name, endpoints: Collection[Endpoint]
    ) -> tuple[Endpoint, Response] | None:
        """Return an address that refers on for CAA, and its answer; None if that is of no use.

        Names between the registry and the domain, as in city.example, are passed over.
        """
        if cut.parent is None or not is_registry(cut.apex) or is_registry(owner):
            return None
        domain = registered_domain(owner)
        while (cut.apex, domain) in self._undelegated:
            if domain == owner:
                return None
            domain = owner.split(len(domain) + 1)[1]
        got = await ask_any(
            self._exchange,
            endpoints,
            domain,
            _CAA,
            usable=lambda response: is_sound(response) or _refers(response, cut.apex, domain),
        )
        if got is not None and _refers(got[1], cut.apex, domain):
            return got
        if got is None or not _lies_in(got[1], cut.apex):
            return None
        self._undelegated.add((cut.apex, domain))
        return await self.referral(cut, owner, endpoints)


def let_caa_pass(cache: DelegationCache, apex: dns.name.Name) -> bool:
    """Return whether the servers above a zone referred a query for its CAA to it."""
    return any(
        (question.name, question.rdtype) == (apex, _CAA)
        for response in cache.referrals.get(apex, {}).values()
        for question in response.message.question
    )


def _lies_in(response: Response, registry: dns.name.Name) -> bool:
    """Return whether a name exists, and has no zone of its own."""
    return response.message.rcode() == dns.rcode.NOERROR and any(
        rrset.rdtype == dns.rdatatype.SOA and rrset.name == registry
        for rrset in response.message.authority
    )


def _refers(response: Response, registry: dns.name.Name, domain: dns.name.Name) -> bool:
    return find_referral(response.message, registry, domain) is not None
