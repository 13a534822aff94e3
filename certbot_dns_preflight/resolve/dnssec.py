"""Asks every server for keys, signatures and proofs: the facts that the room `dnssec` judges.

Asks for DS, DNSKEY and SOA, and for TXT and CAA only at names that `data` is told to ask. What
others have been answered meanwhile is taken, and not asked again: referrals bring the DS or its
denial, and whoever asked for TXT or CAA got the signatures with it. Decides what to ask, not what
answers mean.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import dns.flags
import dns.name
import dns.rcode
import dns.rdatatype

from certbot_dns_preflight.dnssec.messages import find, signatures_of
from certbot_dns_preflight.facts.answers import Endpoint, Response
from certbot_dns_preflight.facts.dnssec import Asked, Facts, ServerAddress, ServerReply, ZoneFacts
from certbot_dns_preflight.resolve.cache import ZoneCut
from certbot_dns_preflight.resolve.dnssec_faults import DnssecFaults
from certbot_dns_preflight.resolve.dnssec_replies import DnssecReplies
from certbot_dns_preflight.resolve.reading import rrset_at
from certbot_dns_preflight.resolve.tasks import together
from certbot_dns_preflight.resolve.zone_servers import ZoneServers

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from certbot_dns_preflight.resolve.exchange import Exchange
    from certbot_dns_preflight.resolve.walker import Walker

_DS, _DNSKEY, _SOA = dns.rdatatype.DS, dns.rdatatype.DNSKEY, dns.rdatatype.SOA


class Collector:
    """Collects for several names; what their chains have in common is asked once."""

    def __init__(
        self,
        exchange: Exchange,
        walker: Walker,
        *,
        resolvers: tuple[Endpoint, ...] = (),
        families: Collection[int] = (4, 6),
    ) -> None:
        """Share the run's walker; `resolvers` and `families` as it has them."""
        self._walker = walker
        self._resolvers = resolvers
        self._servers = ZoneServers(walker, families)
        self._faults = DnssecFaults(exchange)
        self._replies = DnssecReplies(exchange, self._servers, resolvers)
        self.take, self.forget = self._replies.take, self._replies.forget

    async def chain(self, name: dns.name.Name) -> Facts:
        """Collect from the root down to the zone of `name`: DS, DNSKEY and, for the zone, SOA."""
        return await self.data([(name, _SOA)])

    async def data(self, wanted: Iterable[tuple[dns.name.Name, dns.rdatatype.RdataType]]) -> Facts:
        """Collect the chains of several names, and RRsets at them.

        An SOA is asked for at the zone's apex, whatever the name; everything else at the name.
        For an alias give each name of its chain: every hop is signed by its own zone.
        """
        wanted = tuple(wanted)
        found = await together(self._walker.find_home(name) for name, _ in wanted)
        zones: dict[dns.name.Name, dns.name.Name | None] = {}
        questions: dict[dns.name.Name, dict[tuple[dns.name.Name, int], None]] = {}
        cuts: dict[dns.name.Name, ZoneCut] = {}
        for (name, rdtype), cut in zip(wanted, found, strict=True):
            if not isinstance(cut, ZoneCut):
                continue
            lineage = self._walker.lineage(cut)
            if lineage[0].apex != dns.name.root:
                if not self._resolvers:
                    continue  # the walker has just forgotten what is above
                zones.update(await self._resolved_parents(lineage[0].apex))
            for above, zone in zip((None, *lineage), lineage, strict=False):
                if above is not None or zone.apex == dns.name.root:
                    zones[zone.apex] = above.apex if above is not None else None
                cuts[zone.apex] = zone
            owner = cut.apex if rdtype == _SOA else name
            questions.setdefault(cut.apex, {})[owner, rdtype] = None
        # All at once; what hidden zones add is asked after that, and the rest is remembered.
        await self._ask_all(zones, cuts, questions)
        await self._insert_hidden(zones, cuts)
        facts = Facts(await self._ask_all(zones, cuts, questions))
        await self._faults.note(facts)
        return facts

    async def _ask_all(
        self,
        zones: dict[dns.name.Name, dns.name.Name | None],
        cuts: dict[dns.name.Name, ZoneCut],
        questions: dict[dns.name.Name, dict[tuple[dns.name.Name, int], None]],
    ) -> tuple[ZoneFacts, ...]:
        return tuple(
            await together(
                self._zone(apex, zones[apex], cuts, questions.get(apex, {}))
                for apex in sorted(zones, key=len)
            )
        )

    async def _zone(
        self,
        apex: dns.name.Name,
        parent: dns.name.Name | None,
        cuts: dict[dns.name.Name, ZoneCut],
        questions: Iterable[tuple[dns.name.Name, int]],
    ) -> ZoneFacts:
        own = cuts.get(apex)
        rdtypes = [(owner, dns.rdatatype.RdataType(rdtype)) for owner, rdtype in questions]
        referrals: tuple[ServerReply, ...] = ()
        if parent is not None and own is not None:
            referrals = await self._referrals(own, cuts.get(parent))
        above = _nobody() if parent is None else self._ds(apex, parent, cuts.get(parent), referrals)
        ds, dnskey, *replies = await together(
            [
                above,
                self._replies.ask(apex, own, apex, _DNSKEY),
                *(self._replies.ask(apex, own, owner, rdtype) for owner, rdtype in rdtypes),
            ]
        )
        rrsets = tuple(
            Asked(owner, rdtype, answers)
            for (owner, rdtype), answers in zip(rdtypes, replies, strict=True)
        )
        return ZoneFacts(apex, parent, ds, dnskey, rrsets, referrals)

    async def _referrals(self, cut: ZoneCut, above: ZoneCut | None) -> tuple[ServerReply, ...]:
        """Give what the zone above said of a zone when it referred to it."""
        if not self._servers.is_registry(cut):
            await self._walker.zone(cut)  # for which all servers above are asked
        if above is None:
            return ()
        referrals = self._walker.referrals(cut.apex)
        return tuple(
            ServerReply(ServerAddress(name, endpoint), referrals[endpoint])
            for endpoint, name in (await self._servers.names(above)).items()
            if endpoint in referrals
        )

    async def _ds(
        self,
        apex: dns.name.Name,
        parent: dns.name.Name,
        above: ZoneCut | None,
        referrals: tuple[ServerReply, ...],
    ) -> tuple[ServerReply, ...]:
        """Ask for the DS where no referral has brought it, as a resolver does.

        A referral that denies it is not enough: BIND asks all the same, and Unbound where the
        denial is an opt-out's.
        """
        told = {referral.place for referral in referrals if _brings_ds(referral, apex)}
        if told and above is not None and self._servers.is_registry(above):
            return ()
        return await self._replies.ask(parent, above, apex, _DS, but=frozenset(told))

    async def _insert_hidden(
        self,
        zones: dict[dns.name.Name, dns.name.Name | None],
        cuts: dict[dns.name.Name, ZoneCut],
    ) -> None:
        """Find zones that the walk went past, as one server holds them and the zone above.

        The signer of the DS, or of the proof that there is none, is the true parent.
        """
        todo = [(apex, parent) for apex, parent in zones.items() if parent is not None]
        while todo:
            replies = await together(self._from_above(apex, parent, cuts) for apex, parent in todo)
            hidden = [
                (apex, parent, signer)
                for (apex, parent), answers in zip(todo, replies, strict=True)
                if (signer := _signer_between(answers, apex, parent)) is not None
            ]
            todo = []
            for apex, parent, signer in hidden:
                zones[apex] = signer
                if signer not in zones:
                    zones[signer] = parent
                    above = cuts[parent].nameservers if parent in cuts else {}
                    cuts[signer] = ZoneCut(signer, parent, above, referred=False)
                    todo.append((signer, parent))

    async def _from_above(
        self,
        apex: dns.name.Name,
        parent: dns.name.Name,
        cuts: dict[dns.name.Name, ZoneCut],
    ) -> tuple[ServerReply, ...]:
        above = cuts.get(parent)
        referrals = await self._referrals(cuts[apex], above) if apex in cuts else ()
        return (*referrals, *await self._ds(apex, parent, above, referrals))

    async def _resolved_parents(
        self, apex: dns.name.Name
    ) -> dict[dns.name.Name, dns.name.Name | None]:
        """Find the zones above one that a resolver led to; the resolver speaks for them."""
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


async def _nobody() -> tuple[ServerReply, ...]:
    return ()


def _signer_between(
    replies: Iterable[ServerReply], apex: dns.name.Name, parent: dns.name.Name
) -> dns.name.Name | None:
    """Find a zone strictly between a zone and its supposed parent that signed the answer."""
    for server_reply in replies:
        if not isinstance(server_reply.reply, Response):
            continue
        message = server_reply.reply.message
        for rrset in (*message.answer, *message.authority):
            if rrset.rdtype != dns.rdatatype.RRSIG:
                continue
            signer = rrset[0].signer
            if signer not in (apex, parent) and apex.is_subdomain(signer):
                return signer if signer.is_subdomain(parent) else None
    return None


def _brings_ds(referral: ServerReply, apex: dns.name.Name) -> bool:
    """Whether a referral has the DS set and its signature, so that a resolver does not ask."""
    if not isinstance(referral.reply, Response):
        return False
    section = referral.reply.message.authority
    return find(section, apex, _DS) is not None and bool(signatures_of(section, apex, _DS))


def _has_soa(server_reply: ServerReply, name: dns.name.Name) -> bool:
    reply = server_reply.reply
    return isinstance(reply, Response) and rrset_at(reply.message.answer, name, _SOA) is not None
