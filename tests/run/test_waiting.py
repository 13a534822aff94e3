"""Rounds until ready or out of time, with the lab's primary and its three secondaries."""

from __future__ import annotations

import asyncio
import functools
import os
import signal
import subprocess
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from certbot_dns_preflight.challenge import Challenge, make_challenge
from certbot_dns_preflight.facts.answers import NoResponse, NoResponseReason
from certbot_dns_preflight.facts.obstacle import NoEgress, OutOfTime
from certbot_dns_preflight.facts.outcome import Outcome, Progress, Verdict
from certbot_dns_preflight.option_values import Recursive
from certbot_dns_preflight.resolve.exchange import Asked, Exchange, Replied
from certbot_dns_preflight.resolve.queries import DEFAULT, Query
from certbot_dns_preflight.resolve.sockets import Sockets
from certbot_dns_preflight.resolve.trips import Trip
from certbot_dns_preflight.resolve.txt import TxtSurvey
from certbot_dns_preflight.run import session, waiting
from certbot_dns_preflight.run.timings import Timings
from certbot_dns_preflight.settings import Settings, UnreachablePolicy
from tests.clock import run as clocked
from tests.conftest import beside_python
from tests.lab import misbehaving, zone_text
from tests.observe import HANG, asking, until

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from certbot_dns_preflight.facts.answers import Endpoint
    from certbot_dns_preflight.facts.survey import Hop, Survey
    from tests.clock import Clock
    from tests.lab import Lab

pytestmark = pytest.mark.thorough

ZONE = "example.test."
VALUE = "gfj9Xq8kZ2mT4vB7nR1sL0pW6yD3hC5aE9uG2iK8oJg"


@pytest.fixture
def settings(lab: Lab) -> Settings:
    return Settings(root_hints=lab.root_hints, timeout=60)


@pytest.fixture
def publish(lab: Lab) -> Iterator[Callable[..., Challenge]]:
    """Write the value for a name at the primary; the secondaries follow."""
    owners: list[str] = []

    def write(domain: str = "wait.example.test", value: str = VALUE) -> Challenge:
        made = make_challenge(domain, [value.encode()])
        owners.append(made.owner.to_text())
        lab.update(lab.primary, ZONE, add=[f'{made.owner} TXT "{value}"'])
        return made

    yield write
    if owners:
        lab.update(lab.primary, ZONE, delete=owners)


def once(challenges: list[Challenge], settings: Settings) -> Outcome:
    return waiting.run(challenges, settings, wait=False)


def wait_for(challenges: list[Challenge], settings: Settings) -> Outcome:
    return waiting.run(challenges, settings, wait=True)


def wait_by(
    clock: Clock,
    challenges: list[Challenge],
    settings: Settings,
    watch: Callable[[Progress], None],
) -> Awaitable[Outcome]:
    """Wait with this clock; the pauses between rounds take no time."""

    def watched(progress: Progress) -> None:
        clock.call_soon(clock.move_on, progress.next_round_in)
        watch(progress)

    return waiting.preflight(challenges, settings, wait=True, watch=watched)


def only(outcome: Outcome) -> Survey:
    (judged,) = outcome.challenges
    return judged.survey


def codes(outcome: Outcome) -> set[str]:
    return {finding.code for judged in outcome.challenges for finding in judged.findings}


def with_settings(settings: Settings, **changes: object) -> Settings:
    return replace(settings, **changes)  # type: ignore[arg-type]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, str]]:
    """Keep what is asked of whom."""
    questions: list[tuple[str, str, str]] = []

    async def note(event: Asked | Replied) -> None:
        if isinstance(event, Asked):
            questions.append((event.endpoint.address, event.name.to_text(), event.rdtype.name))

    monkeypatch.setattr(session, "Exchange", functools.partial(Exchange, observer=note))
    return questions


def test_what_is_there_everywhere_is_ready_after_two_complete_rounds(
    lab: Lab, settings: Settings, publish: Callable[..., Challenge]
) -> None:
    wanted = publish()
    lab.wait_synchronous()
    outcome = wait_for([wanted], settings)
    survey = only(outcome)
    assert outcome.verdict is Verdict.READY
    assert codes(outcome) == set()
    assert survey.rounds == 2
    assert survey.ready_after is not None
    assert all(seen.first_match is not None for seen in survey.observations)


def test_a_ready_run_pays_for_no_serial_and_no_probe(
    lab: Lab,
    settings: Settings,
    publish: Callable[..., Challenge],
    asked: list[tuple[str, str, str]],
) -> None:
    wanted = publish()
    lab.wait_synchronous()
    outcome = wait_for([wanted], settings)
    assert outcome.verdict is Verdict.READY
    assert all(seen.serial is None for seen in only(outcome).observations)
    assert (ZONE, "SOA") not in {(name, rdtype) for _, name, rdtype in asked}
    txt = [address for address, name, rdtype in asked if rdtype == "TXT"]
    addresses = {address for server in lab.nameservers for address in server.addresses}
    assert sorted(txt) == sorted([*addresses, *addresses])


def test_more_confirmations_are_more_complete_rounds(
    lab: Lab, settings: Settings, publish: Callable[..., Challenge]
) -> None:
    wanted = publish()
    lab.wait_synchronous()
    assert only(wait_for([wanted], with_settings(settings, confirmations=4))).rounds == 4
    assert only(once([wanted], with_settings(settings, confirmations=3))).rounds == 3
    assert only(once([wanted], with_settings(settings, confirmations=1))).rounds == 1


def test_a_lagging_secondary_is_waited_for_and_no_longer(
    lab: Lab, settings: Settings, publish: Callable[..., Challenge]
) -> None:
    lab.pause_transfers(lab.nsd)
    wanted = publish()
    for server in (lab.knot, lab.pdns):
        server.wait_serial(ZONE, lab.primary.serial(ZONE) or 0)
    seen: list[Progress] = []

    async def go(clock: Clock) -> Outcome:
        def watch(progress: Progress) -> None:
            seen.append(progress)
            (survey,) = progress.surveys
            if survey.rounds == 3 and not progress.next_round_in:
                clock.move_on(100)
            if survey.rounds == 5 and not progress.next_round_in:
                lab.resume_transfers(lab.nsd)
                lab.refresh(lab.nsd)

        return await wait_by(clock, [wanted], with_settings(settings, timeout=600), watch)

    outcome = clocked(go)
    assert outcome.verdict is Verdict.READY
    assert codes(outcome) == set()
    # One round that finds it, and two that confirm it.
    assert only(outcome).rounds == 5 + 3
    pauses = [(p.next_round_in, p.elapsed) for p in seen]
    assert all(pause <= max(0.5, 0.05 * elapsed) for pause, elapsed in pauses)
    late = [one for one in only(outcome).observations if (one.first_match or 0) > 100]
    assert {one.nameserver.to_text() for one in late} == {lab.nsd.host}


def test_while_waiting_only_the_unconfirmed_are_asked(
    lab: Lab,
    settings: Settings,
    publish: Callable[..., Challenge],
    asked: list[tuple[str, str, str]],
) -> None:
    lab.pause_transfers(lab.knot)
    wanted = publish()
    for server in (lab.nsd, lab.pdns):
        server.wait_serial(ZONE, lab.primary.serial(ZONE) or 0)

    async def go(clock: Clock) -> Outcome:
        def watch(progress: Progress) -> None:
            if progress.surveys[0].rounds == 6 and not progress.next_round_in:
                clock.run_out(progress)

        return await wait_by(clock, [wanted], settings, watch)

    outcome = clocked(go)
    lab.resume_transfers(lab.knot)
    lab.refresh(lab.knot)
    assert codes(outcome) == {"secondary-behind"}
    txt = [
        address
        for address, name, rdtype in asked
        if rdtype == "TXT" and name == wanted.owner.to_text()
    ]
    # Once in the first round, and once more when the failure is looked into (TCP).
    assert txt.count(lab.bind.address4) <= 2
    assert txt.count(lab.knot.address4) >= 6


@pytest.mark.slow
def test_the_time_is_kept_when_servers_are_silent(
    lab: Lab, settings: Settings, publish: Callable[..., Challenge]
) -> None:
    patience = 60.0  # for one question, of which a run would need two
    wanted = publish()
    lab.wait_synchronous()
    lab.pdns.freeze()
    outcome = wait_for([wanted], with_settings(settings, timeout=4, query_timeout=patience))
    lab.pdns.thaw()
    assert outcome.verdict is Verdict.NOT_READY
    assert codes(outcome) == {"nameserver-unreachable"}
    # The last moment is for what the report needs, and may end early.
    assert 4 - Timings().last_words <= outcome.elapsed < patience


def test_a_silent_server_may_be_left_out_of_the_verdict(
    lab: Lab, settings: Settings, publish: Callable[..., Challenge]
) -> None:
    wanted = publish()
    lab.wait_synchronous()
    lab.pdns.kill()
    lenient = with_settings(settings, unreachable=UnreachablePolicy.WARN)
    outcome = wait_for([wanted], lenient)
    assert outcome.verdict is Verdict.READY
    assert [(f.code, f.severity.value) for f in outcome.challenges[0].findings] == [
        ("nameserver-unreachable", "warning")
    ]


def test_no_time_at_all_is_an_answer_too(lab: Lab, settings: Settings) -> None:
    wanted = make_challenge("example.test", [VALUE.encode()])
    outcome = wait_for([wanted], with_settings(settings, timeout=0))
    assert lab.bind.running
    assert outcome.verdict is not Verdict.READY


def test_what_was_ready_early_is_looked_at_again_before_the_end(
    lab: Lab, settings: Settings, publish: Callable[..., Challenge]
) -> None:
    early = publish("early.example.test")
    late = make_challenge("late.example.test", [VALUE.encode()])
    lab.wait_synchronous()
    changed = ran_out = False

    async def go(clock: Clock) -> Outcome:
        def watch(progress: Progress) -> None:
            nonlocal changed, ran_out
            first, second = progress.surveys
            if not changed and first.ready_after is not None:
                changed = True
                lab.update(lab.primary, ZONE, delete=[early.owner.to_text()])
                publish("late.example.test")
                lab.wait_synchronous()
                clock.move_on(11)
            looked_again = first.ready_after is None and second.ready_after is not None
            if changed and not ran_out and looked_again:
                ran_out = True
                clock.run_out(progress)

        return await wait_by(clock, [early, late], settings, watch)

    first, second = clocked(go).challenges
    assert (first.verdict, second.verdict) == (Verdict.NOT_READY, Verdict.READY)
    assert "record-vanished" in {finding.code for finding in first.findings}


def test_watchers_see_the_wait_go_on(
    lab: Lab, settings: Settings, publish: Callable[..., Challenge]
) -> None:
    wanted = publish()
    lab.wait_synchronous()
    seen: list[Progress] = []
    waiting.run([wanted], settings, wait=True, watch=seen.append)
    assert len(seen) >= 3
    assert seen[-1].surveys[0].ready_after is not None
    assert [p.elapsed for p in seen] == sorted(p.elapsed for p in seen)
    assert seen[0].timeout == settings.timeout


def test_what_watchers_are_shown_costs_no_more_for_more_names(
    settings: Settings,
    publish: Callable[..., Challenge],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One name's news is no reason to put together again what all others have shown."""
    built = 0
    so_far = TxtSurvey.so_far

    def counted(survey: TxtSurvey, *last: Hop | None) -> Survey:
        nonlocal built
        built += 1
        return so_far(survey, *last)

    monkeypatch.setattr(TxtSurvey, "so_far", counted)
    names = [publish(f"n{number}.example.test") for number in range(12)]
    shown: list[Progress] = []
    outcome = waiting.run(names, settings, wait=True, watch=shown.append)
    assert outcome.verdict is Verdict.READY
    rounds = sum(judged.survey.rounds for judged in outcome.challenges)
    assert len(shown) >= rounds
    assert built <= 12 * rounds
    assert all(survey.ready_after is not None for survey in shown[-1].surveys)


def test_a_resolver_can_lead_the_way(
    lab: Lab, settings: Settings, publish: Callable[..., Challenge]
) -> None:
    wanted = publish()
    lab.wait_synchronous()
    through = with_settings(
        settings, root_hints=None, resolver=(Recursive(lab.unbound.address4, 53),)
    )
    outcome = wait_for([wanted], through)
    assert outcome.verdict is Verdict.READY
    assert len(only(outcome).observations) == 8
    assert [e.address for e in outcome.vantage.resolvers] == [lab.unbound.address4]


def test_nothing_answering_at_all_is_inconclusive(lab: Lab, settings: Settings) -> None:
    nowhere = with_settings(
        settings, root_hints=None, query_timeout=2, resolver=(Recursive("127.53.9.9", 53),)
    )
    outcome = once([make_challenge("example.test")], nowhere)
    assert lab.bind.running
    assert outcome.verdict is Verdict.INCONCLUSIVE
    assert isinstance(only(outcome).obstacle, NoEgress)


def test_cancelling_ends_it_at_once(
    lab: Lab, settings: Settings, asked: list[tuple[str, str, str]]
) -> None:
    async def go() -> list[tuple[str, str, str]]:
        looked = asyncio.Event()
        wanted = [make_challenge("nothing.example.test", [b"x"])]
        task = asyncio.create_task(
            waiting.preflight(wanted, settings, wait=True, watch=lambda _: looked.set())
        )
        await looked.wait()
        task.cancel()
        before = asked[:]
        with pytest.raises(asyncio.CancelledError):
            await task
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return before

    assert asyncio.run(go()) == asked
    assert lab.bind.running


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_command_at_once(lab: Lab, number: signal.Signals) -> None:
    lab.knot.freeze()
    process = subprocess.Popen(
        [
            beside_python("dns-preflight"),
            "check",
            "nothing.example.test",
            "--expect=x",
            "--wait",
            f"--root-hints={lab.root_hints}",
            "--timeout=3600",
            "--query-timeout=60",
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    until(lambda: asking(process, lab.knot.address4))
    os.kill(process.pid, number)
    _, stderr = process.communicate(timeout=HANG)
    lab.knot.thaw()
    assert process.returncode == (130 if number is signal.SIGINT else -signal.SIGTERM)
    assert "Traceback" not in stderr


def test_a_signal_goes_to_whoever_handled_it_before(lab: Lab, settings: Settings) -> None:
    class ToldError(Exception):
        pass

    def handler(*_: object) -> None:
        raise ToldError

    def watch(progress: Progress) -> None:
        if progress.surveys[0].rounds == 1:
            os.kill(os.getpid(), signal.SIGTERM)

    wanted = [make_challenge("nothing.example.test", [b"x"])]
    before = signal.signal(signal.SIGTERM, handler)
    try:
        with pytest.raises(ToldError):
            waiting.run(wanted, settings, wait=True, watch=watch)
        assert signal.getsignal(signal.SIGTERM) is handler
    finally:
        signal.signal(signal.SIGTERM, before)
    assert lab.bind.running


def test_it_runs_in_a_thread_where_signals_cannot_be_caught(
    lab: Lab, settings: Settings, publish: Callable[..., Challenge]
) -> None:
    wanted = publish()
    lab.wait_synchronous()
    got: list[Outcome] = []
    thread = threading.Thread(target=lambda: got.append(wait_for([wanted], settings)))
    thread.start()
    thread.join()
    assert got[0].verdict is Verdict.READY


def test_out_of_time_before_anything_was_learned_says_where(lab: Lab, settings: Settings) -> None:
    lab.root.freeze()
    outcome = wait_for([make_challenge("example.test", [b"x"])], with_settings(settings, timeout=1))
    lab.root.thaw()
    assert isinstance(only(outcome).obstacle, (OutOfTime, NoEgress))
    assert outcome.verdict is not Verdict.READY


def test_a_silent_address_beside_an_answering_one_delays_no_readiness(
    lab: Lab, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once it has kept silent it is asked beside the rounds: here, without ever an end to it."""
    silent = lab.addresses()[1]
    zone, host = "late.test.", "ns9.dns.test."
    names = [lab.bind, host]
    endless: list[str] = []

    class Unheard(Sockets):
        """What is sent to the silent address has had its time at once."""

        async def over_udp(
            self,
            endpoint: Endpoint,
            query: Query,
            *,
            patience: float,
            resend_after: float,
            any_case: bool = False,
        ) -> Trip:
            if endpoint.address == silent:
                return Trip(NoResponse(NoResponseReason.TIMED_OUT, "no answer", 0.0))
            return await super().over_udp(
                endpoint, query, patience=patience, resend_after=resend_after, any_case=any_case
            )

    seen_silent = False

    async def hold_back(event: Asked | Replied) -> None:
        nonlocal seen_silent
        if not isinstance(event, Asked) or event.how != DEFAULT:
            return
        if (event.endpoint.address, event.rdtype.name) == (silent, "TXT"):
            if seen_silent:
                endless.append(event.name.to_text())
                await asyncio.get_running_loop().create_future()
            seen_silent = True

    def watch(progress: Progress) -> None:
        if progress.surveys[0].rounds == 3 and not progress.next_round_in:
            lab.resume_transfers(lab.nsd, zone)
            lab.refresh(lab.nsd, zone)

    held_back = functools.partial(Exchange, observer=hold_back, sockets=Unheard())
    monkeypatch.setattr(session, "Exchange", held_back)
    with misbehaving.Silent([silent], {zone: zone_text(zone, [host])}):
        lab.name_addresses(host, [lab.nsd.address4, silent])
        lab.zone(zone, [lab.bind, lab.nsd], dynamic=True, apex=names, delegation=names)
        lab.pause_transfers(lab.nsd, zone)
        lab.update(lab.bind, zone, add=[f'_acme-challenge.{zone} TXT "{VALUE}"'])
        wanted = [make_challenge("late.test", [VALUE.encode()])]
        outcome = waiting.run(wanted, settings, wait=True, watch=watch)
    assert outcome.verdict is Verdict.READY
    assert codes(outcome) == {"address-unreachable"}
    assert only(outcome).rounds == 3 + 3
    assert endless == [f"_acme-challenge.{zone}"]
