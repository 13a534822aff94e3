"""Checks how a domain's zone is served, by querying every address for the apex only.

Queries the SOA, which every zone has, and never the challenge's name, so it may run before the
record is created without seeding a negative cache. `checks` decides what the facts mean.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import dns.flags
import dns.name
import dns.rcode
import dns.rdatatype

from certbot_dns_preflight.facts import survey
from certbot_dns_preflight.facts.answers import Absent, Response
from certbot_dns_preflight.resolve.cache import ZoneCut
from certbot_dns_preflight.resolve.observe import ObservationBuilder
from certbot_dns_preflight.resolve.query_faults import FaultFinder, Place
from certbot_dns_preflight.resolve.reading import is_sound, read_txt, rrset_at
from certbot_dns_preflight.resolve.referrals import is_authoritative
from certbot_dns_preflight.resolve.single_flight import SingleFlight
from certbot_dns_preflight.resolve.tasks import together

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection

    from certbot_dns_preflight.challenge import Challenge
    from certbot_dns_preflight.facts.answers import Reading, Reply
    from certbot_dns_preflight.facts.dnssec import ServerReply
    from certbot_dns_preflight.facts.zone import Zone
    from certbot_dns_preflight.resolve.exchange import Exchange
    from certbot_dns_preflight.resolve.walker import Walker


class ZoneHealth:
    """Checks the zones of several domains, once each."""

    def __init__(
        self,
        exchange: Exchange,
        walker: Walker,
        families: Collection[int],
        ask: Callable[[ZoneCut, bool], Awaitable[tuple[ServerReply, ...]]],
    ) -> None:
        """Share the run's walker; `families` (4, 6) are the ones allowed for queries.

        `ask` queries all addresses of a zone for its SOA, once for all callers, or anew.
        """
        self._ask = ask
        self._timings = exchange.timings
        self._walker = walker
        self._observations = ObservationBuilder(exchange, families)
        self._fault_finder = FaultFinder(exchange)
        self._hops: SingleFlight[dns.name.Name, survey.Hop] = SingleFlight()

    async def of_domain(self, challenge: Challenge) -> survey.Survey:
        """Check how the zone of the challenge's domain is served."""
        found = await self._walker.find_home(dns.name.from_text(challenge.domain))
        bare = replace(challenge, expected=())
        if not isinstance(found, ZoneCut):
            return survey.Survey(bare, obstacle=found, rounds=1)
        hop = await self._hops.get(found.apex, lambda: self._ask_apex(found))
        return survey.Survey(bare, hops=(hop,), rounds=1)

    async def _ask_apex(self, cut: ZoneCut) -> survey.Hop:
        zone = await self._walker.zone(cut)
        hop = await self._look(cut, zone)
        if survey.is_lame(hop):
            # This would stop an order, so make sure it is not a passing failure.
            await asyncio.sleep(self._timings.after_refusal)
            hop = await self._look(cut, zone, anew=True)
        return hop

    async def _look(self, cut: ZoneCut, zone: Zone, *, anew: bool = False) -> survey.Hop:
        said = await self._ask(cut, anew)
        await together(self._explain(zone, one) for one in said)
        replies = {one.place.endpoint: one.reply for one in said}
        return survey.Hop(
            zone.apex,
            zone,
            tuple(
                self._observations.observe(
                    zone.apex,
                    zone,
                    nameserver,
                    endpoint,
                    reply=replies.get(endpoint),
                    reading=_reading(replies.get(endpoint), zone.apex),
                )
                for nameserver in zone.nameservers
                for endpoint in nameserver.endpoints
            ),
        )

    async def _explain(self, zone: Zone, said: ServerReply) -> None:
        def sound(reply: Reply) -> bool:
            # An apex exists: denying it is as bad as failing.
            return is_sound(reply) and reply.message.rcode() != dns.rcode.NXDOMAIN

        if not sound(said.reply):
            apex = zone.apex
            where = Place(apex, said.place, apex, dns.rdatatype.SOA, apex)
            await self._fault_finder.explain(where, said.reply, sound=sound)


def _reading(reply: Reply | None, apex: dns.name.Name) -> Reading | None:
    if reply is None:
        return None
    if isinstance(reply, Response) and is_authoritative(reply.message):
        soa = rrset_at(reply.message.answer, apex, dns.rdatatype.SOA)
        if soa is not None and reply.message.rcode() == dns.rcode.NOERROR:
            return Absent(nxdomain=False, soa=apex)  # the server answers for the zone
    return read_txt(reply, apex, apex)
