"""How soon a wait notices what is there, and how often it asks meanwhile, on a simulated clock."""

from __future__ import annotations

import asyncio
import functools
import itertools
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import dns.flags
import dns.message
import dns.rdatatype
import dns.rrset
import pytest

from certbot_dns_preflight.caa.policy import IssuanceRequest
from certbot_dns_preflight.challenge import make_challenge
from certbot_dns_preflight.facts.answers import Endpoint
from certbot_dns_preflight.facts.outcome import ChallengeOutcome, Verdict
from certbot_dns_preflight.resolve import split_horizon
from certbot_dns_preflight.resolve.exchange import Exchange
from certbot_dns_preflight.resolve.sockets import Sockets
from certbot_dns_preflight.run import session, waiting
from certbot_dns_preflight.settings import Settings
from tests.simulated import clock
from tests.simulated.internet import RESOLVER, Cable, Internet

if TYPE_CHECKING:
    from pathlib import Path

NAMES = 6
RTT = 0.1
SOON_OVER = 3.2  # seconds, until which rounds follow each other sooner
A_ROUND = 0.5  # seconds from the queries of one round to those of the next


@dataclass(slots=True)
class Growing:
    """An internet whose addresses come to have the records one by one, `due` seconds after."""

    internet: Internet
    due: dict[str, float]
    asked: dict[tuple[str, str], list[float]] = field(default_factory=lambda: defaultdict(list))
    asked_ns: list[tuple[float, str]] = field(default_factory=list)
    rtt: float = RTT

    def receive(self, endpoint: Endpoint, wire: bytes) -> bytes | None:
        """Answer, but deny the record before its time; note when each was asked for."""
        now = asyncio.get_running_loop().time()
        query = dns.message.from_wire(wire)
        [question] = query.question
        name = question.name.to_text().lower()
        if question.rdtype == dns.rdatatype.NS:
            self.asked_ns.append((now, name))
        if question.rdtype == dns.rdatatype.TXT:
            self.asked[endpoint.address, name].append(now)
            if now < self.due.get(endpoint.address, 0.0):
                response = dns.message.make_response(query)
                response.flags |= dns.flags.AA
                apex = question.name.parent()
                soa = dns.rrset.from_text(apex, 60, "IN", "SOA", f"{apex} {apex} 1 2 3 4 5")
                response.authority = [soa]
                return response.to_wire()
        return self.internet.receive(endpoint, wire)


@pytest.fixture
def growing() -> Growing:
    internet = Internet(NAMES)
    addresses = sorted({a for n in range(NAMES) for a in internet.addresses_of(f"d{n}.com.")})
    return Growing(internet, {a: 4.0 + n * 0.217 for n, a in enumerate(addresses)})


def wait(settings: Settings) -> dict[str, tuple[ChallengeOutcome, float]]:
    """Wait for all; give each outcome, and when it was told."""
    told: dict[str, tuple[ChallengeOutcome, float]] = {}

    async def go() -> None:
        def decided(judged: ChallengeOutcome) -> None:
            told[judged.survey.challenge.domain] = judged, asyncio.get_running_loop().time()

        challenges = [make_challenge(f"d{n}.com", [b"value"]) for n in range(NAMES)]
        extras = waiting.Extras(request=IssuanceRequest(identities=("letsencrypt.org",)))
        await waiting.preflight(challenges, settings, wait=True, decided=decided, extras=extras)

    clock.run(go)
    return told


@pytest.fixture
def settings(growing: Growing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    sockets = functools.partial(Sockets, functools.partial(Cable, growing))
    monkeypatch.setattr(session, "Exchange", lambda **how: Exchange(**how, sockets=sockets()))
    monkeypatch.setattr(split_horizon, "own_resolvers", lambda: [Endpoint(RESOLVER)])
    hints, anchor = growing.internet.write_inputs(tmp_path)
    return Settings(root_hints=hints, trust_anchor=anchor)


def last_due(growing: Growing, domain: str) -> float:
    return max(growing.due[a] for a in growing.internet.addresses_of(f"{domain}."))


def test_it_is_told_within_a_second_and_a_few_round_trips(
    growing: Growing, settings: Settings
) -> None:
    told = wait(settings)
    assert {judged.verdict for judged, _ in told.values()} == {Verdict.READY}
    for domain, (_, when) in told.items():
        # Until it is asked again; then three times, the last time 0.3 s after the one before.
        assert 0.3 < when - last_due(growing, domain) <= A_ROUND + RTT + 0.3 + RTT + 0.1


def test_after_the_first_seconds_no_address_is_asked_for_a_record_more_than_twice_a_second(
    growing: Growing, settings: Settings
) -> None:
    wait(settings)
    for times in growing.asked.values():
        *gaps, last = [later - earlier for earlier, later in itertools.pairwise(times)]
        assert all(gap >= 0.2 for gap in gaps)
        later = [gap for gap, asked in zip(gaps, times, strict=False) if asked >= SOON_OVER]
        assert all(gap >= A_ROUND - 0.01 for gap in later), times
        assert last >= 0.3 - 0.01


def test_every_address_has_shown_it_in_two_complete_rounds(
    growing: Growing, settings: Settings
) -> None:
    told = wait(settings)
    for domain, (_, when) in told.items():
        for address in growing.internet.addresses_of(f"{domain}."):
            times = growing.asked[address, f"_acme-challenge.{domain}."]
            assert len([t for t in times if t >= last_due(growing, domain)]) == 2
            assert times[-1] < when


def test_who_must_agree_is_asked_once_more_before_the_last_round(
    growing: Growing, settings: Settings
) -> None:
    told = wait(settings)
    for domain in told:
        asked = [when for when, name in growing.asked_ns if name == f"{domain}."]
        last = min(
            growing.asked[address, f"_acme-challenge.{domain}."][-1]
            for address in growing.internet.addresses_of(f"{domain}.")
        )
        noticed = last_due(growing, domain)
        assert [when for when in asked if noticed < when < last]
