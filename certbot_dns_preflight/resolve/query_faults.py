"""Retries, in simpler ways, a question that failed as a CA's resolver asks it, to find out why.

Nothing learned here counts as an answer: a question that fails as it must be asked has failed. It
only tells servers that fail every question from those that fail with DO or with mixed case.
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
from certbot_dns_preflight.resolve.queries import (
    DEFAULT,
    EXACT_CASE,
    SINGLE_TRY,
    WITHOUT_DNSSEC,
)
from certbot_dns_preflight.resolve.reading import is_sound

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from certbot_dns_preflight.facts.answers import Reply
    from certbot_dns_preflight.facts.dnssec import ServerAddress
    from certbot_dns_preflight.facts.query_fault import QueryFault
    from certbot_dns_preflight.resolve.exchange import Exchange
    from certbot_dns_preflight.resolve.queries import QueryOptions

# Failures that no other form of the question could change.
_BEYOND = frozenset({NoResponseReason.NO_ROUTE, NoResponseReason.UNREACHABLE})


@dataclass(frozen=True, slots=True)
class Place:
    """Where a question is asked, and what for: `concerns` is the same as in the faults."""

    zone: dns.name.Name
    server: ServerAddress
    owner: dns.name.Name
    rdtype: dns.rdatatype.RdataType
    concerns: dns.name.Name

    def case_fault(self, mixed: Reply, exact: Reply) -> CaseFault:
        """Describe the fault that the answer depends on the letter case."""
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
        """Describe the fault that the question fails as a resolver asks it."""
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
    """Explains the failures of one exchange, and keeps its findings there."""

    def __init__(self, exchange: Exchange) -> None:
        """Send queries through the run's exchange."""
        self._exchange = exchange

    async def explain(self, place: Place, reply: Reply, *, sound: Callable[[Reply], bool]) -> None:
        """Find out what is wrong where a question failed, if a plainer one succeeds.

        `sound` identifies a usable reply. A failure that does not happen again is not a fault.
        """
        if isinstance(reply, NoResponse) and reply.reason in _BEYOND:
            return
        async with asyncio.TaskGroup() as group:
            exactly = group.create_task(self._ask(place, EXACT_CASE))
            plainly = group.create_task(self._ask(place, WITHOUT_DNSSEC))
        exact, plain = exactly.result(), plainly.result()
        if not (sound(exact) or sound(plain)):
            return
        again = await self._once_more(place)
        if sound(again):
            return
        if sound(exact):
            self.note(place.case_fault(again, exact))
        else:
            self.note(place.dnssec_fault(again))

    async def compare(
        self, place: Place, *, content: Callable[[Reply], object], known: object
    ) -> bool:
        """Check whether the content of an answer depends on the letter case of the question.

        `content` extracts what matters in a reply, None if it is no answer; `known` is that of the
        mixed-case answer. The question is sent in lower case and, if that differs, in mixed case
        again: a change in the meantime does not count.
        """
        exact = await self._ask(place, EXACT_CASE)
        if content(exact) in (None, known):
            return False
        mixed = await self._once_more(place)
        if content(exact) == content(mixed) or (content(mixed) is None and known is not None):
            return False
        self.note(place.case_fault(mixed, exact))
        return True

    async def _once_more(self, place: Place) -> Reply:
        """Ask as resolvers ask; silence counts only after as many tries as any question has."""
        reply = await self._ask(place, SINGLE_TRY)
        return await self._ask(place, DEFAULT) if isinstance(reply, NoResponse) else reply

    async def missing(self, place: Place, reply: Reply, kind: QueryFaultKind) -> QueryFault:
        """Find out whether keys or a DS that do not come would come for a question in lower case.

        Resolvers mix the letters of these questions as of any other.
        """
        fault: QueryFault = place.dnssec_fault(reply, kind)
        if not (isinstance(reply, NoResponse) and reply.reason in _BEYOND):
            exact = await self._ask(place, EXACT_CASE)
            if is_sound(exact):
                fault = place.case_fault(reply, exact)
        self.note(fault)
        return fault

    def clear(self, place: Place) -> None:
        """Drop a fault: the question is answered now."""
        self._exchange.faults.pop((place.server.endpoint, place.owner, place.rdtype), None)

    def note(self, fault: QueryFault) -> None:
        """Keep a fault, only the latest for each question at each address."""
        self._exchange.faults[fault.place.endpoint, fault.owner, fault.rdtype] = fault

    async def _ask(self, place: Place, how: QueryOptions) -> Reply:
        return await self._exchange.ask(place.server.endpoint, place.owner, place.rdtype, how=how)


def concerning(exchange: Exchange, names: Iterable[dns.name.Name]) -> tuple[QueryFault, ...]:
    """Return the faults that a CA's resolver meets on its way to some names, from the root down.

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
    """Return the public name for how a question fails."""
    match reply:
        case NoResponse(reason=NoResponseReason.TRUNCATED):
            return QueryFaultKind.TRUNCATED
        case NoResponse():
            return QueryFaultKind.NO_ANSWER
        case Response():
            return QueryFaultKind.RCODE


def describe(reply: Reply) -> str:
    """Describe in a word or two what came back."""
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
