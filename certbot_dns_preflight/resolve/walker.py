"""The walk to the authority: from the root (or a resolver) to the zone that holds a name.

Decides which zone an owner name lies in; who serves it is for `name_servers` to say, and where a
resolver is to lead the way, `via_resolver` asks it. All ask for SOA, NS, A and AAAA only, never for
the TXT, and follow no alias: that is `txt`. Walks of one run share what they learn.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

from certbot_dns_preflight.facts.answers import Endpoint, Response
from certbot_dns_preflight.facts.registry import is_registry
from certbot_dns_preflight.facts.survey import (
    Intercepted,
    NoEgress,
    NoSuchDomain,
    RegistryFails,
)
from certbot_dns_preflight.resolve.cache import DelegationCache, ZoneCut
from certbot_dns_preflight.resolve.fanout import ask_any
from certbot_dns_preflight.resolve.name_servers import NameServers
from certbot_dns_preflight.resolve.reading import rrset_at
from certbot_dns_preflight.resolve.referrals import (
    find_referral,
    is_authoritative,
    is_usable,
    one_below,
    useless_words,
    with_glue,
)
from certbot_dns_preflight.resolve.via_resolver import Discovery

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from certbot_dns_preflight.facts.answers import Reply
    from certbot_dns_preflight.facts.survey import Zone
    from certbot_dns_preflight.resolve.cache import Found
    from certbot_dns_preflight.resolve.exchange import Exchange
    from certbot_dns_preflight.resolve.referrals import Addresses
    from certbot_dns_preflight.resolve.root_hints import Hints

_BELOW = b"_dns-preflight"
_MOST_LABELS = 4  # below a registry's zone, of a name that it may sell
_ENOUGH_ROOTS = 3  # that don't answer as root servers, before the others are not asked


@dataclass(slots=True)
class _Turn:
    """Lets the first asker under a label go ahead; what it learns may spare the others."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    taken: bool = False


class Walker:
    """Walks, and remembers. One for a run; everything learned is shared by all its walks."""

    def __init__(
        self,
        exchange: Exchange,
        *,
        roots: Hints,
        resolvers: tuple[Endpoint, ...] = (),
        families: Collection[int] = (4, 6),
        cache: DelegationCache | None = None,
    ) -> None:
        """Begin at `roots`, or discover through `resolvers` if there are any.

        `families` (4, 6) are those whose addresses the walk itself may ask. `cache` of an
        earlier run is gone on with, and added to.
        """
        self._exchange = exchange
        self._root = ZoneCut(dns.name.root, None, roots)
        self._known = cache or DelegationCache()
        # None: nothing is known from before this run, nor since when it learns.
        self._learned_since = float("-inf") if self._known.cuts else None
        self._turns: dict[tuple[dns.name.Name, dns.name.Name], _Turn] = {}
        self._discovery = Discovery(exchange, resolvers) if resolvers else None
        self._servers = NameServers(
            exchange,
            self._known,
            root=self._root,
            find=lambda name, held: self.find(name, held=held),
            discovery=self._discovery,
            families=families,
        )

    async def close(self) -> None:
        """Stop what is still being looked for beside the rounds."""
        await self._servers.close()

    def forget(self) -> None:
        """Drop what was learned, so that a delegation mended meanwhile is seen."""
        self._known.forget()
        self._turns.clear()
        self._learned_since = asyncio.get_running_loop().time()

    def begin(self, moment: float) -> None:
        """Note that nothing was learned before this moment, but for what an earlier run knew."""
        if self._learned_since is None:
            self._learned_since = moment

    def forget_older(self, moment: float) -> None:
        """Drop what was learned, unless all of it was since a moment of the event loop's clock."""
        if self._learned_since is None or self._learned_since < moment:
            self.forget()

    async def zone(self, cut: ZoneCut, *, patience: float = 0.0) -> Zone:
        """Learn who serves a zone; `patience` as in `NameServers.zone`."""
        return await self._servers.zone(cut, patience=patience)

    async def addresses(self, name: dns.name.Name) -> Addresses:
        """Resolve a name server's addresses by a walk of its own."""
        return await self._servers.addresses(name)

    async def find_home(self, name: dns.name.Name) -> Found:
        """Find the zone that `name` lies in, itself included: it may be an apex.

        Through a resolver a walk looks only at what is above the name given.
        """
        if self._discovery is not None:
            try:
                name = dns.name.Name((_BELOW, *name.labels))
            except dns.exception.DNSException:  # too long: the name itself must do
                return await self.find(name)
        return await self.find(name)

    async def find(self, owner: dns.name.Name, *, held: tuple[dns.name.Name, ...] = ()) -> Found:
        """Find the zone that `owner` lies in: the deepest zone cut at or above it."""
        if owner in self._known.homes:
            return self._known.homes[owner]
        cut = await self._start(owner)
        while isinstance(cut, ZoneCut):
            endpoints = await self._servers.endpoints(cut, held=held)
            turn = self._turns.setdefault((cut.apex, one_below(cut.apex, owner)), _Turn())
            async with contextlib.AsyncExitStack() as stack:
                if not turn.taken:
                    await stack.enter_async_context(turn.lock)
                deeper = self._known.closest(owner)
                if deeper is not None and deeper.apex != cut.apex:
                    cut = deeper
                    continue
                if owner in self._known.homes:
                    return self._known.homes[owner]
                step = await self._step(cut, owner, endpoints, held=held)
                turn.taken = True
                if not isinstance(step, ZoneCut):
                    return step
                if step.apex == cut.apex:
                    return step
                cut = self._known.cuts.setdefault(step.apex, step)
        return cut

    def refer(
        self, cut: ZoneCut, owner: dns.name.Name, endpoint: Endpoint, response: Response
    ) -> bool:
        """Take a referral to a zone below `cut` that the walk to `owner` did not meet.

        Servers of one zone may differ about a delegation; resolvers that are referred go there.
        False: it is none.
        """
        referral = find_referral(response.message, cut.apex, owner)
        if referral is None or self._discovery is not None:
            return False
        below = self._referred(cut, owner, referral, (endpoint, response))
        self._known.cuts.setdefault(below.apex, below)
        for name in [n for n in self._known.homes if n.is_subdomain(below.apex)]:
            del self._known.homes[name]
        return True

    def referrals(self, apex: dns.name.Name) -> Mapping[Endpoint, Response]:
        """Give the answers that led to a zone, by the address of the zone above that gave them."""
        return self._known.referrals.get(apex, {})

    def lineage(self, cut: ZoneCut) -> tuple[ZoneCut, ...]:
        """Give the cuts from the root, or the first one that a resolver led to, down to `cut`."""
        cuts = [cut]
        while cuts[0].parent is not None:
            above = (
                self._root
                if cuts[0].parent == dns.name.root
                else self._known.cuts.get(cuts[0].parent)
            )
            if above is None:
                break
            cuts.insert(0, above)
        return tuple(cuts)

    # -- steps -----------------------------------------------------------------------------------

    async def _start(self, owner: dns.name.Name) -> Found:
        closest = self._known.closest(owner)
        if closest is not None:
            return closest
        if self._discovery is None:
            return self._root
        found = await self._discovery.find(owner)
        return (
            self._known.cuts.setdefault(found.apex, found) if isinstance(found, ZoneCut) else found
        )

    async def _step(  # noqa: PLR0911 - one return a way on, or an end
        self,
        cut: ZoneCut,
        owner: dns.name.Name,
        endpoints: tuple[Endpoint, ...],
        *,
        held: tuple[dns.name.Name, ...],
    ) -> Found:
        """Go one zone down from `cut`, or stay where it is the owner's zone."""
        if self._known.obstacle is not None:
            return self._known.obstacle
        useless: dict[Endpoint, Reply] = {}
        got = await self._ask(cut, owner, endpoints, useless)
        if got is None and cut is not self._root:
            more = await self._servers.further(cut, endpoints, held=held)
            got = await self._ask(cut, owner, more, useless)
        if got is None:
            return self._nothing_usable(cut, endpoints, useless)
        if cut is self._root and not await self._is_root(*got):
            return self._intercepted(dict([got]))
        endpoint, response = got
        message = response.message
        referral = find_referral(message, cut.apex, owner)
        if referral is not None:
            above = _names_between(cut.apex, referral.name)
            passed = await self._first_zone(cut, above, endpoint)
            return passed or self._referred(cut, owner, referral, got)
        apex = await self._apex(cut, owner, endpoint, message)
        if apex != cut.apex:
            names = (*_names_between(cut.apex, apex), apex)
            return await self._first_zone(cut, names, endpoint) or cut
        if message.rcode() == dns.rcode.NXDOMAIN and is_registry(cut.apex):
            domain = await self._denied(cut, owner, endpoint)
            if domain is not None:
                self._known.denials.setdefault(domain, {})[endpoint] = response
                others = [other for other in endpoints if other != endpoint]
                lagging = await self._delegated_elsewhere(cut, domain, others)
                return lagging or NoSuchDomain(domain, cut.apex)
        self._known.homes[owner] = cut
        return cut

    async def _ask(
        self,
        cut: ZoneCut,
        owner: dns.name.Name,
        endpoints: tuple[Endpoint, ...],
        useless: dict[Endpoint, Reply],
    ) -> tuple[Endpoint, Response] | None:
        return await ask_any(
            self._exchange,
            endpoints,
            owner,
            dns.rdatatype.SOA,
            usable=lambda response: is_usable(response.message, cut.apex, owner),
            useless=useless,
            # The root's servers are many; that all are broken in this way, nobody has seen.
            hopeless=_are_no_roots if cut is self._root else None,
        )

    def _nothing_usable(
        self, cut: ZoneCut, endpoints: tuple[Endpoint, ...], useless: Mapping[Endpoint, Reply]
    ) -> Found:
        heard = {e: reply for e, reply in useless.items() if isinstance(reply, Response)}
        if cut is self._root and heard:
            return self._intercepted(heard)
        if cut.parent is None and not self._exchange.answered:
            return NoEgress(endpoints)
        if is_registry(cut.apex):
            said = tuple((e, useless_words(reply)) for e, reply in sorted(useless.items()))
            return RegistryFails(cut.apex, said, heard=bool(heard))
        return cut  # its servers give nothing usable: the survey shows how, one by one

    def _intercepted(self, heard: Mapping[Endpoint, Response]) -> Intercepted:
        found = Intercepted(
            tuple((e, useless_words(reply)) for e, reply in sorted(heard.items())),
            recursive=all(reply.message.flags & dns.flags.RA for reply in heard.values()),
        )
        self._known.obstacle = found
        return found

    async def _is_root(self, endpoint: Endpoint, response: Response) -> bool:
        """Whether a root server answers: it offers no recursion, and its answers come from a zone.

        Where that seems not so, it is asked for the root's own SOA, which a root server has.
        """
        message = response.message
        has_soa = any(rrset.rdtype == dns.rdatatype.SOA for rrset in message.authority)
        refers = not message.flags & dns.flags.AA
        if not message.flags & dns.flags.RA and (refers or has_soa or message.answer):
            return True
        reply = await self._exchange.ask(endpoint, dns.name.root, dns.rdatatype.SOA)
        return (
            isinstance(reply, Response)
            and is_authoritative(reply.message)
            and rrset_at(reply.message.answer, dns.name.root, dns.rdatatype.SOA) is not None
        )

    async def _apex(
        self,
        cut: ZoneCut,
        owner: dns.name.Name,
        endpoint: Endpoint,
        message: dns.message.Message,
    ) -> dns.name.Name:
        """Find the apex of the zone that answered: a server may hold parent and child alike."""
        name = owner
        while True:
            alias = any(
                rrset.rdtype in (dns.rdatatype.CNAME, dns.rdatatype.DNAME)
                for rrset in message.answer
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
                # Without an SOA (a broken negative answer) the delegation's word must do.
                if soa is None or not soa.is_subdomain(cut.apex):
                    return cut.apex
                return owner.split(len(soa))[1]  # in the letters of the name asked for
            # The SOA beside an alias is the target's; the name above lies in the same zone.
            name = name.parent()
            if name == cut.apex or not name.is_subdomain(cut.apex):
                return cut.apex
            reply = await self._exchange.ask(endpoint, name, dns.rdatatype.SOA)
            if not isinstance(reply, Response):
                return cut.apex
            message = reply.message

    async def _first_zone(
        self, cut: ZoneCut, names: Iterable[dns.name.Name], endpoint: Endpoint
    ) -> ZoneCut | None:
        """Find the first of these names, from the top, that is a zone of its own.

        A server that holds zones further down answers from the lowest one that it has, or refers
        down from there. A resolver goes down label by label (RFC 9156): it meets each zone on the
        way, with a DS of its own or none, and one that is delegated elsewhere leads it away.
        """
        for name in names:
            reply = await self._exchange.ask(endpoint, name, dns.rdatatype.NS)
            if not isinstance(reply, Response):
                continue
            referral = find_referral(reply.message, cut.apex, name)
            if referral is not None:
                return self._referred(cut, name, referral, (endpoint, reply))
            ns = rrset_at(reply.message.answer, name, dns.rdatatype.NS)
            if ns is not None:
                glue = with_glue(ns, reply.message, cut.apex)
                return ZoneCut(name, cut.apex, glue, referred=False, known_at=(endpoint,))
        return None

    def _referred(
        self,
        cut: ZoneCut,
        owner: dns.name.Name,
        referral: dns.rrset.RRset,
        got: tuple[Endpoint, Response],
    ) -> ZoneCut:
        """Make a zone cut of a referral, and remember what came with it about its DS."""
        endpoint, response = got
        apex = owner.split(len(referral.name))[1]  # in the letters of the name asked for
        self._known.note_referral(apex, endpoint, response)
        return ZoneCut(apex, cut.apex, with_glue(referral, response.message, cut.apex))

    async def _delegated_elsewhere(
        self, cut: ZoneCut, domain: dns.name.Name, endpoints: Collection[Endpoint]
    ) -> ZoneCut | None:
        """See whether another server of the zone knows of a delegation: one of them may lag."""
        if cut.apex == dns.name.root:
            return None  # its servers are many, and alike
        got = await ask_any(
            self._exchange,
            endpoints,
            domain,
            dns.rdatatype.SOA,
            usable=lambda response: is_usable(response.message, cut.apex, domain),
        )
        referral = got and find_referral(got[1].message, cut.apex, domain)
        return self._referred(cut, domain, referral, got) if got and referral else None

    async def _denied(
        self, cut: ZoneCut, owner: dns.name.Name, endpoint: Endpoint
    ) -> dns.name.Name | None:
        """Find the uppermost name that a registry denies: not what is missing in a domain there."""
        name = one_below(cut.apex, owner)
        for _ in range(_MOST_LABELS):
            if name == owner:
                return owner if len(name) == len(cut.apex) + 1 else None
            if await self._is_nxdomain(name, endpoint):
                return name
            name = one_below(name, owner)
        return None

    async def _is_nxdomain(self, name: dns.name.Name, endpoint: Endpoint) -> bool:
        reply = await self._exchange.ask(endpoint, name, dns.rdatatype.SOA)
        return isinstance(reply, Response) and reply.message.rcode() == dns.rcode.NXDOMAIN


def _are_no_roots(useless: Mapping[Endpoint, Reply]) -> bool:
    """Whether enough addresses answered, and none as a root server."""
    return sum(isinstance(reply, Response) for reply in useless.values()) >= _ENOUGH_ROOTS


def _names_between(apex: dns.name.Name, below: dns.name.Name) -> list[dns.name.Name]:
    """List the names strictly between a zone's apex and a name below it, from the top."""
    names = []
    name = below.parent()
    while len(name) > len(apex):
        names.append(name)
        name = name.parent()
    return names[::-1]
