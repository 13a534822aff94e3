"""Servers that are back during a wait count for CAA, too: what failed is asked again, politely.

On a simulated clock, in a simulated internet: an outage of minutes takes no time.
"""

from __future__ import annotations

import asyncio
import functools
import itertools
from typing import TYPE_CHECKING

import pytest

from certbot_dns_preflight.caa.policy import IssuanceRequest
from certbot_dns_preflight.challenge import make_challenge
from certbot_dns_preflight.facts.outcome import Outcome, Verdict
from certbot_dns_preflight.resolve import split_horizon
from certbot_dns_preflight.resolve.cache import DelegationCache
from certbot_dns_preflight.resolve.exchange import Exchange
from certbot_dns_preflight.resolve.sockets import Sockets
from certbot_dns_preflight.run import precheck, session, waiting
from certbot_dns_preflight.settings import Settings
from tests.simulated import clock
from tests.simulated.internet import Cable, Internet

if TYPE_CHECKING:
    from pathlib import Path

    from certbot_dns_preflight.facts.answers import Endpoint

ANYBODY = IssuanceRequest(identities=("letsencrypt.org",))
ZONE = "d0.com."
ADDRESSES = 4
DATAGRAMS = 6
"""Of one question: two tries, each sent three times."""
BEFORE = 20.0
"""Seconds in which all have been asked for the first time, and found to be failing."""
A_PAUSE, MOST_TIMES = 5.0, 7
"""Between two times, and how many there are: after 5, 10, 20, 40 and 60 s, and at the end."""


class Ailing(Internet):
    """The servers of d0.com leave questions of some types unanswered until a time comes."""

    def __init__(self) -> None:
        super().__init__(1)
        self.silent: dict[str, float] = {}
        self.caa: list[float] = []
        """When the name servers of the zone were asked for CAA."""

    def receive(self, endpoint: Endpoint, wire: bytes) -> bytes | None:
        """Answer, unless it is too early."""
        answer, now = super().receive(endpoint, wire), asyncio.get_running_loop().time()
        asked = self.asked[-1]
        if asked.zone != ZONE:
            return answer
        if asked.rdtype == "CAA" and self.kind(asked.address) == "provider":
            self.caa.append(now)
        return answer if now >= self.silent.get(asked.rdtype, 0.0) else None


@pytest.fixture(scope="module")
def made() -> Ailing:
    return Ailing()


@pytest.fixture
def internet(made: Ailing, monkeypatch: pytest.MonkeyPatch) -> Ailing:
    made.asked.clear()
    made.caa.clear()
    made.silent = {}
    sockets = functools.partial(Sockets, functools.partial(Cable, made))
    monkeypatch.setattr(session, "Exchange", lambda **how: Exchange(**how, sockets=sockets()))
    monkeypatch.setattr(split_horizon, "own_resolvers", list)
    return made


@pytest.fixture
def settings(internet: Ailing, tmp_path: Path) -> Settings:
    hints, anchor = internet.write_inputs(tmp_path)
    return Settings(root_hints=hints, trust_anchor=anchor, timeout=300.0)


def wait(settings: Settings, *, look_before: bool = False) -> Outcome:
    async def go() -> Outcome:
        wanted, cache = [make_challenge("d0.com", [b"value"])], DelegationCache()
        environment = {}
        if look_before:
            facts = await precheck.check(wanted, settings, cache=cache)
            environment = dict(facts.environment)
        extras = waiting.Extras(request=ANYBODY, environment=environment, cache=cache)
        return await waiting.preflight(wanted, settings, wait=True, extras=extras)

    return clock.run(go)


def errors(outcome: Outcome) -> list[str]:
    (judged,) = outcome.challenges
    return [f.code for f in judged.findings if f.severity.value == "error"]


@pytest.mark.parametrize("look_before", [False, True])
def test_servers_that_are_back_after_minutes_are_asked_for_caa_again(
    internet: Ailing, settings: Settings, *, look_before: bool
) -> None:
    internet.silent = dict.fromkeys(("TXT", "CAA", "SOA", "NS", "DNSKEY", "A", "AAAA"), 150.0)
    outcome = wait(settings, look_before=look_before)
    assert errors(outcome) == []
    assert outcome.verdict is Verdict.READY


@pytest.mark.parametrize("look_before", [False, True])
def test_caa_that_has_been_read_is_not_asked_for_again(
    internet: Ailing, settings: Settings, *, look_before: bool
) -> None:
    internet.silent = {"TXT": 150.0, "CAA": 60.0}
    outcome = wait(settings, look_before=look_before)
    assert outcome.verdict is Verdict.READY
    late = [when for when in internet.caa if when > 60.0]
    assert 0 < len(late) <= 2 * ADDRESSES


def test_what_fails_for_good_is_asked_for_less_and_less_often(
    internet: Ailing, settings: Settings
) -> None:
    internet.silent = {"TXT": 250.0, "CAA": 1000.0}
    outcome = wait(settings)
    assert errors(outcome) == ["caa-unanswerable"]
    later = [when for when in sorted(internet.caa) if when > BEFORE]
    begun = [when for last, when in itertools.pairwise(later) if when > last + A_PAUSE]
    assert 3 <= len(begun) + 1 <= MOST_TIMES
    assert len(later) <= MOST_TIMES * ADDRESSES * DATAGRAMS


def test_a_healthy_order_asks_once(internet: Ailing, settings: Settings) -> None:
    internet.silent = {"TXT": 150.0}
    assert wait(settings).verdict is Verdict.READY
    assert max(internet.caa) < BEFORE
