"""Asks again in plainer ways where a question failed as a CA's resolver asks it: to tell why.

Nothing that is learned here makes an answer: what fails as it must be asked, fails. It only tells
a server that is broken for all from one that is so for DO, or for letters in mixed case.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import dns.flags
import dns.name
import dns.rcode
import dns.rdatatype

from certbot_dns_preflight.facts.answers import NoResponse, NoResponseReason, Response
from certbot_dns_preflight.facts.query_fault import CaseFault, DnssecFault, QueryFaultKind
from certbot_dns_preflight.resolve.queries import EXACT_CASE, SINGLE_TRY, WITHOUT_DNSSEC

if TYPE_CHECKING:
    from collections.abc import Callable

    from certbot_dns_preflight.facts.answers import Endpoint, Reply
    from certbot_dns_preflight.facts.dnssec import ServerAddress
    from certbot_dns_preflight.facts.query_fault import QueryFault
    from certbot_dns_preflight.resolve.exchange import Exchange

# Far from anything that asking otherwise could change.
_BEYOND = frozenset({NoResponseReason.NO_ROUTE, NoResponseReason.UNREACHABLE})


class Plainer:
    """Explains failures of one exchange, and keeps what was found in `faults`."""

    def __init__(self, exchange: Exchange) -> None:
        """Ask by the exchange of the run."""
        self._exchange = exchange
        self.faults = exchange.faults

    async def explain(  # noqa: PLR0913 - a question, whom it was asked, and how it went
        self,
        zone: dns.name.Name,
        place: ServerAddress,
        name: dns.name.Name,
        rdtype: dns.rdatatype.RdataType,
        reply: Reply,
        *,
        sound: Callable[[Reply], bool],
    ) -> QueryFault | None:
        """Say what is wrong where a question failed, if a plainer one does not.

        `sound` tells a usable reply. A failure that does not happen again is none.
        """
        if isinstance(reply, NoResponse) and reply.reason in _BEYOND:
            return None
        ask, endpoint = self._exchange.ask, place.endpoint
        async with asyncio.TaskGroup() as group:
            exactly = group.create_task(ask(endpoint, name, rdtype, how=EXACT_CASE))
            plainly = group.create_task(ask(endpoint, name, rdtype, how=WITHOUT_DNSSEC))
        exact, plain = exactly.result(), plainly.result()
        if not (sound(exact) or sound(plain)):
            return None
        again = await ask(endpoint, name, rdtype, how=SINGLE_TRY)
        if sound(again):
            return None
        if sound(exact):
            return self.note(CaseFault(zone, place, name, rdtype, describe(again), describe(exact)))
        return self.note(DnssecFault(zone, place, name, rdtype, kind_of(again), describe(again)))

    async def compare(
        self,
        zone: dns.name.Name,
        place: ServerAddress,
        name: dns.name.Name,
        rdtype: dns.rdatatype.RdataType,
        *,
        content: Callable[[Reply], object],
    ) -> CaseFault | None:
        """Say whether the content of an answer depends on the letter case of the question.

        `content` is what counts of a reply, None where it is no answer. Asked in small letters,
        then in mixed ones again: what has changed meanwhile is no dependence.
        """
        exact = await self._exchange.ask(place.endpoint, name, rdtype, how=EXACT_CASE)
        mixed = await self._exchange.ask(place.endpoint, name, rdtype, how=SINGLE_TRY)
        if content(exact) is None or content(exact) == content(mixed):
            return None
        fault = CaseFault(zone, place, name, rdtype, describe(mixed), describe(exact))
        self.note(fault)
        return fault

    def clear(
        self, endpoint: Endpoint, name: dns.name.Name, rdtype: dns.rdatatype.RdataType
    ) -> None:
        """Forget a fault: the question is answered now."""
        self.faults.pop((endpoint, name, rdtype), None)

    def note(self, fault: QueryFault) -> QueryFault:
        """Keep a fault, the latest of each question at each address."""
        self.faults[fault.place.endpoint, fault.owner, fault.rdtype] = fault
        return fault


def kind_of(reply: Reply) -> QueryFaultKind:
    """Give the contract's word for how a question fails."""
    match reply:
        case NoResponse(reason=NoResponseReason.TRUNCATED):
            return QueryFaultKind.TRUNCATED
        case NoResponse():
            return QueryFaultKind.NO_ANSWER
        case Response():
            return QueryFaultKind.RCODE


def describe(reply: Reply) -> str:
    """Say in a word or two what came back."""
    if isinstance(reply, NoResponse):
        return reply.detail or reply.reason.value
    message = reply.message
    rcode = message.rcode()
    if rcode != dns.rcode.NOERROR:
        return dns.rcode.to_text(rcode)
    if not message.answer:
        proof = {dns.rdatatype.NSEC, dns.rdatatype.NSEC3} & {r.rdtype for r in message.authority}
        return "no data, with a proof" if proof else "no data"
    if not message.flags & dns.flags.AA:
        return "an answer without authority"
    count, rdtype = len(message.answer[0]), dns.rdatatype.to_text(message.answer[0].rdtype)
    return f"{count} {rdtype} record{'s' if count > 1 else ''}"
