"""Asks again, in simpler ways, a question that failed as a CA's resolver asks it: to tell why.

Nothing that is learned here makes an answer: what fails as it must be asked, fails. It only tells
a server that is broken for all from one that is so for DO, or for letters in mixed case.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

import dns.flags
import dns.name
import dns.rcode
import dns.rdatatype

from certbot_dns_preflight.facts.answers import NoResponse, NoResponseReason, Response
from certbot_dns_preflight.facts.query_fault import CaseFault, DnssecFault, QueryFaultKind
from certbot_dns_preflight.resolve.queries import EXACT_CASE, SINGLE_TRY, WITHOUT_DNSSEC

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from certbot_dns_preflight.facts.answers import Reply
    from certbot_dns_preflight.facts.dnssec import ServerAddress
    from certbot_dns_preflight.facts.query_fault import QueryFault
    from certbot_dns_preflight.resolve.exchange import Exchange
    from certbot_dns_preflight.resolve.queries import QueryOptions

# Far from anything that asking otherwise could change.
_BEYOND = frozenset({NoResponseReason.NO_ROUTE, NoResponseReason.UNREACHABLE})


@dataclass(frozen=True, slots=True)
class Place:
    """Where a question is asked, and what for: `concerns` as in the faults."""

    zone: dns.name.Name
    server: ServerAddress
    owner: dns.name.Name
    rdtype: dns.rdatatype.RdataType
    concerns: dns.name.Name

    def case_fault(self, mixed: Reply, exact: Reply) -> CaseFault:
        """Say that the answer depends on the letter case."""
        return CaseFault(
            self.zone,
            self.server,
            self.owner,
            self.rdtype,
            self.concerns,
            describe(mixed),
            describe(exact),
        )

    def dnssec_fault(self, reply: Reply, kind: QueryFaultKind | None = None) -> DnssecFault:
        """Say that the question fails as a resolver asks it."""
        return DnssecFault(
            self.zone,
            self.server,
            self.owner,
            self.rdtype,
            self.concerns,
            kind or _kind(reply),
            describe(reply),
        )


class FaultFinder:
    """Explains failures of one exchange; what was found is kept there."""

    def __init__(self, exchange: Exchange) -> None:
        """Ask by the exchange of the run."""
        self._exchange = exchange

    async def explain(self, place: Place, reply: Reply, *, sound: Callable[[Reply], bool]) -> None:
        """Find out what is wrong where a question failed, if a plainer one does not.

        `sound` tells a usable reply. A failure that does not happen again is none.
        """
        if isinstance(reply, NoResponse) and reply.reason in _BEYOND:
            return
        async with asyncio.TaskGroup() as group:
            exactly = group.create_task(self._ask(place, EXACT_CASE))
            plainly = group.create_task(self._ask(place, WITHOUT_DNSSEC))
        exact, plain = exactly.result(), plainly.result()
        if not (sound(exact) or sound(plain)):
            return
        again = await self._ask(place, SINGLE_TRY)
        if sound(again):
            return
        if sound(exact):
            self.note(place.case_fault(again, exact))
        else:
            self.note(place.dnssec_fault(again))

    async def compare(
        self, place: Place, *, content: Callable[[Reply], object], known: object
    ) -> bool:
        """Find out whether the content of an answer depends on the letter case of the question.

        `content` is what counts of a reply, None where it is no answer, and `known` that of the
        answer to mixed letters. Asked in small letters, and where that differs in mixed ones again:
        what has changed meanwhile is no dependence.
        """
        exact = await self._ask(place, EXACT_CASE)
        if content(exact) in (None, known):
            return False
        mixed = await self._ask(place, SINGLE_TRY)
        if content(exact) == content(mixed):
            return False
        self.note(place.case_fault(mixed, exact))
        return True

    def clear(self, place: Place) -> None:
        """Forget a fault: the question is answered now."""
        self._exchange.faults.pop((place.server.endpoint, place.owner, place.rdtype), None)

    def note(self, fault: QueryFault) -> None:
        """Keep a fault, the latest of each question at each address."""
        self._exchange.faults[fault.place.endpoint, fault.owner, fault.rdtype] = fault

    async def _ask(self, place: Place, how: QueryOptions) -> Reply:
        return await self._exchange.ask(place.server.endpoint, place.owner, place.rdtype, how=how)


def concerning(exchange: Exchange, names: Iterable[dns.name.Name]) -> tuple[QueryFault, ...]:
    """Give the faults that a CA's resolver meets on its way to some names, from the root down.

    Their order is the same in every run, whichever answer came first.
    """
    names = tuple(names)
    met = (
        fault
        for fault in exchange.faults.values()
        if any(name.is_subdomain(fault.concerns) for name in names)
    )
    return tuple(sorted(met, key=_place_in_tree))


def _place_in_tree(fault: QueryFault) -> tuple[dns.name.Name, str, int, dns.name.Name, int]:
    endpoint = fault.place.endpoint
    return fault.zone, endpoint.address, endpoint.port, fault.owner, fault.rdtype


def _kind(reply: Reply) -> QueryFaultKind:
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
