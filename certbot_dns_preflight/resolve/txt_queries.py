"""Queries one address about one owner name: its TXT, and whatever a failure calls for.

Decides which further questions a reply calls for. It keeps nothing between rounds, and does not
know what is expected; `txt` does.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeGuard

import dns.flags
import dns.name
import dns.rcode
import dns.rdatatype

from certbot_dns_preflight.facts.answers import Failing, Response
from certbot_dns_preflight.facts.dnssec import ServerAddress
from certbot_dns_preflight.facts.obstacle import ParentFails
from certbot_dns_preflight.resolve.queries import SINGLE_TRY
from certbot_dns_preflight.resolve.query_faults import FaultFinder, Place, describe
from certbot_dns_preflight.resolve.reading import alias_at, is_silence, is_sound, read_txt, rrset_at

if TYPE_CHECKING:
    from certbot_dns_preflight.facts.answers import Alias, Endpoint, Reading, Reply
    from certbot_dns_preflight.facts.zone import Zone
    from certbot_dns_preflight.resolve.cache import ZoneCut
    from certbot_dns_preflight.resolve.exchange import Exchange
    from certbot_dns_preflight.resolve.parent_servers import ParentServers


class TxtQueries:
    """Queries single addresses on behalf of one survey."""

    def __init__(self, exchange: Exchange) -> None:
        """Send queries through `exchange`; the plainer questions of a survey are not repeated."""
        self._exchange = exchange
        self._fault_finder = FaultFinder(exchange)

    async def ask(
        self, owner: dns.name.Name, zone: Zone, endpoint: Endpoint
    ) -> tuple[Reply, Reading]:
        """Query the TXT; if it fails authoritatively, also query the alias it may be hiding."""
        reply = await self._exchange.ask(endpoint, owner, dns.rdatatype.TXT)
        reading = read_txt(reply, owner, zone.apex)
        if isinstance(reading, Failing) and _has_authority(reply):
            reading = replace(
                reading, alias=reading.alias or await self._alias_alone(owner, endpoint)
            )
        return reply, reading

    async def explain(
        self, owner: dns.name.Name, zone: Zone, endpoint: Endpoint, reply: Reply
    ) -> None:
        """Check whether a plainer question gets an answer where ours does not."""
        names = (s.name for s in zone.nameservers if endpoint in s.endpoints)
        server = ServerAddress(next(names, None), endpoint)
        await self._fault_finder.explain(
            Place(zone.apex, server, owner, dns.rdatatype.TXT, owner),
            reply,
            sound=is_sound,
        )

    def forget_fault(self, owner: dns.name.Name, endpoint: Endpoint) -> None:
        """Drop the fault that required a plainer question: ours is answered now."""
        self._exchange.faults.pop((endpoint, owner, dns.rdatatype.TXT), None)

    async def serial(self, apex: dns.name.Name, endpoint: Endpoint) -> Reply:
        """Query the SOA of a zone, with a single try."""
        return await self._exchange.ask(endpoint, apex, dns.rdatatype.SOA, how=SINGLE_TRY)

    async def _alias_alone(self, owner: dns.name.Name, endpoint: Endpoint) -> Alias | None:
        """Query the CNAME itself: where aliases loop, PowerDNS fails without showing any."""
        reply = await self._exchange.ask(endpoint, owner, dns.rdatatype.CNAME, how=SINGLE_TRY)
        if not _has_authority(reply) or reply.message.rcode() != dns.rcode.NOERROR:
            return None
        return alias_at(reply.message, owner)


async def obstacle_above(
    parents: ParentServers, cut: ZoneCut, owner: dns.name.Name
) -> ParentFails | None:
    """Check that the servers of the zone above let the TXT query pass, if it reaches them."""
    said = await parents.failures(cut, owner, dns.rdatatype.TXT)
    if not said or cut.parent is None:
        return None
    answers = tuple((one.place.endpoint, describe(one.reply)) for one in said)
    heard = not all(is_silence(one.reply) for one in said)
    return ParentFails(cut.parent, owner, answers, heard)


def serial_in(response: Response, apex: dns.name.Name) -> int | None:
    """Read the serial from the answer to `TxtQueries.serial`."""
    soa = rrset_at(response.message.answer, apex, dns.rdatatype.SOA)
    return soa[0].serial if soa else None


def _has_authority(reply: Reply) -> TypeGuard[Response]:
    return isinstance(reply, Response) and bool(reply.message.flags & dns.flags.AA)
