"""Trace one walk: to the challenge's name servers, and to the domain's own addresses.

Sends the queries of `walker` and `txt`, for one complete round, and keeps who answered when. Judges
nothing; `report.trace` does the wording.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import itertools
from typing import TYPE_CHECKING

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype

from certbot_dns_preflight.facts.answers import Response
from certbot_dns_preflight.facts.obstacle import NoSuchDomain
from certbot_dns_preflight.facts.trace import Destination, Leg, Step, Trail
from certbot_dns_preflight.resolve.cache import ZoneCut
from certbot_dns_preflight.resolve.exchange import Asked, Exchange, Replied
from certbot_dns_preflight.resolve.fanout import ask_any
from certbot_dns_preflight.resolve.reading import rrset_at
from certbot_dns_preflight.resolve.referrals import ADDRESS_TYPES, find_referral, is_authoritative
from certbot_dns_preflight.resolve.tasks import promptly
from certbot_dns_preflight.resolve.txt import TxtSurvey
from certbot_dns_preflight.run import inputs, session
from certbot_dns_preflight.run.timings import Deadline, cut_off

if TYPE_CHECKING:
    from certbot_dns_preflight.challenge import Challenge
    from certbot_dns_preflight.facts.answers import Endpoint
    from certbot_dns_preflight.run.inputs import Inputs
    from certbot_dns_preflight.run.session import Session
    from certbot_dns_preflight.settings import Settings

_MOST_ALIASES = 16


async def trace(challenge: Challenge, settings: Settings, *, read: Inputs | None = None) -> Trail:
    """Walk once, in at most `settings.timeout` seconds; what is not reached by then is left out.

    `read` holds the files that the settings name, if already read.
    """
    started, loop = dt.datetime.now(dt.UTC), asyncio.get_running_loop()
    begun = loop.time()
    answers: list[Replied] = []

    async def note(event: Asked | Replied) -> None:
        if isinstance(event, Replied):
            answers.append(event)

    watched = Exchange(query_timeout=settings.query_timeout, observer=note)
    read = inputs.load(settings) if read is None else read
    async with session.opened(settings, read, exchange=watched) as opened:
        tracer = _Tracer(challenge, opened, answers)
        await promptly(tracer.go(Deadline.after(settings.timeout)), watched.stop)
        return Trail(
            started=started,
            elapsed=loop.time() - begun,
            vantage=opened.vantage,
            survey=tracer.txt_survey.so_far(),
            legs=tuple(tracer.legs),
            destinations=tuple(tracer.destinations),
        )


class _Tracer:
    """Walks; `answers` grows meanwhile, in the order in which the answers arrive."""

    def __init__(self, challenge: Challenge, opened: Session, answers: list[Replied]) -> None:
        self.session = opened
        self._challenge = challenge
        self.exchange = opened.exchange
        self.answers = answers
        self.walker = self.session.walker
        self.txt_survey = TxtSurvey(
            challenge, self.exchange, self.walker, families=self.session.families
        )
        self.legs: list[Leg] = []
        self.destinations: list[Destination] = []

    async def go(self, deadline: Deadline) -> None:
        """Walk until all is reached or time is up."""
        loop = asyncio.get_running_loop()
        stopping = loop.call_at(deadline.at, self.exchange.stop)  # nothing is asked after it
        try:
            async with cut_off(deadline), asyncio.TaskGroup() as group:
                group.create_task(self.survey_owner())
                group.create_task(self.follow(self._challenge.owner.parent()))
        finally:
            stopping.cancel()
            await self.txt_survey.close()

    async def survey_owner(self) -> None:
        survey = await self.txt_survey.round(complete=True)
        for owner in [hop.owner for hop in survey.hops] or [survey.challenge.owner]:
            self.legs.append(Leg(owner, await self._steps(owner)))

    async def follow(self, name: dns.name.Name) -> None:
        """Follow the domain itself through its aliases to its addresses."""
        for _ in range(_MOST_ALIASES + 1):
            destination = await self._look_up(name)
            self.destinations.append(destination)
            if destination.alias is None:
                return
            name = destination.alias
            if any(name == passed.name for passed in self.destinations):
                break
        self.destinations.append(Destination(name, missing="the aliases form a loop"))

    async def _steps(self, owner: dns.name.Name) -> tuple[Step, ...]:
        """Return the zones above a name, and whose answer led from each to the next."""
        cut = await self.walker.find(owner)
        if isinstance(cut, NoSuchDomain):
            cut = await self.walker.find(cut.zone)
        if not isinstance(cut, ZoneCut):
            return ()
        cuts = self.walker.lineage(cut)
        steps = [Step(cuts[0].apex)]
        for above, below in itertools.pairwise(cuts):
            steps.append(self._step(above, below))
        return tuple(steps)

    def _step(self, above: ZoneCut, below: ZoneCut) -> Step:
        hosts = {
            endpoint: host
            for host, endpoints in above.nameservers.items()
            for endpoint in endpoints
        }
        for answer in self.answers:
            endpoint, name, reply = answer.to.endpoint, answer.to.name, answer.reply
            if not isinstance(reply, Response) or not name.is_subdomain(below.apex):
                continue
            referral = find_referral(reply.message, above.apex, name)
            if referral is not None and referral.name == below.apex:
                return Step(below.apex, hosts.get(endpoint), endpoint, reply.rtt)
        return Step(below.apex)

    async def _look_up(self, name: dns.name.Name) -> Destination:
        cut = await self.walker.find(name)
        if isinstance(cut, NoSuchDomain):
            return Destination(name, cut.zone, missing=f"{cut.name} does not exist")
        if not isinstance(cut, ZoneCut):
            return Destination(name, missing="nothing answers")
        zone = await self.walker.zone(cut)
        endpoints = [endpoint for server in zone.nameservers for endpoint in server.endpoints]
        async with asyncio.TaskGroup() as group:
            asking = [
                group.create_task(self._ask(endpoints, name, rdtype)) for rdtype in ADDRESS_TYPES
            ]
        answers = [reply for task in asking if (reply := task.result()) is not None]
        if not answers:
            return Destination(name, zone.apex, missing="no name server of the zone answers")
        seconds = max(reply.rtt for reply in answers)
        for reply in answers:
            alias = rrset_at(reply.message.answer, name, dns.rdatatype.CNAME)
            if alias is not None:
                return Destination(name, zone.apex, alias=alias[0].target, seconds=seconds)
        addresses = tuple(
            rdata.address
            for reply in answers
            for rdtype in ADDRESS_TYPES
            for rdata in rrset_at(reply.message.answer, name, rdtype) or ()
        )
        gone = any(reply.message.rcode() == dns.rcode.NXDOMAIN for reply in answers)
        missing = "the name does not exist" if gone else "it has neither A nor AAAA"
        return Destination(
            name,
            zone.apex,
            addresses=addresses,
            missing=None if addresses else missing,
            seconds=seconds,
        )

    async def _ask(
        self, endpoints: list[Endpoint], name: dns.name.Name, rdtype: dns.rdatatype.RdataType
    ) -> Response | None:
        got = await ask_any(
            self.exchange,
            [endpoint for endpoint in endpoints if endpoint.family in self.session.families],
            name,
            rdtype,
            usable=lambda response: (
                is_authoritative(response.message) or _is_alias(response.message, name)
            ),
        )
        return got and got[1]


def _is_alias(message: dns.message.Message, name: dns.name.Name) -> bool:
    """Return whether it is an authoritative alias; the rcode is about its end (RFC 6604)."""
    authoritative = bool(message.flags & dns.flags.AA)
    return authoritative and rrset_at(message.answer, name, dns.rdatatype.CNAME) is not None
