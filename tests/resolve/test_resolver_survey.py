"""When resolvers are asked: not before the record can be there, nor while a miss is cached."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dns.flags
import dns.message
import dns.name
import dns.rdatatype
import dns.rrset

from certbot_dns_preflight.challenge import make_challenge
from certbot_dns_preflight.facts.answers import (
    Absent,
    Endpoint,
    NoResponse,
    NoResponseReason,
    NotAsked,
    Response,
    Transport,
    Values,
)
from certbot_dns_preflight.facts.obstacle import NoEgress, NoSuchDomain, Tried
from certbot_dns_preflight.facts.survey import Status
from certbot_dns_preflight.resolve.exchange import Exchange
from certbot_dns_preflight.resolve.queries import DEFAULT, QueryOptions
from certbot_dns_preflight.resolve.resolver_survey import ResolverSurvey
from certbot_dns_preflight.resolve.resolver_zones import ResolverZones
from tests.clock import Clock
from tests.clock import run as clocked

if TYPE_CHECKING:
    from collections.abc import Callable

    from certbot_dns_preflight.facts.answers import Reply
    from certbot_dns_preflight.facts.survey import Survey

OWNER = dns.name.from_text("_acme-challenge.example.test.")
ONE, OTHER = Endpoint("192.0.2.1"), Endpoint("192.0.2.2")
SOA = "ns1.example.test. root.example.test. 1 2 3 4"


class Resolvers(Exchange):
    """Resolvers that keep misses for `ttl` seconds, before a record that comes at `published`."""

    def __init__(self, clock: Clock, *, published: float, ttl: int = 60) -> None:
        super().__init__(query_timeout=1)
        self.clock = clock
        self.published = clock.time() + published
        self.ttl = ttl
        self.asked: list[tuple[Endpoint, str]] = []
        self.misses: dict[Endpoint, float] = {}
        self.silent: set[Endpoint] = set()
        self.denied = False

    async def ask(
        self,
        endpoint: Endpoint,
        name: dns.name.Name,
        rdtype: dns.rdatatype.RdataType,
        *,
        how: QueryOptions = DEFAULT,
    ) -> Reply:
        assert how.recursion
        assert how.dnssec
        if endpoint in self.silent:
            return NoResponse(NoResponseReason.TIMED_OUT, "no answer within 1 s", 1.0)
        if name == OWNER:
            self.asked.append((endpoint, rdtype.name))
        message = dns.message.make_response(dns.message.make_query(name, rdtype))
        message.flags |= dns.flags.RA
        apex = "test." if self.denied else "example.test."
        now = self.clock.time()
        kept = self.misses.get(endpoint, 0.0) - now
        if name.to_text() == apex and rdtype == dns.rdatatype.SOA:
            message.answer.append(dns.rrset.from_text(apex, 30, "IN", "SOA", f"{SOA} {self.ttl}"))
        elif name == OWNER and now >= self.published and kept <= 0:
            message.answer.append(dns.rrset.from_text(OWNER, 60, "IN", "TXT", "value"))
        else:
            message.set_rcode(3)
            if name == OWNER and kept <= 0:
                self.misses[endpoint] = now + self.ttl
            left = round(self.misses.get(endpoint, now + self.ttl) - now)
            soa = dns.rrset.from_text(apex, left, "IN", "SOA", f"{SOA} {self.ttl}")
            message.authority.append(soa)
        return Response(message, Transport.UDP, 0.01)


def surveyed(
    exchange: Resolvers, *resolvers: Endpoint, expected: tuple[bytes, ...] = (b"value",)
) -> ResolverSurvey:
    zones = ResolverZones(exchange, resolvers or (ONE,))
    return ResolverSurvey(make_challenge("example.test", expected), exchange, zones)


def shown(seen: Survey) -> list[Status]:
    return [observation.status for observation in seen.observations]


def run(work: Callable[[Clock], object]) -> None:
    clocked(work)  # type: ignore[arg-type]


def test_a_wait_asks_no_sooner_than_it_was_told_to() -> None:
    async def work(clock: Clock) -> None:
        exchange = Resolvers(clock, published=5)
        survey = surveyed(exchange)
        survey.hold_back(10)
        seen = await survey.round(complete=True)
        assert isinstance(seen.observations[0].reading, NotAsked)
        assert exchange.asked == []
        assert seen.sight is not None
        assert (seen.sight.negative_ttl, seen.sight.first_look) == (60, 10)
        clock.move_on(10)
        assert shown(await survey.round(complete=True)) == [Status.MATCH]
        assert exchange.asked == [(ONE, "TXT")]

    run(work)


def test_it_is_held_back_no_longer_than_a_miss_would_stay() -> None:
    async def work(clock: Clock) -> None:
        survey = surveyed(Resolvers(clock, published=0, ttl=4))
        survey.hold_back(60)
        await survey.round(complete=True)
        clock.move_on(4)
        assert shown(await survey.round(complete=True)) == [Status.MATCH]

    run(work)


def test_a_cached_miss_is_waited_out_and_told() -> None:
    async def work(clock: Clock) -> None:
        exchange = Resolvers(clock, published=20)
        survey = surveyed(exchange)
        (first,) = (await survey.round(complete=True)).observations
        assert isinstance(first.reading, Absent)
        assert first.kept_for is not None
        assert 59 < first.kept_for <= 60
        for _ in range(5):
            clock.move_on(10)
            assert shown(await survey.round(complete=False)) == [Status.ABSENT]
        assert exchange.asked == [(ONE, "TXT")]
        clock.move_on(11)
        (last,) = (await survey.round(complete=False)).observations
        assert last.status is Status.MATCH
        assert exchange.asked == [(ONE, "TXT")] * 2
        assert last.first_match is not None
        assert last.first_match > 60

    run(work)


def test_who_has_shown_it_is_asked_again_only_to_confirm() -> None:
    async def work(clock: Clock) -> None:
        exchange = Resolvers(clock, published=0)
        survey = surveyed(exchange)
        await survey.round(complete=True)
        await survey.round(complete=False)
        assert len(exchange.asked) == 1
        await survey.round(complete=True)
        assert len(exchange.asked) == 2

    run(work)


def test_one_resolvers_miss_says_nothing_of_the_others() -> None:
    async def work(clock: Clock) -> None:
        exchange = Resolvers(clock, published=0)
        exchange.misses[OTHER] = clock.time() + 30
        survey = surveyed(exchange, ONE, OTHER)
        assert shown(await survey.round(complete=True)) == [Status.MATCH, Status.ABSENT]
        clock.move_on(31)
        assert shown(await survey.round(complete=False)) == [Status.MATCH] * 2

    run(work)


def test_a_round_is_completed_by_those_that_it_left_out() -> None:
    async def work(clock: Clock) -> None:
        exchange = Resolvers(clock, published=0)
        exchange.misses[OTHER] = clock.time() + 30
        survey = surveyed(exchange, ONE, OTHER)
        await survey.round(complete=True)
        clock.move_on(31)
        await survey.round(complete=False)
        assert exchange.asked[2:] == [(OTHER, "TXT")]
        await survey.round(complete=True, rest=True)
        assert exchange.asked[3:] == [(ONE, "TXT")]
        await survey.round(complete=True)
        assert sorted(exchange.asked[4:]) == sorted([(ONE, "TXT"), (OTHER, "TXT")])

    run(work)


def test_the_last_look_of_a_wait_asks_whatever_is_cached() -> None:
    async def work(clock: Clock) -> None:
        exchange = Resolvers(clock, published=20)
        survey = surveyed(exchange)
        survey.hold_back(0)
        await survey.round(complete=True)
        exchange.misses.clear()  # another machine of the resolver answers
        clock.move_on(20)
        await survey.last_look()
        assert shown(survey.so_far()) == [Status.MATCH]

    run(work)


def test_without_a_value_nothing_is_asked_about_the_challenges_name() -> None:
    async def work(clock: Clock) -> None:
        exchange = Resolvers(clock, published=0)
        seen = await surveyed(exchange, expected=()).round(complete=True)
        assert exchange.asked == []
        assert shown(seen) == [Status.ABSENT]
        assert seen.obstacle is None

    run(work)


def test_a_domain_that_its_registry_denies_is_none() -> None:
    async def work(clock: Clock) -> None:
        exchange = Resolvers(clock, published=0)
        exchange.denied = True
        seen = await surveyed(exchange).round(complete=True)
        domain, zone = dns.name.from_text("example.test."), dns.name.from_text("test.")
        assert seen.obstacle == NoSuchDomain(domain, zone)
        assert exchange.asked == []

    run(work)


def test_resolvers_that_are_silent_are_the_obstacle_until_one_answers() -> None:
    async def work(clock: Clock) -> None:
        exchange = Resolvers(clock, published=0)
        exchange.silent.add(ONE)
        survey = surveyed(exchange)
        seen = await survey.round(complete=True)
        assert seen.obstacle == NoEgress(
            (ONE,), reasons=((ONE, "no answer within 1 s"),), asked=Tried.RESOLVERS
        )
        exchange.silent.clear()
        (observation,) = (await survey.round(complete=True)).observations
        assert observation.reading == Values((b"value",))

    run(work)
