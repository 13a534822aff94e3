"""When the time is up: what was collected counts, and no task is left behind."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from certbot_dns_preflight.caa.policy import IssuanceRequest
from certbot_dns_preflight.challenge import make_challenge
from certbot_dns_preflight.facts.outcome import Outcome, Progress, Verdict
from certbot_dns_preflight.run import gate, precheck, waiting
from certbot_dns_preflight.run.timings import Timings
from certbot_dns_preflight.run.trace import trace
from certbot_dns_preflight.settings import Settings
from tests.clock import run as clocked
from tests.lab.misbehaving import Silent

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator

    from certbot_dns_preflight.challenge import Challenge
    from tests.clock import Clock
    from tests.lab import Lab

ANYBODY = IssuanceRequest(identities=("letsencrypt.org",))
LONG = 600.0


@pytest.fixture
def settings(lab: Lab) -> Settings:
    """Wait for an answer for longer than any test lasts, unless its clock is moved on."""
    return Settings(root_hints=lab.root_hints, query_timeout=60, timeout=LONG)


@pytest.fixture
def dead(lab: Lab) -> Iterator[Silent]:
    """The only name server of dead.test, which never answers."""
    addresses = lab.addresses()
    lab.name_addresses("silent.dns.test.", addresses)
    lab.delegate("dead.test.", ["silent.dns.test."])
    records = 'www CNAME x.dead.test.\n_acme-challenge.www TXT v\n@ CAA 0 issue "other.example"\n'
    lab.zone("slow.test.", [lab.bind, lab.nsd], records=records)
    with Silent(addresses, {}) as server:
        yield server
    lab.undelegate("dead.test.")


@pytest.fixture
def challenge(dead: Silent) -> Challenge:  # noqa: ARG001 - asked for its effect
    """A name whose record is there, whose CAA is behind an alias that nobody answers for."""
    return make_challenge("www.slow.test", [b"v"])


async def leaving_nothing(run: Coroutine[object, object, Outcome]) -> Outcome:
    outcome = await run
    assert asyncio.all_tasks() == {asyncio.current_task()}
    return outcome


def errors(outcome: Outcome) -> list[str]:
    (judged,) = outcome.challenges
    return [f.code for f in judged.findings if f.severity.value == "error"]


@pytest.mark.parametrize("wait", [False, True])
def test_what_a_look_had_collected_when_it_was_cut_off_counts(
    challenge: Challenge, settings: Settings, dead: Silent, *, wait: bool
) -> None:
    async def go(clock: Clock) -> Outcome:
        def watch(progress: Progress) -> None:
            (survey,) = progress.surveys
            if survey.rounds == 2:  # the record has been seen; CAA keeps silent
                clock.move_on_once(lambda: dead.asked, LONG)

        # It is not what is around that is given up: it is the end of the whole look.
        extras = waiting.Extras(request=ANYBODY, timings=Timings(environment=10 * LONG))
        return await leaving_nothing(
            waiting.preflight([challenge], settings, wait=wait, watch=watch, extras=extras)
        )

    outcome = clocked(go)
    assert outcome.verdict is Verdict.NOT_READY
    assert errors(outcome) == ["caa-unanswerable"]
    (judged,) = outcome.challenges
    assert judged.survey.ready_after is not None
    assert judged.findings[0].summary.startswith("CAA at www.slow.test (an alias for x.dead.test")


def test_what_a_precheck_had_collected_when_it_was_cut_off_counts(
    challenge: Challenge, settings: Settings, dead: Silent
) -> None:
    async def go(clock: Clock) -> Outcome:
        clock.move_on_once(lambda: dead.asked, LONG)
        result = await precheck.check([challenge], settings)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return result.judged(settings, ANYBODY)

    assert errors(clocked(go)) == ["caa-unanswerable"]


@pytest.mark.parametrize("wait", [False, True])
def test_a_run_that_is_cancelled_leaves_no_task(
    challenge: Challenge, settings: Settings, *, wait: bool
) -> None:
    async def go() -> None:
        begun = asyncio.Event()
        extras = waiting.Extras(request=ANYBODY)
        run = waiting.preflight(
            [challenge], settings, wait=wait, watch=lambda _: begun.set(), extras=extras
        )
        task = asyncio.ensure_future(run)
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(go())


def test_a_walk_that_is_cut_off_leaves_no_task(
    challenge: Challenge, settings: Settings, dead: Silent
) -> None:
    async def go(clock: Clock) -> list[str]:
        clock.move_on_once(lambda: dead.asked, LONG)
        trail = await trace(challenge, settings)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return [str(destination.name) for destination in trail.destinations]

    assert clocked(go) == ["www.slow.test."]


def test_in_a_single_look_the_time_is_each_names_own(
    lab: Lab, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second one is begun when the first one's time is over, and has as much."""
    monkeypatch.setattr(gate, "_MOST", 1)
    lab.zone("one.test.", [lab.bind, lab.nsd], records="_acme-challenge TXT v\n")
    lab.zone("two.test.", [lab.bind, lab.nsd])
    wanted = [make_challenge(domain, [b"v"]) for domain in ("one.test", "two.test")]

    async def go(clock: Clock) -> Outcome:
        def decided(_: object) -> None:
            clock.move_on(2 * LONG)

        return await waiting.preflight(wanted, settings, wait=False, decided=decided)

    first, second = clocked(go).challenges
    assert first.verdict is Verdict.READY
    assert [f.code for f in second.findings] == ["record-not-published"]


@pytest.mark.parametrize(("confirming", "codes"), [(0.3, []), (10 * LONG, ["unconfirmed"])])
def test_what_was_seen_everywhere_but_not_confirmed_in_time_says_so(
    lab: Lab, settings: Settings, confirming: float, codes: list[str]
) -> None:
    lab.zone("late.test.", [lab.bind, lab.nsd], records="_acme-challenge TXT v\n")

    async def go(clock: Clock) -> Outcome:
        def watch(progress: Progress) -> None:
            if codes and progress.next_round_in:
                clock.move_on(LONG)

        extras = waiting.Extras(timings=Timings(confirming_pause=confirming))
        wanted = [make_challenge("late.test", [b"v"])]
        return await leaving_nothing(
            waiting.preflight(wanted, settings, wait=True, watch=watch, extras=extras)
        )

    outcome = clocked(go)
    assert errors(outcome) == codes
    assert outcome.verdict is (Verdict.NOT_READY if codes else Verdict.READY)
