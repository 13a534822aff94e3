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
from certbot_dns_preflight.facts.obstacle import NoSuchDomain
from certbot_dns_preflight.facts.registry import is_registry
from certbot_dns_preflight.resolve.cache import ZoneCut
from certbot_dns_preflight.resolve.fanout import ask_any
from certbot_dns_preflight.resolve.reading import is_silence, is_sound, rrset_at
from certbot_dns_preflight.resolve.referrals import find_referral, is_usable, one_below, with_glue

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from certbot_dns_preflight.facts.answers import Endpoint, Reply
    from certbot_dns_preflight.resolve.cache import DelegationCache
    from certbot_dns_preflight.resolve.exchange import Exchange

MOST_PASSED = 10
"""Names that Unbound asks about on its way down, one by one."""
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
        if soa is not None and not alias:
            # If it is no zone below the delegation's, rely on the delegation.
            if not soa.is_subdomain(cut.apex):
                return cut.apex
            return owner.split(len(soa))[1]  # in the letter case of the queried name
        # The SOA beside an alias is the target's; a broken negative answer has none. The parent
        # name lies in the same zone.
        if name == cut.apex:
            return cut.apex
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


def referred_deeper(
    cache: DelegationCache, cut: ZoneCut, owner: dns.name.Name, got: tuple[Endpoint, Response]
) -> bool:
    """Take a referral to a zone below `cut` that other servers deny; False if it is none."""
    referral = find_referral(got[1].message, cut.apex, owner)
    if referral is None:
        return False
    cache.go_deeper(referred(cache, cut, owner, referral, got))
    return True


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
        found = await _zone_at(exchange, cache, cut, name, endpoint)
        if isinstance(found, ZoneCut):
            return found
    return None


async def zone_beside(
    exchange: Exchange,
    cache: DelegationCache,
    cut: ZoneCut,
    apex: dns.name.Name,
    endpoint: Endpoint,
) -> ZoneCut | None:
    """Find the first zone on the way to an apex that a server of the zone above holds, by its SOA.

    If it does not answer for the NS records there, it serves the zone for all that is known.
    """
    names = (*names_between(cut.apex, apex), apex)
    found = await first_zone(exchange, cache, cut, names[:-1], endpoint)
    last = found or await _zone_at(exchange, cache, cut, apex, endpoint)
    if isinstance(last, ZoneCut):
        return last
    if is_sound(last):
        return None
    servers = {name: glue for name, glue in cut.nameservers.items() if endpoint in glue}
    return ZoneCut(apex, cut.apex, servers, referred=False, known_at=(endpoint,))


async def _zone_at(
    exchange: Exchange,
    cache: DelegationCache,
    cut: ZoneCut,
    name: dns.name.Name,
    endpoint: Endpoint,
) -> ZoneCut | Reply:
    """Find out whether a name is a zone's apex, by its NS; return the reply if it is none."""
    reply = await exchange.ask(endpoint, name, dns.rdatatype.NS)
    if not isinstance(reply, Response):
        return reply
    referral = find_referral(reply.message, cut.apex, name)
    if referral is not None:
        return referred(cache, cut, name, referral, (endpoint, reply))
    ns = rrset_at(reply.message.answer, name, dns.rdatatype.NS)
    if ns is None:
        return reply
    glue = with_glue(ns, reply.message, cut.apex)
    return ZoneCut(name, cut.apex, glue, referred=False, known_at=(endpoint,))


def names_between(apex: dns.name.Name, below: dns.name.Name) -> list[dns.name.Name]:
    """List the names strictly between a zone's apex and a name below it, from the top."""
    return [below.split(labels)[1] for labels in range(len(apex) + 1, len(below))]


def passed_names(
    lineage: Sequence[ZoneCut],
    question: tuple[dns.name.Name, dns.rdatatype.RdataType | None],
    *,
    asked: Collection[tuple[dns.name.Name, dns.rdatatype.RdataType | None]],
) -> Iterator[tuple[dns.name.Name, dns.name.Name]]:
    """Yield the names that Unbound asks about on its way to a TXT, each with the zone it is in.

    Those are the names between, unless CAA is `asked` for there, and each apex that the servers
    above may hold, too: on its way to the keys, it asks these. One of them does if it is a name
    server of both zones, whichever of them referred to the lower one.
    """
    name, rdtype = question
    if rdtype != dns.rdatatype.TXT:
        return
    for above, cut in zip((None, *lineage), lineage, strict=False):
        shared = above is not None and not above.nameservers.keys().isdisjoint(cut.nameservers)
        if (shared or not cut.referred) and not is_registry(cut.apex):
            yield cut.apex, cut.apex
    apex = lineage[-1].apex
    for passed in names_between(apex, name)[:MOST_PASSED]:
        if (passed, dns.rdatatype.CAA) not in asked:
            yield apex, passed


async def label_by_label(
    exchange: Exchange,
    cache: DelegationCache,
    cut: ZoneCut,
    owner: dns.name.Name,
    useless: dict[Endpoint, Reply],
) -> ZoneCut | None:
    """Look for the next zone as resolvers do, by NS: they need no SOA, which is `useless` here.

    If there is none, the answer to the last NS question replaces the useless one.
    """
    names = (*names_between(cut.apex, owner), owner)
    for endpoint, reply in tuple(useless.items()):
        if is_silence(reply):
            continue
        for name in names:
            found = await _zone_at(exchange, cache, cut, name, endpoint)
            if isinstance(found, ZoneCut):
                return found
            useless[endpoint] = found if is_sound(found) else reply
    return None


async def denied(  # noqa: PLR0913 - the parts of one step of a walk
    exchange: Exchange,
    cache: DelegationCache,
    cut: ZoneCut,
    owner: dns.name.Name,
    got: tuple[Endpoint, Response],
    *,
    others: Iterable[Endpoint],
) -> ZoneCut | NoSuchDomain | None:
    """Decide what a registry's NXDOMAIN means: no domain, unless `others` of its servers know it.

    None if it is a name inside a domain there that is missing.
    """
    endpoint, response = got
    domain = await _topmost_denied(exchange, cut, owner, endpoint)
    if domain is None:
        return None
    cache.denials.setdefault(domain, {})[endpoint] = response
    left = [other for other in others if other != endpoint]
    lagging = await _lagging_delegation(exchange, cache, cut, domain, left)
    return lagging or NoSuchDomain(domain, cut.apex)


async def _topmost_denied(
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


async def _lagging_delegation(
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
