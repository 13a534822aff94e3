"""Queries every server for keys, signatures and proofs: the facts that package `dnssec` judges.

Queries DS, DNSKEY and SOA; TXT and CAA only at the names passed to `data`. Reuses answers that
other modules already have instead of asking again: referrals carry the DS or its denial, and TXT
and CAA answers came with signatures. Decides what to query, not what the answers mean.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import dns.flags
import dns.name
import dns.rcode
import dns.rdatatype

from certbot_dns_preflight.dnssec.messages import MINIMISED
from certbot_dns_preflight.facts.answers import Endpoint, Response
from certbot_dns_preflight.facts.dnssec import Asked, Facts, ServerAddress, ServerReply, ZoneFacts
from certbot_dns_preflight.resolve.cache import ZoneCut
from certbot_dns_preflight.resolve.cuts import MOST_PASSED, passed_names
from certbot_dns_preflight.resolve.dnssec_faults import DnssecFaults
from certbot_dns_preflight.resolve.dnssec_replies import DnssecReplies
from certbot_dns_preflight.resolve.ds_answers import (
    brings_ds,
    has_ds,
    signer_between,
    unsigned_names,
)
from certbot_dns_preflight.resolve.reading import rrset_at
from certbot_dns_preflight.resolve.tasks import together
from certbot_dns_preflight.resolve.zone_servers import ZoneServers

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from certbot_dns_preflight.resolve.exchange import Exchange
    from certbot_dns_preflight.resolve.walker import Walker

_DS, _DNSKEY, _SOA = dns.rdatatype.DS, dns.rdatatype.DNSKEY, dns.rdatatype.SOA


class Collector:
    """Collects for several names; the shared parts of their chains are queried once."""

    def __init__(
        self,
        exchange: Exchange,
        walker: Walker,
        *,
        resolvers: tuple[Endpoint, ...] = (),
        families: Collection[int] = (4, 6),
    ) -> None:
        """Share the run's walker, with the same `resolvers` and `families`."""
        self._walker = walker
        self._resolvers = resolvers
        self._servers = ZoneServers(walker, families)
        self._faults = DnssecFaults(exchange)
        self._replies = DnssecReplies(exchange, self._servers, resolvers, walker.known.signed)
        self.take, self.forget = self._replies.take, self._replies.forget

    async def chain(self, name: dns.name.Name) -> Facts:
        """Collect from the root down to the zone of `name`: DS, DNSKEY and, for the zone, SOA."""
        return await self.data([(name, _SOA)])

    async def soa(
        self,
        cut: ZoneCut,
        anew: bool = False,  # noqa: FBT001, FBT002 - for whoever takes it as a callable
    ) -> tuple[ServerReply, ...]:
        """Query all addresses of a zone for its SOA; with `anew`, even if already asked."""
        if anew:
            self._replies.drop(cut.apex, cut.apex, _SOA)
        if self._servers.is_registry(cut):
            replies = await self._replies.ask_everywhere(cut, cut.apex, _SOA)
        else:
            replies = await self._replies.ask(cut.apex, cut, cut.apex, _SOA)
        for one in replies:
            if isinstance(one.reply, Response):
                self._walker.known.note_soa(cut.apex, one.reply.message)
        return replies

    async def data(
        self, wanted: Iterable[tuple[dns.name.Name, dns.rdatatype.RdataType | None]]
    ) -> Facts:
        """Collect the chains of several names, and RRsets at them.

        An SOA is queried at the zone's apex, whatever the name; every other type at the name.
        Without a type, only the chain is collected. What a resolver passes on its way to a TXT
        (RFC 9156) must not be denied against its proof.
        For an alias, pass each name of its chain: every hop is signed by its own zone.
        """
        wanted = tuple(wanted)
        homes = await together(self._walker.find_home(name) for name, _ in wanted)
        zones: dict[dns.name.Name, dns.name.Name | None] = {}
        questions: dict[dns.name.Name, dict[tuple[dns.name.Name, int], None]] = {}
        cuts: dict[dns.name.Name, ZoneCut] = {}
        for (name, rdtype), cut in zip(wanted, homes, strict=True):
            if not isinstance(cut, ZoneCut):
                continue
            lineage = self._walker.lineage(cut)
            if lineage[0].apex != dns.name.root:
                if not self._resolvers:
                    continue  # the walker has just forgotten the zones above
                zones.update(await self._resolved_parents(lineage[0].apex))
            for above, zone in zip((None, *lineage), lineage, strict=False):
                if above is not None or zone.apex == dns.name.root:
                    zones[zone.apex] = above.apex if above is not None else None
                cuts[zone.apex] = zone
            if rdtype is not None:
                owner = cut.apex if rdtype == _SOA else name
                questions.setdefault(cut.apex, {})[owner, rdtype] = None
            for apex, passed in passed_names(lineage, (name, rdtype), asked=wanted):
                questions.setdefault(apex, {})[passed, MINIMISED] = None
        apparent = zones.copy()
        found, _ = await asyncio.gather(
            self._ask_all(apparent, cuts, questions), self._insert_hidden(zones, cuts)
        )
        if zones != apparent:
            found = await self._ask_all(zones, cuts, questions)
        facts = Facts(found)
        await self._faults.note(facts)
        return facts

    async def _ask_all(
        self,
        zones: dict[dns.name.Name, dns.name.Name | None],
        cuts: dict[dns.name.Name, ZoneCut],
        questions: dict[dns.name.Name, dict[tuple[dns.name.Name, int], None]],
    ) -> tuple[ZoneFacts, ...]:
        """Query keys, and the data they sign, where a resolver would: below a DS."""
        apexes = sorted(zones, key=len)
        referrals = {apex: await self._referrals(apex, zones[apex], cuts) for apex in apexes}
        seem_signed: set[dns.name.Name] = set()
        for apex in apexes:
            parent, told = zones[apex], referrals[apex]
            if parent is None or (
                parent in seem_signed
                and (not told or has_ds(ZoneFacts(apex, parent, (), referrals=told)))
            ):
                seem_signed.add(apex)
        return tuple(
            await together(
                (self._zone if apex in seem_signed else self._if_signed)(
                    apex, zones[apex], cuts, questions.get(apex, {})
                )
                for apex in apexes
            )
        )

    async def _if_signed(
        self,
        apex: dns.name.Name,
        parent: dns.name.Name | None,
        cuts: dict[dns.name.Name, ZoneCut],
        questions: Iterable[tuple[dns.name.Name, int]],
    ) -> ZoneFacts:
        """Query the DS first for a zone that seems to have none."""
        facts = await self._above(apex, parent, cuts)
        return await self._zone(apex, parent, cuts, questions) if has_ds(facts) else facts

    async def _zone(
        self,
        apex: dns.name.Name,
        parent: dns.name.Name | None,
        cuts: dict[dns.name.Name, ZoneCut],
        questions: Iterable[tuple[dns.name.Name, int]],
    ) -> ZoneFacts:
        """Query the DS of a zone, its keys and some of its data.

        For data without signatures, query the DS down to it: it may lie in an unsigned zone.
        """
        own = cuts.get(apex)
        rdtypes = [(owner, dns.rdatatype.RdataType(rdtype)) for owner, rdtype in questions]
        async with asyncio.TaskGroup() as group:
            asking_above = group.create_task(self._above(apex, parent, cuts))
            asking = [
                group.create_task(self._replies.ask(apex, own, owner, rdtype))
                for owner, rdtype in ((apex, _DNSKEY), *rdtypes)
            ]
        dnskey, *replies = [task.result() for task in asking]
        rrsets = tuple(
            Asked(owner, rdtype, answers)
            for (owner, rdtype), answers in zip(rdtypes, replies, strict=True)
        )
        unsigned = unsigned_names(rrsets, apex, most=MOST_PASSED)
        said = [await self._replies.ask(apex, own, name, _DS) for name in unsigned]
        rrsets += tuple(
            Asked(name, _DS, answers) for name, answers in zip(unsigned, said, strict=True)
        )
        return replace(asking_above.result(), dnskey=dnskey, rrsets=rrsets)

    async def _above(
        self,
        apex: dns.name.Name,
        parent: dns.name.Name | None,
        cuts: dict[dns.name.Name, ZoneCut],
    ) -> ZoneFacts:
        """Start the facts of a zone with what the parent zone says of its DS."""
        if parent is None:
            return ZoneFacts(apex, None, ())
        referrals = await self._referrals(apex, parent, cuts)
        ds = await self._ds(apex, parent, cuts.get(parent), referrals)
        return ZoneFacts(apex, parent, ds, referrals=referrals)

    async def _referrals(
        self,
        apex: dns.name.Name,
        parent: dns.name.Name | None,
        cuts: dict[dns.name.Name, ZoneCut],
    ) -> tuple[ServerReply, ...]:
        """Return the parent zone's answers that referred to a zone."""
        cut, above = cuts.get(apex), cuts.get(parent) if parent is not None else None
        if cut is None or parent is None:
            return ()
        if not self._servers.is_registry(cut):
            await self._walker.zone(cut)  # which queries all of the parent's servers
        if above is None:
            return ()
        referrals = self._walker.known.referrals.get(cut.apex, {})
        registry = self._servers.is_registry(above)
        return tuple(
            ServerReply(ServerAddress(name, endpoint), referrals[endpoint])
            for endpoint, name in (await self._servers.names(above)).items()
            if endpoint in referrals and not (registry and self._replies.avoids(name, endpoint))
        )

    async def _ds(
        self,
        apex: dns.name.Name,
        parent: dns.name.Name,
        above: ZoneCut | None,
        referrals: tuple[ServerReply, ...],
    ) -> tuple[ServerReply, ...]:
        """Query the DS if no referral carried it, as a resolver does.

        A referral that denies it is not enough: BIND queries anyway, and Unbound does where the
        denial is an opt-out.
        """
        told = {referral.place.nameserver for referral in referrals if brings_ds(referral, apex)}
        if told and above is not None and self._servers.is_registry(above):
            return ()
        return await self._replies.ask(parent, above, apex, _DS, but=frozenset(told))

    async def _insert_hidden(
        self,
        zones: dict[dns.name.Name, dns.name.Name | None],
        cuts: dict[dns.name.Name, ZoneCut],
    ) -> None:
        """Find zones that the walk skipped because one server holds them and their parent.

        The signer of the DS, or of the proof that there is none, is the true parent.
        """
        todo = [(apex, parent) for apex, parent in zones.items() if parent is not None]
        while todo:
            found = await together(self._above(apex, parent, cuts) for apex, parent in todo)
            hidden = [
                (apex, parent, signer)
                for (apex, parent), zone in zip(todo, found, strict=True)
                if (signer := signer_between((*zone.referrals, *zone.ds), apex, parent))
            ]
            todo = []
            for apex, parent, signer in hidden:
                zones[apex] = signer
                if signer not in zones:
                    zones[signer] = parent
                    above = cuts[parent].nameservers if parent in cuts else {}
                    cuts[signer] = ZoneCut(signer, parent, above, referred=False)
                    todo.append((signer, parent))

    async def _resolved_parents(
        self, apex: dns.name.Name
    ) -> dict[dns.name.Name, dns.name.Name | None]:
        """Find the zones above one that a resolver led to; the resolver answers for them."""
        names = [apex]
        while names[-1] != dns.name.root:
            names.append(names[-1].parent())
        names.reverse()
        soas = await together(self._replies.ask_resolver(name, _SOA) for name in names)
        zones: dict[dns.name.Name, dns.name.Name | None] = {}
        last: dns.name.Name | None = None
        for name, replies in zip(names, soas, strict=True):
            if name in (dns.name.root, apex) or any(_has_soa(reply, name) for reply in replies):
                zones[name] = last
                last = name
        return zones


def _has_soa(server_reply: ServerReply, name: dns.name.Name) -> bool:
    reply = server_reply.reply
    return isinstance(reply, Response) and rrset_at(reply.message.answer, name, _SOA) is not None
