"""A fault of ours at one name of a run: its outcome, and nobody else's."""

from __future__ import annotations

import asyncio
import functools
from typing import TYPE_CHECKING

import pytest

from certbot_dns_preflight.caa.policy import IssuanceRequest
from certbot_dns_preflight.challenge import make_challenge
from certbot_dns_preflight.facts.outcome import ChallengeOutcome, Outcome, Progress, Verdict
from certbot_dns_preflight.report import json_report, text
from certbot_dns_preflight.resolve.exchange import Asked, Exchange, Replied
from certbot_dns_preflight.run import permanence, precheck, session, waiting
from certbot_dns_preflight.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from certbot_dns_preflight.challenge import Challenge
    from tests.lab import Lab

ANYBODY = IssuanceRequest(identities=("letsencrypt.org",))
GOOD, BAD = "good.example.test", "bad.example.test"


class Faulty:
    """Fails as no server could make it fail, for one name and type."""

    at: tuple[str, str]
    error: BaseException

    @staticmethod
    async def note(event: Asked | Replied) -> None:
        if isinstance(event, Asked) and (event.name.to_text(), event.rdtype.name) == Faulty.at:
            raise Faulty.error


@pytest.fixture
def challenges(lab: Lab) -> Iterator[list[Challenge]]:
    """Two names whose records are there."""
    made = [make_challenge(domain, [b"v"]) for domain in (GOOD, BAD)]
    lab.update(lab.primary, "example.test.", add=[f"{one.owner} TXT v" for one in made])
    lab.wait_synchronous()
    yield made
    lab.update(lab.primary, "example.test.", delete=[one.owner.to_text() for one in made])


@pytest.fixture
def settings(lab: Lab) -> Settings:
    return Settings(root_hints=lab.root_hints, query_timeout=1, timeout=60)


@pytest.fixture
def faulty(monkeypatch: pytest.MonkeyPatch) -> None:
    Faulty.error = TypeError("no address")
    monkeypatch.setattr(session, "Exchange", functools.partial(Exchange, observer=Faulty.note))


def outcomes(result: Outcome) -> list[tuple[str, list[str]]]:
    return [
        (judged.verdict.value, [f.code for f in judged.findings if f.severity.value == "error"])
        for judged in result.challenges
    ]


ONE_FAILED = [("ready", []), ("not-ready", ["internal-error"])]


@pytest.mark.usefixtures("faulty")
@pytest.mark.parametrize("wait", [False, True])
@pytest.mark.parametrize(
    "at",
    [
        (f"_acme-challenge.{BAD}.", "TXT"),  # in a round
        (f"_acme-challenge.{BAD}.", "SOA"),  # in the walk
        (f"{BAD}.", "CAA"),  # in what is around
        (f"{BAD}.", "AAAA"),
    ],
)
def test_a_fault_at_one_name_is_that_names_alone(
    challenges: list[Challenge], settings: Settings, at: tuple[str, str], *, wait: bool
) -> None:
    Faulty.at = at
    told: list[ChallengeOutcome] = []
    for decided in (None, told.append):
        extras = waiting.Extras(request=ANYBODY)
        result = waiting.run(challenges, settings, wait=wait, decided=decided, extras=extras)
        assert outcomes(result) == ONE_FAILED
        finding = result.challenges[1].findings[0]
        assert finding.evidence["exception"] == "TypeError"
        assert str(finding.evidence["where"]).startswith("resolve/")
        assert "no address" in finding.cause
        assert BAD in text.render(result)
        assert "internal-error" in json_report.render(result)
    assert sorted(told, key=lambda one: one.survey.challenge.domain) == [
        *reversed(result.challenges)
    ]


@pytest.mark.usefixtures("faulty")
@pytest.mark.parametrize("at", [(f"{BAD}.", "CAA"), (f"{BAD}.", "SOA")])
def test_a_fault_before_a_record_is_made_stops_nobody(
    challenges: list[Challenge], settings: Settings, at: tuple[str, str]
) -> None:
    Faulty.at = at
    result = asyncio.run(precheck.check(challenges, settings)).judged(settings, ANYBODY)
    assert outcomes(result) == ONE_FAILED
    assert permanence.has_permanent_errors(result, skip=frozenset()) == ()


@pytest.mark.parametrize("wait", [False, True])
def test_a_fault_in_reading_what_was_observed_is_one_names_too(
    challenges: list[Challenge],
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    *,
    wait: bool,
) -> None:
    """The judge meets it in every round, and the watchers are shown the survey all the same."""
    real = waiting.Assessor.looks_ready

    def looks_ready(self: waiting.Assessor, survey: object) -> bool:
        if survey.challenge.domain == BAD:  # type: ignore[attr-defined]
            raise IndexError
        return real(self, survey)  # type: ignore[arg-type]

    monkeypatch.setattr(waiting.Assessor, "looks_ready", looks_ready)
    shown: list[Progress] = []
    result = waiting.run(challenges, settings, wait=wait, watch=shown.append)
    assert outcomes(result) == ONE_FAILED
    assert {len(progress.surveys) for progress in shown} == {2}


@pytest.mark.usefixtures("faulty")
@pytest.mark.parametrize("wait", [False, True])
def test_an_interruption_is_nobodys_fault(
    challenges: list[Challenge], settings: Settings, *, wait: bool
) -> None:
    Faulty.at = (f"_acme-challenge.{BAD}.", "TXT")
    Faulty.error = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        waiting.run(challenges, settings, wait=wait)


@pytest.mark.parametrize("wait", [False, True])
@pytest.mark.parametrize("who", ["watch", "decided"])
def test_what_an_observer_raises_ends_the_run_as_it_is(
    challenges: list[Challenge], settings: Settings, who: str, *, wait: bool
) -> None:
    def gone(_: object) -> None:
        raise BrokenPipeError("nobody reads it")

    async def go() -> set[asyncio.Task[object]]:
        with pytest.raises(BrokenPipeError, match="nobody reads it"):
            await waiting.preflight(challenges, settings, wait=wait, **{who: gone})  # type: ignore[arg-type]
        return asyncio.all_tasks() - {asyncio.current_task()}

    assert asyncio.run(go()) == set()


def test_two_ready_names_are_two_ready_names(
    challenges: list[Challenge], settings: Settings
) -> None:
    """What the tests above set out from."""
    extras = waiting.Extras(request=ANYBODY)
    result = waiting.run(challenges, settings, wait=True, extras=extras)
    assert result.verdict is Verdict.READY
