"""Finds zone cuts in the answers of single servers, with and without referrals.

A server may refer further down than to the next zone, may hold parent and child alike and never
refer, may deny a name together with its ancestors, or may lag behind the others of its zone.
Decides which zone comes next from the answers for the names in between; `walker` decides which
servers to query and when a walk ends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

from certbot_dns_preflight.facts.answers import Response
from certbot_dns_preflight.resolve.cache import ZoneCut
from certbot_dns_preflight.resolve.fanout import ask_any
from certbot_dns_preflight.resolve.reading import rrset_at
from certbot_dns_preflight.resolve.referrals import find_referral, is_usable, one_below, with_glue

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from certbot_dns_preflight.facts.answers import Endpoint
    from certbot_dns_preflight.resolve.cache import DelegationCache
    from certbot_dns_preflight.resolve.exchange import Exchange

_MOST_LABELS = 4  # below a registry's zone, in a name that it may sell


async def apex_of(
    exchange: Exchange,
    cut: ZoneCut,
    owner: dns.name.Name,
    endpoint: Endpoint,
    message: dns.message.Message,
) -> dns.name.Name:
    """Find the apex of the zone that answered: a server may hold parent and child alike."""
    name = owner
    while True:
        alias = any(
            rrset.rdtype in (dns.rdatatype.CNAME, dns.rdatatype.DNAME) for rrset in message.answer
        )
        soa = next(
            (
                rrset.name
                for rrset in (*message.answer, *message.authority)
                if rrset.rdtype == dns.rdatatype.SOA and name.is_subdomain(rrset.name)
            ),
            None,
        )
        if not alias:
            # Without an SOA (a broken negative answer), rely on the delegation.
            if soa is None or not soa.is_subdomain(cut.apex):
                return cut.apex
            return owner.split(len(soa))[1]  # in the letter case of the queried name
        # The SOA beside an alias is the target's; the parent name lies in the same zone.
        name = name.parent()
        if name == cut.apex or not name.is_subdomain(cut.apex):
            return cut.apex
        reply = await exchange.ask(endpoint, name, dns.rdatatype.SOA)
        if not isinstance(reply, Response):
            return cut.apex
        message = reply.message


def referred(
    cache: DelegationCache,
    cut: ZoneCut,
    owner: dns.name.Name,
    referral: dns.rrset.RRset,
    got: tuple[Endpoint, Response],
) -> ZoneCut:
    """Build a zone cut from a referral, and remember what came with it about its DS."""
    endpoint, response = got
    apex = owner.split(len(referral.name))[1]  # in the letter case of the queried name
    cache.note_referral(apex, endpoint, response)
    return ZoneCut(apex, cut.apex, with_glue(referral, response.message, cut.apex))


async def first_zone(
    exchange: Exchange,
    cache: DelegationCache,
    cut: ZoneCut,
    names: Iterable[dns.name.Name],
    endpoint: Endpoint,
) -> ZoneCut | None:
    """Find the first of these names, from the top, that is a zone apex.

    A server that holds zones further down answers from the lowest one it has, or refers down from
    there. A resolver goes down label by label (RFC 9156): it meets each zone on the way, with or
    without its own DS, and follows any delegation that leads elsewhere.
    """
    for name in names:
        reply = await exchange.ask(endpoint, name, dns.rdatatype.NS)
        if not isinstance(reply, Response):
            continue
        referral = find_referral(reply.message, cut.apex, name)
        if referral is not None:
            return referred(cache, cut, name, referral, (endpoint, reply))
        ns = rrset_at(reply.message.answer, name, dns.rdatatype.NS)
        if ns is not None:
            glue = with_glue(ns, reply.message, cut.apex)
            return ZoneCut(name, cut.apex, glue, referred=False, known_at=(endpoint,))
    return None


def names_between(apex: dns.name.Name, below: dns.name.Name) -> list[dns.name.Name]:
    """List the names strictly between a zone's apex and a name below it, from the top."""
    names = []
    name = below.parent()
    while len(name) > len(apex):
        names.append(name)
        name = name.parent()
    return names[::-1]


async def denied(
    exchange: Exchange, cut: ZoneCut, owner: dns.name.Name, endpoint: Endpoint
) -> dns.name.Name | None:
    """Find the topmost name that a registry denies, not one missing inside a domain there."""
    name = one_below(cut.apex, owner)
    for _ in range(_MOST_LABELS):
        if name == owner:
            return owner if len(name) == len(cut.apex) + 1 else None
        if await _is_nxdomain(exchange, name, endpoint):
            return name
        name = one_below(name, owner)
    return None


async def _is_nxdomain(exchange: Exchange, name: dns.name.Name, endpoint: Endpoint) -> bool:
    reply = await exchange.ask(endpoint, name, dns.rdatatype.SOA)
    return isinstance(reply, Response) and reply.message.rcode() == dns.rcode.NXDOMAIN


async def lagging_delegation(
    exchange: Exchange,
    cache: DelegationCache,
    cut: ZoneCut,
    domain: dns.name.Name,
    endpoints: Collection[Endpoint],
) -> ZoneCut | None:
    """Check whether another server of the zone knows a delegation: one of them may lag."""
    if cut.apex == dns.name.root:
        return None  # it has many servers, all alike
    got = await ask_any(
        exchange,
        endpoints,
        domain,
        dns.rdatatype.SOA,
        usable=lambda response: is_usable(response.message, cut.apex, domain),
    )
    referral = got and find_referral(got[1].message, cut.apex, domain)
    return referred(cache, cut, domain, referral, got) if got and referral else None
