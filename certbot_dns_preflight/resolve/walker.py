"""Walks from the root (or a resolver) down to the zone that holds a name.

Decides which zone an owner name lies in. `name_servers` learns who serves it, `root_servers`
detects impostors of the root, and `cuts` picks the next zone. If a resolver is to lead the way,
`via_resolver` queries it. All of them query SOA, NS, A, AAAA and (`below_registries`) CAA only,
never the TXT, and follow no alias: `txt` does that. Walks of one run share what they learn.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
from typing import TYPE_CHECKING

import dns.exception
import dns.name
import dns.rcode
import dns.rdatatype

from certbot_dns_preflight.facts.answers import Endpoint, Response
from certbot_dns_preflight.facts.obstacle import NoEgress, RegistryFails
from certbot_dns_preflight.facts.registry import is_registry
from certbot_dns_preflight.resolve.below_registries import BelowRegistries
from certbot_dns_preflight.resolve.cache import DelegationCache, ZoneCut
from certbot_dns_preflight.resolve.cuts import (
    apex_of,
    denied,
    first_zone,
    label_by_label,
    names_between,
    referred,
    referred_deeper,
    zone_beside,
)
from certbot_dns_preflight.resolve.fanout import ask_any
from certbot_dns_preflight.resolve.interception import Interception
from certbot_dns_preflight.resolve.name_servers import NameServers
from certbot_dns_preflight.resolve.referrals import (
    find_referral,
    first_usable,
    one_below,
    tells_the_zone,
    useless_words,
)
from certbot_dns_preflight.resolve.root_servers import are_no_roots
from certbot_dns_preflight.resolve.server_addresses import ServerAddresses
from certbot_dns_preflight.resolve.tasks import Turn
from certbot_dns_preflight.resolve.unneeded import drop
from certbot_dns_preflight.resolve.via_resolver import Discovery

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping

    from certbot_dns_preflight.facts.answers import Reply
    from certbot_dns_preflight.facts.zone import Zone
    from certbot_dns_preflight.resolve.cache import Found
    from certbot_dns_preflight.resolve.exchange import Exchange
    from certbot_dns_preflight.resolve.referrals import Addresses
    from certbot_dns_preflight.resolve.root_hints import Hints
    from certbot_dns_preflight.resolve.unneeded import Unneeded

_BELOW = b"_dns-preflight"


class Walker:
    """Walks, and remembers. One per run; all its walks share what is `known`."""

    def __init__(
        self,
        exchange: Exchange,
        *,
        roots: Hints,
        resolvers: tuple[Endpoint, ...] = (),
        families: Collection[int] = (4, 6),
        cache: DelegationCache | None = None,
    ) -> None:
        """Start at `roots`, or discover through `resolvers` if there are any.

        `families` (4, 6) are those that the walk itself may query. A `cache` from an earlier run is
        reused and added to.
        """
        self._exchange = exchange
        self._root = ZoneCut(dns.name.root, None, roots)
        self.known = cache or DelegationCache()
        # None: nothing is known from an earlier run, and learning has not started.
        self._learned_since = float("-inf") if self.known.cuts else None
        self._turns: dict[tuple[dns.name.Name, dns.name.Name], Turn] = {}
        self._discovery = Discovery(exchange, resolvers) if resolvers else None
        self._below = BelowRegistries(exchange)
        self._interception = Interception(
            exchange, self.known, [root for some in roots.values() for root in some]
        )
        self._addresses = ServerAddresses(
            exchange,
            self.known,
            find=lambda name, held: self.find(name, held=held),
            discovery=self._discovery,
            families=families,
        )
        self._servers = NameServers(
            exchange, self.known, root=self._root, addresses=self._addresses
        )

    async def close(self) -> None:
        """Stop the lookups still running outside the rounds."""
        await self._servers.close()

    def forget(self) -> None:
        """Drop what was learned, so that a delegation fixed meanwhile is seen."""
        self.known.forget()
        self._turns.clear()
        self._interception.forget()
        self._learned_since = asyncio.get_running_loop().time()

    def drop(self, unneeded: Unneeded) -> None:
        """Drop what was learned of names that no challenge needs any more."""
        self.known.drop(unneeded)
        self._addresses.drop(unneeded)
        drop(self._turns, lambda step: unneeded(step[1]))

    def begin(self, moment: float) -> None:
        """Record `moment` as the start of learning, unless an earlier run's knowledge is in use."""
        if self._learned_since is None:
            self._learned_since = moment

    def forget_older(self, moment: float) -> None:
        """Drop what was learned, unless all of it is newer than `moment` (event loop's clock)."""
        if self._learned_since is None or self._learned_since < moment:
            self.forget()

    async def look_again(self, apexes: set[dns.name.Name], since: float, *, again: bool) -> None:
        """Recheck who serves these zones, as `SameServers` does; if that changed, drop all."""
        if self._discovery is not None:
            return self.forget_older(since)
        cuts = [self.known.cuts[apex] for apex in apexes if apex in self.known.cuts]
        same = await self._servers.same.are_all_there(cuts, since, again=again)
        return None if same else self.forget()

    async def zone(self, cut: ZoneCut, *, patience: float = 0.0) -> Zone:
        """Learn who serves a zone; `patience` is as in `NameServers.zone`."""
        return await self._servers.zone(cut, patience=patience)

    async def addresses(self, name: dns.name.Name) -> Addresses:
        """Resolve a name server's addresses with a separate walk."""
        return await self._addresses.of(name)

    async def find_home(self, name: dns.name.Name) -> Found:
        """Find the zone that `name` lies in; `name` itself may be its apex.

        Through a resolver, a walk only considers names above the one it is given.
        """
        if self._discovery is not None:
            try:
                name = dns.name.Name((_BELOW, *name.labels))
            except dns.exception.DNSException:  # too long: use the name itself
                return await self.find(name)
        return await self.find(name)

    async def find(self, owner: dns.name.Name, *, held: tuple[dns.name.Name, ...] = ()) -> Found:
        """Find the zone that `owner` lies in: the deepest zone cut at or above it."""
        if owner in self.known.homes:
            return self.known.homes[owner]
        cut = await self._start(owner)
        while isinstance(cut, ZoneCut):
            if cut.apex == owner and not is_registry(owner):
                self.known.homes[owner] = cut  # there can be no cut in between
                return cut
            endpoints = await self._addresses.endpoints(cut, held=held)
            turn = self._turns.setdefault((cut.apex, one_below(cut.apex, owner)), Turn())
            async with contextlib.AsyncExitStack() as stack:
                if not turn.taken:
                    await stack.enter_async_context(turn.lock)
                deeper = self.known.closest(owner)
                if deeper is not None and deeper.apex != cut.apex:
                    cut = deeper
                    continue
                if owner in self.known.homes:
                    return self.known.homes[owner]
                way = functools.partial(turn.give_way, stack)
                step = await self._step(cut, owner, endpoints, held=held, give_way=way)
                turn.taken = True
                if not isinstance(step, ZoneCut) or step.apex == cut.apex:
                    return step
                cut = self.known.cuts.setdefault(step.apex, step)
        return cut

    def refer(
        self, cut: ZoneCut, owner: dns.name.Name, endpoint: Endpoint, response: Response
    ) -> bool:
        """Follow a referral that the walk to `owner` did not meet; False if it is none."""
        return self._discovery is None and referred_deeper(
            self.known, cut, owner, (endpoint, response)
        )

    def lineage(self, cut: ZoneCut) -> tuple[ZoneCut, ...]:
        """Return the cuts from the root, or a resolver's first one, down to `cut`."""
        return self.known.lineage(cut, self._root)

    async def _start(self, owner: dns.name.Name) -> Found:
        if closest := self.known.closest(owner):
            return closest
        if self._discovery is None:
            return self._root
        if self.known.obstacle is not None:
            return self.known.obstacle
        found = await self._discovery.find(owner)
        if isinstance(found, ZoneCut):
            return self.known.cuts.setdefault(found.apex, found)
        return await self._interception.behind(dns.name.root, self._discovery.heard) or found

    async def _step(
        self,
        cut: ZoneCut,
        owner: dns.name.Name,
        endpoints: tuple[Endpoint, ...],
        *,
        held: tuple[dns.name.Name, ...],
        give_way: Callable[[], Awaitable[None]],
    ) -> Found:
        """Go one zone down from `cut`; `give_way` first to walks that may need the same turn."""
        if self.known.obstacle is not None:
            return self.known.obstacle
        useless: dict[Endpoint, Reply] = {}
        # A name server's name, which `held` tells, is none that a CA asks about.
        got = None if held else await self._below.referral(cut, owner, endpoints)
        got = got or await self._ask(cut, owner, endpoints, useless)
        if got is None and cut is not self._root:
            await give_way()
            more = await self._addresses.further(cut, endpoints, held=held)
            got = await self._ask(cut, owner, more, useless)
        if got is None and cut is not self._root:
            if below := await label_by_label(self._exchange, self.known, cut, owner, useless):
                return below
            got = first_usable(useless, cut.apex, owner)
        if got is None:
            return await self._nothing_usable(cut, endpoints, useless)
        if cut.parent is None and (between := await self._interception.in_answer(cut.apex, *got)):
            return between
        return await self._onward(cut, owner, endpoints, got)

    async def _onward(
        self,
        cut: ZoneCut,
        owner: dns.name.Name,
        endpoints: tuple[Endpoint, ...],
        got: tuple[Endpoint, Response],
    ) -> Found:
        """Follow an answer to the next zone, or end where the name lies."""
        endpoint, message = got[0], got[1].message
        referral = find_referral(message, cut.apex, owner)
        if referral is not None:
            above = names_between(cut.apex, referral.name)
            passed = await first_zone(self._exchange, self.known, cut, above, endpoint)
            return passed or referred(self.known, cut, owner, referral, got)
        apex = await apex_of(self._exchange, cut, owner, endpoint, message)
        if apex != cut.apex:
            return await zone_beside(self._exchange, self.known, cut, apex, endpoint) or cut
        if message.rcode() == dns.rcode.NXDOMAIN and is_registry(cut.apex):
            missing = await denied(self._exchange, self.known, cut, owner, got, others=endpoints)
            if missing is not None:
                return missing
        self.known.note_soa(cut.apex, message)
        self.known.homes[owner] = cut
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
            usable=lambda response: tells_the_zone(response.message, cut.apex, owner),
            useless=useless,
            # There are many root servers; all of them failing this way is unheard of.
            hopeless=are_no_roots if cut is self._root else None,
        )

    async def _nothing_usable(
        self, cut: ZoneCut, endpoints: tuple[Endpoint, ...], useless: Mapping[Endpoint, Reply]
    ) -> Found:
        heard = {e: reply for e, reply in useless.items() if isinstance(reply, Response)}
        if cut is self._root and heard:
            return self._interception.at_the_root(heard)
        if cut.parent is None and (
            between := await self._interception.behind(cut.apex, heard.values())
        ):
            return between
        if cut.parent is None and not self._exchange.answered:
            return NoEgress(endpoints)
        if is_registry(cut.apex):
            said = tuple((e, useless_words(reply)) for e, reply in sorted(useless.items()))
            return RegistryFails(cut.apex, said, heard=bool(heard))
        return cut  # no usable answer from its servers: the survey shows why, one by one
