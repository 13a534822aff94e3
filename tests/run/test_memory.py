"""What the lineages of one `certbot renew` need not find out each for itself."""

from __future__ import annotations

import asyncio
import functools
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from certbot_dns_preflight.challenge import make_challenge
from certbot_dns_preflight.facts.outcome import Verdict
from certbot_dns_preflight.resolve.exchange import Asked, Exchange, Replied
from certbot_dns_preflight.run import precheck, session, waiting
from certbot_dns_preflight.run.memory import MINUTES_AGO, Memory
from certbot_dns_preflight.run.timings import Timings
from certbot_dns_preflight.settings import Family, Settings
from tests.clock import run as clocked

if TYPE_CHECKING:
    from collections.abc import Callable

    from certbot_dns_preflight.facts.outcome import Outcome, Progress
    from tests.clock import Clock
    from tests.lab import Lab

pytestmark = pytest.mark.slow

TIMEOUT = 100.0
LAST_ROUND = TIMEOUT - Timings().after_last_round(TIMEOUT)
SECOND_LOOK = 10.0


class Lineages:
    """Renews one name after the other, as one process does; time passes as the runs let it."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.time = 0.0
        self.memory = Memory(lambda: self.time)

    def renew(self, domain: str) -> Outcome:
        cache = self.memory.delegations(self.settings)
        silent = self.memory.silent(self.settings)
        since = self.memory.now()
        extras = waiting.Extras(cache=cache, silent=silent)
        wanted = [make_challenge(domain, [b"v"])]

        async def go(clock: Clock) -> Outcome:
            def watch(progress: Progress) -> None:
                clock.call_soon(clock.move_on, progress.next_round_in)

            return await waiting.preflight(
                wanted, self.settings, wait=True, watch=watch, extras=extras
            )

        outcome = clocked(go)
        self.time += outcome.elapsed
        self.memory.keep(self.settings, cache, since=since, outcome=outcome)
        return outcome


@pytest.fixture
def lineages(lab: Lab) -> Lineages:
    return Lineages(Settings(root_hints=lab.root_hints, query_timeout=4, timeout=TIMEOUT))


@pytest.fixture
def publish(lab: Lab) -> Callable[..., None]:
    def write(*domains: str) -> None:
        records = [f"_acme-challenge.{domain}. TXT v" for domain in domains]
        lab.update(lab.primary, "example.test.", add=records)
        lab.wait_synchronous()

    return write


def looked_twice(outcome: Outcome) -> bool:
    early = outcome.challenges[0].early_end
    return early is not None and early.silent_for is not None


def test_a_dead_secondary_costs_the_whole_time_once(
    lab: Lab, lineages: Lineages, publish: Callable[..., None]
) -> None:
    domains = [f"n{number}.example.test" for number in range(6)]
    publish(*domains)
    lab.knot.kill()
    first, *later = [lineages.renew(domain) for domain in domains]
    assert first.elapsed >= LAST_ROUND
    assert not looked_twice(first)
    assert all(map(looked_twice, later))
    # Where the machine is slow the last round is long; it is the look's end all the same.
    assert all(SECOND_LOOK <= one.elapsed < TIMEOUT / 2 for one in later)
    assert {f.code for one in later for f in one.challenges[0].findings} == {
        "nameserver-unreachable"
    }
    assert all(one.verdict is Verdict.NOT_READY for one in later)


def test_a_server_that_is_back_at_the_second_look_is_ready_and_no_longer_known_as_dead(
    lab: Lab, lineages: Lineages, publish: Callable[..., None]
) -> None:
    publish("n0.example.test", "n1.example.test")
    lab.knot.kill()
    lineages.renew("n0.example.test")
    assert set(lineages.memory.silent(lineages.settings)) >= {
        endpoint
        for endpoint in lineages.memory.silent(lineages.settings)
        if endpoint.address in lab.knot.addresses
    }
    lab.knot.start()
    lab.knot.wait_ready()
    assert lineages.renew("n1.example.test").verdict is Verdict.READY
    assert not lineages.memory.silent(lineages.settings)


def test_what_else_is_missing_has_its_whole_time(
    lab: Lab, lineages: Lineages, publish: Callable[..., None]
) -> None:
    publish("n0.example.test")
    lab.knot.kill()
    lineages.renew("n0.example.test")
    outcome = lineages.renew("n1.example.test")  # whose record is nowhere
    assert outcome.challenges[0].early_end is None
    assert outcome.elapsed >= LAST_ROUND


def test_another_server_that_is_dead_has_its_whole_time(
    lab: Lab, lineages: Lineages, publish: Callable[..., None]
) -> None:
    publish("n0.example.test", "n1.example.test")
    lab.knot.kill()
    lineages.renew("n0.example.test")
    lab.nsd.kill()
    assert not looked_twice(lineages.renew("n1.example.test"))


def test_a_silence_of_long_ago_is_no_news(
    lab: Lab, lineages: Lineages, publish: Callable[..., None]
) -> None:
    publish("n0.example.test")
    lab.knot.kill()
    lineages.renew("n0.example.test")
    lineages.time += MINUTES_AGO
    assert lineages.memory.silent(lineages.settings)
    lineages.time += 1
    assert not lineages.memory.silent(lineages.settings)
    histories = lineages.memory.delegations(lineages.settings).histories
    assert not [e for e in histories if e.address in lab.knot.addresses]


def test_runs_that_look_in_another_way_share_nothing(
    lab: Lab, lineages: Lineages, publish: Callable[..., None]
) -> None:
    publish("n0.example.test")
    lab.knot.kill()
    lineages.renew("n0.example.test")
    other = replace(lineages.settings, family=Family.IPV4)
    assert not lineages.memory.silent(other)
    assert not lineages.memory.delegations(other).cuts


# -- delegations ----------------------------------------------------------------------------------


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Keep the addresses that are asked."""
    addresses: list[str] = []

    async def note(event: Asked | Replied) -> None:
        if isinstance(event, Asked):
            addresses.append(event.endpoint.address)

    monkeypatch.setattr(session, "Exchange", functools.partial(Exchange, observer=note))
    return addresses


def test_what_registries_said_is_asked_once_while_it_is_fresh(
    lab: Lab, lineages: Lineages, asked: list[str]
) -> None:
    settings, memory = lineages.settings, lineages.memory

    def look(domain: str) -> int:
        """Look beforehand, and count the questions to the root and to the top-level domain."""
        asked.clear()
        since, cache = memory.now(), memory.delegations(settings)
        asyncio.run(precheck.check([make_challenge(domain, [b"v"])], settings, cache=cache))
        memory.keep(settings, cache, since=since)
        return sum(asked.count(a) for server in (lab.root, lab.tld) for a in server.addresses)

    assert look("a.example.test") > 0
    assert look("b.example.test") == 0
    assert look("c.target.test") > 0  # a zone that is new, by a top-level domain that is known
    ttl = memory.delegations(settings).seconds_to_keep(make_challenge("example.test").owner)
    assert ttl == 0  # no zone of its own
    lineages.time += 3601
    assert not memory.delegations(settings).cuts
    assert look("d.example.test") > 0


def test_a_delegation_is_learned_anew_before_a_record_counts_as_visible(
    lab: Lab, lineages: Lineages, publish: Callable[..., None], asked: list[str]
) -> None:
    publish("n0.example.test", "n1.example.test")
    assert lineages.renew("n0.example.test").verdict is Verdict.READY
    asked.clear()
    assert lineages.renew("n1.example.test").verdict is Verdict.READY
    assert sum(asked.count(address) for address in lab.tld.addresses) > 0
