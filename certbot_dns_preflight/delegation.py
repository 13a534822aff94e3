"""The walk to the authority: from the root (or a resolver) to the zone that holds a name.

Decides which zone an owner name lies in, which name servers serve it (delegation and apex NS
together) and at which addresses. It asks for SOA, NS, A and AAAA only, never for the TXT, and
follows no alias: that is `surveyor`. Walks of one run share everything they learn.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeAlias

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

from certbot_dns_preflight.asking import ask_any, ask_everyone
from certbot_dns_preflight.exchange import How
from certbot_dns_preflight.referrals import (
    ADDRESS_TYPES,
    TOP_LEVEL,
    Addresses,
    find_referral,
    is_authoritative,
    is_usable,
    merge,
    one_below,
    read_addresses,
    targets,
    with_glue,
)
from certbot_dns_preflight.responses import Endpoint, Response, rrset_at
from certbot_dns_preflight.survey import Listing, NameServer, NoEgress, NoSuchDomain, Zone

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from certbot_dns_preflight.exchange import Exchange
    from certbot_dns_preflight.roothints import Hints

_DEEPEST_CHAIN = 8  # name servers whose addresses need other name servers, and so on
_RECURSIVE = How(recursion=True)


@dataclass(frozen=True, slots=True)
class Cut:
    """A zone as far as a walk needs it: its name servers, each with the glue that came along.

    `referred` False: no referral led here, one server holds this zone and the one above.
    """

    apex: dns.name.Name
    parent: dns.name.Name | None
    nameservers: Mapping[dns.name.Name, tuple[Endpoint, ...]]
    referred: bool = True


@dataclass(slots=True)
class Knowledge:
    """What walks have learned: zone cuts, addresses, who serves which zone, and where names lie.

    `silences` is the exchange's own: which addresses keep silent.
    """

    cuts: dict[dns.name.Name, Cut] = field(default_factory=dict)
    addresses: dict[dns.name.Name, Addresses] = field(default_factory=dict)
    zones: dict[dns.name.Name, Zone] = field(default_factory=dict)
    homes: dict[dns.name.Name, Cut] = field(default_factory=dict)
    silences: dict[Endpoint, int] = field(default_factory=dict)


Found: TypeAlias = Cut | NoSuchDomain | NoEgress


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
        knowledge: Knowledge | None = None,
    ) -> None:
        """Begin at `roots`, or discover through `resolvers` if there are any.

        `families` (4, 6) are those whose addresses the walk itself may ask. `knowledge` of an
        earlier run is gone on with, and added to.
        """
        self._exchange = exchange
        self._resolvers = resolvers
        self._families = families
        self._root = Cut(dns.name.root, None, roots)
        known = knowledge or Knowledge()
        self._cuts = known.cuts
        self._addresses = known.addresses
        self._zones = known.zones
        self._homes = known.homes
        self._turns: dict[tuple[dns.name.Name, dns.name.Name], _Turn] = {}
        self._resolving: dict[dns.name.Name, asyncio.Event] = {}
        self._needs: dict[dns.name.Name, set[dns.name.Name]] = {}
        self._zone_turns: dict[dns.name.Name, asyncio.Lock] = {}
        self._again: dict[dns.name.Name, asyncio.Task[None]] = {}

    async def close(self) -> None:
        """Stop what is still being looked for beside the rounds."""
        tasks = list(self._again.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def forget(self) -> None:
        """Drop what was learned, so that a delegation mended meanwhile is seen."""
        self._cuts.clear()
        self._turns.clear()
        self._addresses.clear()
        self._zones.clear()
        self._homes.clear()

    async def find(self, owner: dns.name.Name, *, held: tuple[dns.name.Name, ...] = ()) -> Found:
        """Find the zone that `owner` lies in: the deepest zone cut at or above it."""
        if owner in self._homes:
            return self._homes[owner]
        cut = await self._start(owner)
        while isinstance(cut, Cut):
            endpoints = await self._endpoints(cut, held)
            turn = self._turns.setdefault((cut.apex, one_below(cut.apex, owner)), _Turn())
            async with contextlib.AsyncExitStack() as stack:
                if not turn.taken:
                    await stack.enter_async_context(turn.lock)
                deeper = self._closest(owner)
                if deeper is not None and deeper.apex != cut.apex:
                    cut = deeper
                    continue
                if owner in self._homes:
                    return self._homes[owner]
                step = await self._step(cut, owner, endpoints)
                turn.taken = True
                if not isinstance(step, Cut):
                    return step
                if step.apex == cut.apex:
                    return step
                cut = self._cuts.setdefault(step.apex, step)
        return cut

    def lineage(self, cut: Cut) -> tuple[Cut, ...]:
        """Give the cuts from the root, or the first one that a resolver led to, down to `cut`."""
        cuts = [cut]
        while cuts[0].parent is not None:
            above = (
                self._root if cuts[0].parent == dns.name.root else self._cuts.get(cuts[0].parent)
            )
            if above is None:
                break
            cuts.insert(0, above)
        return tuple(cuts)

    async def zone(self, cut: Cut, *, patience: float = 0.0) -> Zone:
        """Learn who serves a zone: the name servers of delegation and apex, and their addresses.

        Addresses that nobody answered for are looked for again at every call, beside what the
        caller does then; `patience` are the seconds to wait for that.
        """
        async with self._zone_turns.setdefault(cut.apex, asyncio.Lock()):
            known = self._zones.get(cut.apex)
            if known is None:
                known = self._zones[cut.apex] = await self._learn(cut)
            elif any(server.unanswered for server in known.nameservers):
                task = self._again.get(cut.apex)
                if task is None:
                    task = self._again[cut.apex] = asyncio.create_task(self._resolve_again(known))
                    task.add_done_callback(lambda _: self._again.pop(cut.apex, None))
                if patience:
                    await asyncio.wait([task], timeout=patience)
                    known = self._zones.get(cut.apex, known)
            return known

    async def addresses(
        self, name: dns.name.Name, *, held: tuple[dns.name.Name, ...] = ()
    ) -> Addresses:
        """Resolve a name server's addresses by a walk of its own.

        `held` are the names whose addresses wait for this one; a circle resolves to nothing.
        """
        if len(held) >= _DEEPEST_CHAIN or self._leads_to(name, frozenset(held)):
            return Addresses((), "its address depends on itself, and there is no glue")
        needed_by = self._needs.setdefault(held[-1], set()) if held else set()
        needed_by.add(name)
        try:
            while name not in self._addresses:
                running = self._resolving.get(name)
                if running is not None:
                    await running.wait()
                    continue
                done = self._resolving[name] = asyncio.Event()
                try:
                    self._addresses[name] = await self._resolve(name, (*held, name))
                finally:
                    del self._resolving[name]
                    done.set()
            return self._addresses[name]
        finally:
            needed_by.discard(name)

    # -- steps -----------------------------------------------------------------------------------

    async def _start(self, owner: dns.name.Name) -> Found:
        closest = self._closest(owner)
        if closest is not None:
            return closest
        if not self._resolvers:
            return self._root
        return await self._through_resolver(owner)

    def _closest(self, owner: dns.name.Name) -> Cut | None:
        name = owner
        while True:
            if name in self._cuts:
                return self._cuts[name]
            if name == dns.name.root:
                return None
            name = name.parent()

    async def _step(self, cut: Cut, owner: dns.name.Name, endpoints: tuple[Endpoint, ...]) -> Found:
        """Go one zone down from `cut`, or stay where it is the owner's zone."""
        got = await ask_any(
            self._exchange,
            endpoints,
            owner,
            dns.rdatatype.SOA,
            usable=lambda response: is_usable(response.message, cut.apex, owner),
        )
        if got is None:
            if cut.parent is None and not self._exchange.answered:
                return NoEgress(endpoints)
            return cut  # its servers give nothing usable: the survey shows how, one by one
        endpoint, message = got
        referral = find_referral(message, cut.apex, owner)
        if referral is not None:
            return Cut(referral.name, cut.apex, with_glue(referral, message, cut.apex))
        apex = await self._apex(cut, owner, endpoint, message)
        if apex != cut.apex:
            return await self._nested(cut, apex, endpoint)
        if message.rcode() == dns.rcode.NXDOMAIN and len(cut.apex) <= TOP_LEVEL:
            domain = one_below(cut.apex, owner)
            if domain == owner or await self._is_nxdomain(domain, endpoint):
                others = [other for other in endpoints if other != endpoint]
                return await self._referred(cut, domain, others) or NoSuchDomain(domain, cut.apex)
        self._homes[owner] = cut
        return cut

    async def _apex(
        self,
        cut: Cut,
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
                return soa if soa is not None and soa.is_subdomain(cut.apex) else cut.apex
            # The SOA beside an alias is the target's; the name above lies in the same zone.
            name = name.parent()
            if name == cut.apex or not name.is_subdomain(cut.apex):
                return cut.apex
            reply = await self._exchange.ask(endpoint, name, dns.rdatatype.SOA)
            if not isinstance(reply, Response):
                return cut.apex
            message = reply.message

    async def _nested(self, cut: Cut, apex: dns.name.Name, endpoint: Endpoint) -> Cut:
        """Find the first zone below `cut` on a server that holds them all and never refers."""
        between = []
        name = apex
        while name != cut.apex:
            between.append(name)
            name = name.parent()
        for candidate in reversed(between):
            reply = await self._exchange.ask(endpoint, candidate, dns.rdatatype.NS)
            if not isinstance(reply, Response):
                continue
            ns = rrset_at(reply.message.answer, candidate, dns.rdatatype.NS)
            if ns is not None:
                glue = with_glue(ns, reply.message, cut.apex)
                return Cut(candidate, cut.apex, glue, referred=False)
        return cut

    async def _referred(
        self, cut: Cut, domain: dns.name.Name, endpoints: Collection[Endpoint]
    ) -> Cut | None:
        """See whether another server of the zone knows of a delegation: one of them may lag."""
        if cut.apex == dns.name.root:
            return None  # its servers are many, and alike
        for message in await ask_everyone(self._exchange, endpoints, domain, dns.rdatatype.SOA):
            referral = find_referral(message, cut.apex, domain)
            if referral is not None:
                return Cut(referral.name, cut.apex, with_glue(referral, message, cut.apex))
        return None

    async def _is_nxdomain(self, name: dns.name.Name, endpoint: Endpoint) -> bool:
        reply = await self._exchange.ask(endpoint, name, dns.rdatatype.SOA)
        return isinstance(reply, Response) and reply.message.rcode() == dns.rcode.NXDOMAIN

    async def _through_resolver(self, owner: dns.name.Name) -> Found:
        """Find the deepest zone above `owner` that the resolver knows.

        The owner name itself is never asked for there: a negative answer would stay in the
        resolver's cache for all types (RFC 8020) and for the CA to find.
        """
        names = []
        name = owner
        while name != dns.name.root:
            name = name.parent()
            names.append(name)
        answers = await asyncio.gather(
            *(self._ask_resolver(name, dns.rdatatype.SOA) for name in names)
        )
        for candidate, message in zip(names, answers, strict=True):
            if message and rrset_at(message.answer, candidate, dns.rdatatype.SOA):
                answer = await self._ask_resolver(candidate, dns.rdatatype.NS)
                ns = answer and rrset_at(answer.answer, candidate, dns.rdatatype.NS)
                if ns:
                    cut = Cut(candidate, None, {rdata.target: () for rdata in ns})
                    return self._cuts.setdefault(candidate, cut)
        if any(answers):
            return NoSuchDomain(names[0], dns.name.root)
        return NoEgress(self._resolvers)

    async def _ask_resolver(
        self, name: dns.name.Name, rdtype: dns.rdatatype.RdataType
    ) -> dns.message.Message | None:
        got = await ask_any(
            self._exchange,
            self._resolvers,
            name,
            rdtype,
            how=_RECURSIVE,
            usable=lambda response: (
                response.message.rcode() in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN)
            ),
        )
        return got[1] if got else None

    # -- name servers and their addresses --------------------------------------------------------

    async def _endpoints(self, cut: Cut, held: tuple[dns.name.Name, ...]) -> tuple[Endpoint, ...]:
        """Addresses good enough to go on with: the glue, or else what the names resolve to."""
        glue = [endpoint for endpoints in cut.nameservers.values() for endpoint in endpoints]
        if not self._usable(glue):
            found = await asyncio.gather(
                *(self.addresses(name, held=held) for name in cut.nameservers)
            )
            glue = [endpoint for addresses in found for endpoint in addresses.endpoints]
        return self._usable(glue)

    def _usable(self, endpoints: Collection[Endpoint]) -> tuple[Endpoint, ...]:
        return tuple(dict.fromkeys(e for e in endpoints if (6 if e.ipv6 else 4) in self._families))

    async def _resolve(self, name: dns.name.Name, held: tuple[dns.name.Name, ...]) -> Addresses:
        if self._resolvers:
            messages = await asyncio.gather(
                *(self._ask_resolver(name, rdtype) for rdtype in ADDRESS_TYPES)
            )
            return read_addresses(name, messages)
        found = await self.find(name, held=held)
        if isinstance(found, NoSuchDomain):
            return Addresses((), "the name does not exist")
        if not isinstance(found, Cut):
            return Addresses((), "nothing answers from this host", unanswered=True)
        endpoints = await self._endpoints(found, held)
        got = await asyncio.gather(
            *(
                ask_any(
                    self._exchange,
                    endpoints,
                    name,
                    rdtype,
                    usable=lambda response: is_authoritative(response.message),
                )
                for rdtype in ADDRESS_TYPES
            )
        )
        return read_addresses(name, [answer[1] if answer else None for answer in got])

    async def _resolve_again(self, zone: Zone) -> None:
        """Look once more for addresses that nobody answered for, beside the rounds."""
        unknown = [server.name for server in zone.nameservers if server.unanswered]
        found = dict(
            zip(
                unknown,
                await asyncio.gather(*(self._resolve(name, (name,)) for name in unknown)),
                strict=True,
            )
        )
        if self._zones.get(zone.apex) is not zone:
            return  # learned anew meanwhile
        self._addresses.update(found)
        self._zones[zone.apex] = replace(
            zone,
            nameservers=tuple(
                _with_own(server, found[server.name]) if server.name in found else server
                for server in zone.nameservers
            ),
        )

    def _leads_to(self, name: dns.name.Name, targets: frozenset[dns.name.Name]) -> bool:
        """Whether resolving `name` now waits, directly or not, for one of `targets`."""
        seen: set[dns.name.Name] = set()
        todo = [name]
        while todo:
            current = todo.pop()
            if current in targets:
                return True
            if current not in seen:
                seen.add(current)
                todo.extend(self._needs.get(current, ()))
        return False

    async def _learn(self, cut: Cut) -> Zone:
        """Ask parent and child who serves the zone: every server, since they may differ."""
        delegated, apex, _ = await asyncio.gather(
            self._delegation(cut),
            self._apex_set(cut.apex, cut.nameservers),
            # Needed in any case: asked at the same time, they are known below.
            asyncio.gather(*(self.addresses(name) for name in cut.nameservers)),
        )
        known = delegated or dict(cut.nameservers)
        unheard = {name: glue for name, glue in known.items() if name not in cut.nameservers}
        if unheard:
            merge(apex, await self._apex_set(cut.apex, unheard))
        if not delegated and apex and not cut.referred:
            known = {}  # every server of the parent serves the child too: no delegation to see
        names = sorted({*known, *apex})
        own = await asyncio.gather(*(self.addresses(name) for name in names))
        return Zone(
            cut.apex,
            cut.parent,
            tuple(
                _with_own(
                    NameServer(
                        name,
                        frozenset(
                            listing
                            for listing, names_listed in (
                                (Listing.DELEGATION, known),
                                (Listing.APEX, apex),
                            )
                            if name in names_listed
                        ),
                        glue=known.get(name, ()),
                    ),
                    addresses,
                )
                for name, addresses in zip(names, own, strict=True)
            ),
        )

    async def _delegation(self, cut: Cut) -> dict[dns.name.Name, tuple[Endpoint, ...]]:
        """Ask all servers of the zone above for the delegation, and take what any of them says."""
        delegated: dict[dns.name.Name, tuple[Endpoint, ...]] = {}
        parent = self._cuts.get(cut.parent) if cut.parent is not None else None
        if cut.parent == dns.name.root:
            parent = self._root
        if parent is not None:
            for message in await ask_everyone(
                self._exchange, await self._endpoints(parent, ()), cut.apex, dns.rdatatype.NS
            ):
                referral = find_referral(message, parent.apex, cut.apex)
                if referral is not None and referral.name == cut.apex:
                    merge(delegated, with_glue(referral, message, parent.apex))
        return delegated

    async def _apex_set(
        self, apex: dns.name.Name, nameservers: Mapping[dns.name.Name, tuple[Endpoint, ...]]
    ) -> dict[dns.name.Name, tuple[Endpoint, ...]]:
        """Ask these name servers for the NS RRset at the apex, and take what any of them says."""
        found: dict[dns.name.Name, tuple[Endpoint, ...]] = {}
        endpoints = await self._endpoints(Cut(apex, None, nameservers), ())
        for message in await ask_everyone(self._exchange, endpoints, apex, dns.rdatatype.NS):
            ns = rrset_at(message.answer, apex, dns.rdatatype.NS)
            if ns is not None and is_authoritative(message):
                merge(found, dict.fromkeys(targets(ns), ()))
        return found


def _with_own(server: NameServer, addresses: Addresses) -> NameServer:
    """Complete a name server with what its own zone says of its addresses."""
    return replace(
        server,
        own=addresses.endpoints,
        failure=addresses.failure,
        unanswered=addresses.unanswered,
    )
