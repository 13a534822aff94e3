"""What a run costs: questions and round trips, counted in a simulated internet, without a clock.

The figures are bounds: whoever makes a run ask more sees it here, and says why.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from certbot_dns_preflight.caa.policy import IssuanceRequest
from certbot_dns_preflight.challenge import make_challenge
from certbot_dns_preflight.facts.dnssec import Trust
from certbot_dns_preflight.facts.outcome import Outcome, Verdict
from certbot_dns_preflight.resolve.cache import DelegationCache
from certbot_dns_preflight.run import lingering_records, precheck, record_location, waiting
from certbot_dns_preflight.run.memory import Memory
from tests.simulated import clock
from tests.simulated.internet import PROVIDERS, SIGNED_EVERY, Internet

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from certbot_dns_preflight.challenge import Challenge
    from certbot_dns_preflight.settings import Settings

ANYBODY = IssuanceRequest(identities=("letsencrypt.org",))
MANY = 100


@pytest.fixture(scope="module")
def made() -> Internet:
    return Internet(MANY)


@dataclass(frozen=True, slots=True)
class Bench:
    """An internet, and how a run is told of it."""

    internet: Internet
    settings: Settings

    def challenges(self, count: int) -> list[Challenge]:
        return [make_challenge(f"d{number}.com", [b"value"]) for number in range(count)]

    def look(self, count: int, *, charge: float = 0.0) -> tuple[Outcome, float]:
        """Look once at so many names; give what the loop's clock says at the end, too."""

        async def go() -> tuple[Outcome, float]:
            extras = waiting.Extras(request=ANYBODY)
            outcome = await waiting.preflight(
                self.challenges(count), self.settings, wait=False, extras=extras
            )
            return outcome, asyncio.get_running_loop().time()

        return clock.run(go, charge=charge)

    def order(self, count: int) -> tuple[int, int, float]:
        """Look before the records are made, and wait for them: questions of each, and seconds."""

        async def go() -> tuple[int, int, float]:
            challenges, cache = self.challenges(count), DelegationCache()
            facts = await precheck.check(challenges, self.settings, cache=cache)
            before = len(self.internet.asked)
            begun = asyncio.get_running_loop().time()
            extras = waiting.Extras(request=ANYBODY, environment=facts.environment, cache=cache)
            outcome = await waiting.preflight(challenges, self.settings, wait=True, extras=extras)
            assert outcome.verdict is Verdict.READY
            took = asyncio.get_running_loop().time() - begun
            return before, len(self.internet.asked) - before, took

        return clock.run(go)

    def renew(self, names: Sequence[str], *, late: float) -> list[float]:
        """Go through orders as one `certbot renew` does; give the seconds that each one adds.

        All but the first name server get a record `late` seconds after it was made.
        """
        memory = Memory()

        async def one(name: str) -> float:
            now = asyncio.get_running_loop().time
            wanted, begun = [make_challenge(name, [b"value"])], now()
            cache, since = memory.delegations(self.settings), memory.now()
            facts = await precheck.check(wanted, self.settings, cache=cache)
            memory.keep(self.settings, cache, since=since)
            await record_location.find(wanted, self.settings, cache=cache, read=facts.inputs)
            internet = self.internet
            _, *others = internet.servers_of(f"{name}.")
            made = now() + late
            internet.from_when = {a: made for host in others for a in internet.hosts[host]}
            extras = waiting.Extras(
                request=ANYBODY,
                environment=facts.environment,
                cache=cache,
                inputs=facts.inputs,
                silent=memory.silent(self.settings),
            )
            outcome = await waiting.preflight(wanted, self.settings, wait=True, extras=extras)
            assert outcome.verdict is Verdict.READY
            memory.keep(self.settings, cache, since=since, outcome=outcome)
            internet.until = now()
            assert not await lingering_records.look(outcome, query_timeout=3)
            internet.until, internet.from_when = None, {}
            return now() - begun

        async def go() -> list[float]:
            return [await one(name) for name in names]

        return clock.run(go)


@pytest.fixture
def bench(made: Internet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    made.asked.clear()
    return Bench(made, made.plug_in(monkeypatch, tmp_path))


@pytest.mark.slow
@pytest.mark.heavy
def test_a_look_at_many_names_asks_each_thing_once_and_registries_hardly_anything(
    bench: Bench,
) -> None:
    outcome, seconds = bench.look(MANY)
    assert seconds / bench.internet.rtt <= 16
    assert outcome.verdict is Verdict.READY
    signed = [number % SIGNED_EVERY == 0 for number in range(MANY)]
    assert [c.dnssec.trust is Trust.SECURE for c in outcome.challenges] == signed
    internet = bench.internet
    addresses = sum(len(internet.addresses_of(f"d{n}.com.")) for n in range(MANY))
    servers = sum(len(internet.servers_of(f"d{n}.com.")) for n in range(MANY))
    signed_addresses = sum(
        len(internet.addresses_of(f"d{n}.com.")) for n in range(MANY) if signed[n]
    )
    at_users = Counter(
        one.rdtype
        for one in internet.asked
        if one.zone.startswith("d") and internet.kind(one.address) == "provider"
    )
    # Beside the main path, a question that waits for a socket may be asked elsewhere too.
    assert at_users.pop("A") + at_users.pop("AAAA") <= 1.2 * 2 * MANY
    assert at_users == {
        "TXT": 2 * addresses,  # in two rounds
        "NS": servers,
        # One denial in an unsigned zone is compared with what small letters get.
        "CAA": servers + MANY - sum(signed),
        "DNSKEY": signed_addresses,
        "SOA": MANY,
    }
    whom = Counter(internet.kind(one.address) for one in internet.asked)
    assert whom["root"] <= 8
    assert whom["tld"] <= 2 * MANY
    assert whom["resolver"] <= 5 * MANY
    assert {one.rdtype for one in internet.repeated()} == {"TXT", "CAA"}
    assert len(internet.asked) <= 40 * MANY


def test_a_look_at_one_name_takes_few_round_trips(bench: Bench) -> None:
    _, one = bench.look(1)
    assert one / bench.internet.rtt <= 9.1


def test_an_order_looks_once_more_at_who_must_agree_and_at_nothing_else(bench: Bench) -> None:
    before, during, seconds = bench.order(6)
    assert before <= 61 * 6
    assert during <= 31 * 6
    assert seconds / bench.internet.rtt <= 7.1


@pytest.mark.slow
@pytest.mark.parametrize("late", [0.0, 0.1], ids=["there at once", "secondaries follow"])
def test_a_healthy_lineage_among_many_adds_less_than_a_second_and_a_half(
    bench: Bench, late: float
) -> None:
    names = [f"d{number}.com" for number in range(0, 10 * len(PROVIDERS), len(PROVIDERS))]
    seconds = {}
    for rtt in (0.001, 0.051):
        bench.internet.rtt = rtt
        seconds[rtt] = bench.renew(names, late=late)
    trips = [round((far - near) / 0.05) for near, far in zip(*seconds.values(), strict=True)]
    pauses = [s - 0.001 * n for s, n in zip(seconds[0.001], trips, strict=True)]
    # The confirming pause; before it, where the first round came too early, the first pause.
    assert max(pauses) <= (0.31 if late == 0 else 0.55)
    assert trips[0] <= 17
    assert max(trips[1:]) <= 14
    assert max(seconds[0.051]) <= 1.5


@pytest.mark.slow
@pytest.mark.heavy
def test_on_a_machine_that_is_far_too_slow_every_healthy_name_is_ready(bench: Bench) -> None:
    """Two milliseconds a callback: some hundred times what it takes, and longer than any patience.

    What this process is too busy to ask or to read is nobody's fault but its own.
    """
    outcome, seconds = bench.look(MANY, charge=0.002)
    assert seconds > 60
    assert Counter(challenge.verdict for challenge in outcome.challenges) == {Verdict.READY: MANY}
    assert not [finding for challenge in outcome.challenges for finding in challenge.findings]
    # What is told of servers is the network's time.
    rtts = [o.rtt for c in outcome.challenges for o in c.survey.observations]
    assert rtts == pytest.approx([bench.internet.rtt] * len(rtts))
