"""Collects the NS sets of a zone: the parent's delegation and the zone's own NS RRset.

Queries every server that should know, with full patience: a name server must not be missed because
the one server that lists it was slow, or failed once. Servers that did not answer are named.
Registry servers are interchangeable, so one is heard, or as many as the caller wants.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import dns.message
import dns.name
import dns.rcode
import dns.rdatatype

from certbot_dns_preflight.facts.answers import NoResponse, NoResponseReason, Response
from certbot_dns_preflight.facts.registry import is_registry
from certbot_dns_preflight.facts.zone import ParentAnswer, Unheard
from certbot_dns_preflight.resolve.fanout import ask_any, ask_each_server
from certbot_dns_preflight.resolve.reading import rrset_at
from certbot_dns_preflight.resolve.referrals import (
    find_referral,
    is_authoritative,
    merge,
    targets,
    useless_words,
    with_glue,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from certbot_dns_preflight.facts.answers import Endpoint, Reply
    from certbot_dns_preflight.resolve.cache import DelegationCache, ZoneCut
    from certbot_dns_preflight.resolve.exchange import Exchange

    Servers = Mapping[dns.name.Name, tuple[Endpoint, ...]]


@dataclass(slots=True)
class Delegation:
    """The parent's view: name servers with their glue, and the answer of each parent server."""

    nameservers: dict[dns.name.Name, tuple[Endpoint, ...]] = field(default_factory=dict)
    answers: list[ParentAnswer] = field(default_factory=list)
    unheard: tuple[Unheard, ...] = ()


@dataclass(slots=True)
class ApexSet:
    """The zone's own view: each name server with the addresses that list it."""

    nameservers: dict[dns.name.Name, frozenset[Endpoint]] = field(default_factory=dict)
    unheard: dict[dns.name.Name, Unheard] = field(default_factory=dict)

    @property
    def heard(self) -> frozenset[Endpoint]:
        """The addresses that gave a set."""
        return frozenset().union(*self.nameservers.values())


class NsSets:
    """Queries NS sets, and reuses what the walks have already learned."""

    def __init__(self, exchange: Exchange, cache: DelegationCache) -> None:
        """Share the walks' cache."""
        self._exchange = exchange
        self._known = cache

    async def delegation(
        self,
        cut: ZoneCut,
        parent: ZoneCut,
        servers: Servers,
        *,
        of_a_registry: int = 1,
        anew: bool = False,
    ) -> Delegation:
        """Query the parent zone for the delegation; `servers` are its name servers.

        For a registry, hear `of_a_registry` of them. `anew`: ignore what the walks already learned.
        """
        found = Delegation()
        replies: dict[Endpoint, Reply] = {}
        if not anew:
            replies |= self._known.denials.get(cut.apex, {})
            replies |= self._known.referrals.get(cut.apex, {})
        if is_registry(parent.apex):
            enough = min(of_a_registry, len(servers))
            replies.update(await self._ask_registry(cut, parent, servers, replies, enough))
        else:
            replies.update(await self._ask_parent(cut, parent, servers, replies))
        found.answers += _answers(servers, replies, cut.apex, parent.apex)
        for endpoint, reply in replies.items():
            if not isinstance(reply, Response):
                continue
            referral = find_referral(reply.message, parent.apex, cut.apex)
            if referral is not None and referral.name == cut.apex:
                self._known.note_referral(cut.apex, endpoint, reply)
                merge(found.nameservers, with_glue(referral, reply.message, parent.apex))
        if not is_registry(parent.apex):
            heard = {answer.nameserver for answer in found.answers}
            found.unheard = tuple(_unheard(parent.apex, servers, replies, heard).values())
        return found

    async def _ask_parent(
        self, cut: ZoneCut, parent: ZoneCut, servers: Servers, known: Mapping[Endpoint, Reply]
    ) -> dict[Endpoint, Reply]:
        return await ask_each_server(
            self._exchange,
            {
                name: endpoints
                for name, endpoints in servers.items()
                if endpoints and known.keys().isdisjoint(endpoints)
            },
            cut.apex,
            dns.rdatatype.NS,
            usable=lambda reply: _parents_answer(reply.message, cut.apex, parent.apex) is not None,
        )

    async def _ask_registry(
        self,
        cut: ZoneCut,
        parent: ZoneCut,
        servers: Servers,
        known: Mapping[Endpoint, Reply],
        enough: int,
    ) -> dict[Endpoint, Reply]:
        replies: dict[Endpoint, Reply] = {}
        asked = {
            name for name, endpoints in servers.items() if not known.keys().isdisjoint(endpoints)
        }
        while len(asked) < enough:
            whose = {
                endpoint: name
                for name, endpoints in servers.items()
                if name not in asked
                for endpoint in endpoints
            }
            got = await ask_any(
                self._exchange,
                whose,
                cut.apex,
                dns.rdatatype.NS,
                usable=lambda reply: (
                    _parents_answer(reply.message, cut.apex, parent.apex) is not None
                ),
            )
            if got is None:
                break
            replies[got[0]] = got[1]
            asked.add(whose[got[0]])
        return replies

    async def apex(self, cut: ZoneCut, servers: Servers, into: ApexSet) -> None:
        """Query these name servers for the NS RRset at the apex, and add their answers."""
        replies = await ask_each_server(
            self._exchange,
            {name: endpoints for name, endpoints in servers.items() if endpoints},
            cut.apex,
            dns.rdatatype.NS,
            usable=lambda reply: bool(_apex_set(reply.message, cut.apex)),
        )
        heard = set()
        for name, endpoints in servers.items():
            for endpoint in endpoints:
                reply = replies.get(endpoint)
                if not isinstance(reply, Response) or not _apex_set(reply.message, cut.apex):
                    continue
                heard.add(name)
                for target in _apex_set(reply.message, cut.apex):
                    said_by = into.nameservers.get(target, frozenset())
                    into.nameservers[target] = said_by | {endpoint}
        for name in heard:
            into.unheard.pop(name, None)
        into.unheard.update(_unheard(cut.apex, servers, replies, heard))


def _apex_set(message: dns.message.Message, apex: dns.name.Name) -> list[dns.name.Name]:
    """Read a zone's own NS set; empty if the message does not contain it."""
    ns = rrset_at(message.answer, apex, dns.rdatatype.NS)
    return targets(ns) if ns and is_authoritative(message) else []


def _parents_answer(
    message: dns.message.Message, apex: dns.name.Name, parent: dns.name.Name
) -> tuple[bool, frozenset[dns.name.Name] | None, str | None] | None:
    """Read a parent server's answer about a delegation; None if it says nothing about it.

    Returns whether it refers, to which name servers, and how it denies. A server that holds the
    child zone too answers for it, and has no need to refer.
    """
    referral = find_referral(message, parent, apex)
    if referral is not None:
        return (True, frozenset(targets(referral)), None) if referral.name == apex else None
    if not is_authoritative(message):
        return None
    own = rrset_at(message.answer, apex, dns.rdatatype.NS)
    if own is not None:
        return False, frozenset(targets(own)), None
    soa = next((r.name for r in message.authority if r.rdtype == dns.rdatatype.SOA), None)
    if message.answer or (soa is not None and soa.is_subdomain(apex)):
        return None
    nxdomain = message.rcode() == dns.rcode.NXDOMAIN
    return False, None, "NXDOMAIN" if nxdomain else "NODATA"


def _answers(
    servers: Servers,
    replies: Mapping[Endpoint, Reply],
    apex: dns.name.Name,
    parent: dns.name.Name,
) -> Iterator[ParentAnswer]:
    """Read the answer of each parent server."""
    for name, endpoints in servers.items():
        for endpoint in endpoints:
            reply = replies.get(endpoint)
            if not isinstance(reply, Response):
                continue
            answer = _parents_answer(reply.message, apex, parent)
            if answer is not None:
                refers, ns, denial = answer
                yield ParentAnswer(name, endpoint, ns, denial, referral=refers)


def _unheard(
    zone: dns.name.Name,
    servers: Servers,
    replies: Mapping[Endpoint, Reply],
    heard: set[dns.name.Name],
) -> dict[dns.name.Name, Unheard]:
    """List the servers that could be queried but told nothing, with what came instead."""
    unheard = {}
    for name, endpoints in servers.items():
        came = [replies[endpoint] for endpoint in endpoints if endpoint in replies]
        if name in heard or all(map(_has_no_route, came)):
            continue
        words = dict.fromkeys(useless_words(reply) for reply in came if not _has_no_route(reply))
        unheard[name] = Unheard(zone, name, tuple(endpoints), ", ".join(words))
    return unheard


def _has_no_route(reply: Reply) -> bool:
    return isinstance(reply, NoResponse) and reply.reason is NoResponseReason.NO_ROUTE
