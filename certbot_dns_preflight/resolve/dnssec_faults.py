"""Finds parts of a signed chain that a server fails to return though it answers otherwise.

A resolver needs the keys of a signed zone and, if the referral does not carry it, the DS: a server
that does not return them makes it fail. It also needs proofs. Some servers find keys or proofs only
for questions in lower case. Reads collected facts.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import dns.name
import dns.rdatatype

from certbot_dns_preflight.dnssec.messages import MINIMISED
from certbot_dns_preflight.facts.answers import NoResponse, NoResponseReason
from certbot_dns_preflight.facts.query_fault import QueryFaultKind
from certbot_dns_preflight.resolve.ds_answers import has_ds
from certbot_dns_preflight.resolve.negative_answers import Hashes, is_negative, seems_proven
from certbot_dns_preflight.resolve.query_faults import FaultFinder, Place
from certbot_dns_preflight.resolve.reading import is_sound
from certbot_dns_preflight.resolve.tasks import together

if TYPE_CHECKING:
    from collections.abc import Collection, Coroutine, Iterator

    from certbot_dns_preflight.facts.answers import Endpoint
    from certbot_dns_preflight.facts.dnssec import Asked, Facts, ServerReply, ZoneFacts
    from certbot_dns_preflight.facts.query_fault import QueryFault
    from certbot_dns_preflight.resolve.exchange import Exchange

_DS, _DNSKEY = dns.rdatatype.DS, dns.rdatatype.DNSKEY


class DnssecFaults:
    """Records the faults found in one exchange."""

    def __init__(self, exchange: Exchange) -> None:
        """Send queries through the run's exchange."""
        self._exchange = exchange
        self._fault_finder = FaultFinder(exchange)
        self._compared: set[tuple[Endpoint, dns.name.Name, int]] = set()
        self._explained: dict[Place, QueryFault] = {}
        self._hashes = Hashes()

    async def note(self, facts: Facts) -> None:
        """Record which of these facts could not be obtained."""
        signed: set[dns.name.Name] = set()
        failing: list[Coroutine[Any, Any, None]] = []
        for zone in facts.zones:
            above = zone.parent is None or zone.parent in signed
            if above:
                failing += self._note_ds(zone)
            if zone.parent is None or (above and has_ds(zone)):
                signed.add(zone.apex)
                failing += self._note_keys(zone)
        unproven = []
        for zone, asked, said in _denials(facts, signed):
            if not seems_proven(said.reply, asked.owner, self._hashes):
                unproven.append((zone, asked, said))
            await asyncio.sleep(0)  # a hostile one takes some milliseconds
        await together([*failing, *(self._compare(*one) for one in unproven)])

    def _note_ds(self, zone: ZoneFacts) -> Iterator[Coroutine[Any, Any, None]]:
        if zone.parent is None or zone.parent == zone.apex:
            return
        for said in zone.ds:
            yield self._note_failure(said, zone.parent, zone.apex, QueryFaultKind.DS)

    def _note_keys(self, zone: ZoneFacts) -> Iterator[Coroutine[Any, Any, None]]:
        replies = [said for asked in zone.rrsets for said in asked.said]
        answering = {said.place for said in replies if is_sound(said.reply)}
        for said in zone.dnskey:
            if said.place in answering or not replies:
                yield self._note_failure(said, zone.apex, zone.apex, QueryFaultKind.KEYS)

    async def _note_failure(
        self, said: ServerReply, apex: dns.name.Name, owner: dns.name.Name, kind: QueryFaultKind
    ) -> None:
        rdtype = _DS if kind is QueryFaultKind.DS else _DNSKEY
        place = Place(apex, said.place, owner, rdtype, owner)
        if is_sound(said.reply):
            self._fault_finder.clear(place)
            self._explained.pop(place, None)
        elif said.recursive or said.place.endpoint not in self._exchange.sound or _is_our_own(said):
            return  # it fails for everyone, and is reported elsewhere
        elif place in self._explained:
            self._fault_finder.note(self._explained[place])
        else:
            self._explained[place] = await self._fault_finder.missing(place, said.reply, kind)

    async def _compare(self, zone: ZoneFacts, asked: Asked, said: ServerReply) -> None:
        """Check whether the proof comes for a lower-case question, once per server and question."""
        question = said.place.endpoint, asked.owner, asked.rdtype
        if said.recursive or question in self._compared:
            return
        self._compared.add(question)
        await self._fault_finder.compare(
            Place(zone.apex, said.place, asked.owner, asked.rdtype, asked.owner),
            content=lambda reply: seems_proven(reply, asked.owner, self._hashes) or None,
            known=None,
        )


def _denials(
    facts: Facts, signed: Collection[dns.name.Name]
) -> Iterator[tuple[ZoneFacts, Asked, ServerReply]]:
    for zone in facts.zones:
        for asked in zone.rrsets if zone.apex in signed else ():
            if asked.rdtype in (MINIMISED, _DS):
                continue
            for said in asked.said:
                if is_negative(said.reply):
                    yield zone, asked, said


def _is_our_own(said: ServerReply) -> bool:
    reply = said.reply
    return isinstance(reply, NoResponse) and reply.reason is NoResponseReason.NO_ROUTE
