"""Names of one order whose aliases end at one target: the values of all of them must be there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from certbot_dns_preflight.challenge import make_challenge
from certbot_dns_preflight.facts.outcome import ChallengeOutcome, Outcome, Verdict
from certbot_dns_preflight.report.json_report import challenge_as_json
from certbot_dns_preflight.resolve.expectations import Expectations
from certbot_dns_preflight.run import waiting
from certbot_dns_preflight.settings import Settings
from tests.builders.survey import name
from tests.clock import run as clocked

if TYPE_CHECKING:
    from collections.abc import Callable

    from certbot_dns_preflight.challenge import Challenge
    from certbot_dns_preflight.facts.outcome import Progress
    from tests.clock import Clock
    from tests.lab import Lab

A, B, T = "a.shared.test", "b.shared.test", "aim.test"
TARGET = f"_acme-challenge.{T}."
ORDER = [make_challenge(A, [b"of-a"]), make_challenge(B, [b"of-b"])]


@pytest.fixture
def settings(lab: Lab) -> Settings:
    return Settings(root_hints=lab.root_hints, timeout=60, interval=0.2)


@pytest.fixture
def serve(lab: Lab) -> Callable[..., None]:
    """Serve the aliases of two names, and these values at the target of both."""

    def make(*values: str) -> None:
        aliases = "".join(f"_acme-challenge.{host} CNAME {TARGET}\n" for host in "ab")
        lab.zone("shared.test.", [lab.bind, lab.nsd], records=aliases)
        records = "".join(f"_acme-challenge TXT {value}\n" for value in values)
        lab.zone("aim.test.", [lab.bind, lab.nsd], records=records)

    return make


def findings(outcome: Outcome) -> list[list[str]]:
    return [
        [f.code for f in judged.findings if f.severity.value != "info"]
        for judged in outcome.challenges
    ]


@pytest.mark.parametrize("wait", [False, True])
@pytest.mark.parametrize("streamed", [False, True])
def test_values_of_other_names_of_the_order_are_expected_and_not_stale(
    serve: Callable[..., None], settings: Settings, *, wait: bool, streamed: bool
) -> None:
    serve("of-a", "of-b")
    told: list[ChallengeOutcome] = []
    outcome = waiting.run(ORDER, settings, wait=wait, decided=told.append if streamed else None)
    assert outcome.verdict is Verdict.READY
    assert findings(outcome) == [[], []]
    assert [challenge_as_json(one)["expected"] for one in outcome.challenges] == [
        ["of-a", "of-b"],
        ["of-b", "of-a"],
    ]
    assert len(told) == (2 if streamed else 0)


@pytest.mark.parametrize("streamed", [False, True])
def test_the_value_that_one_name_lacks_is_missing_at_the_target(
    serve: Callable[..., None], settings: Settings, *, streamed: bool
) -> None:
    serve("of-a")
    decided = [].append if streamed else None
    outcome = waiting.run(ORDER, settings, wait=False, decided=decided)
    assert findings(outcome) == [["value-missing"], ["value-missing"]]
    assert [one.findings[0].evidence["missing"] for one in outcome.challenges] == [["of-b"]] * 2


def test_a_value_of_no_name_of_the_order_is_stale_as_ever(
    serve: Callable[..., None], settings: Settings
) -> None:
    serve("of-a", "of-b", "old")
    outcome = waiting.run(ORDER, settings, wait=False)
    assert findings(outcome) == [["stale-values"], ["stale-values"]]
    assert outcome.challenges[0].findings[0].evidence["unexpected"] == ["old"]


def test_nothing_at_the_target_is_told_as_that(
    serve: Callable[..., None], settings: Settings
) -> None:
    serve()
    outcome = waiting.run(ORDER, settings, wait=False)
    assert findings(outcome) == [["alias-target-lacks-record"]] * 2


def test_the_name_that_is_the_target_itself_is_one_of_them(
    serve: Callable[..., None], settings: Settings
) -> None:
    serve("of-a", "of-t")
    outcome = waiting.run([ORDER[0], make_challenge(T, [b"of-t"])], settings, wait=False)
    assert findings(outcome) == [[], []]


def test_a_value_that_comes_later_is_waited_for_by_all_and_makes_nobody_unstable(
    serve: Callable[..., None], settings: Settings
) -> None:
    serve("of-a")

    async def go(_: Clock) -> Outcome:
        def watch(progress: Progress) -> None:
            if not published and all(survey.rounds >= 3 for survey in progress.surveys):
                published.append(progress.surveys)
                serve("of-a", "of-b")

        return await waiting.preflight(ORDER, settings, wait=True, watch=watch)

    published: list[object] = []
    outcome = clocked(go)
    assert outcome.verdict is Verdict.READY
    assert findings(outcome) == [[], []]
    rows = [o for judged in outcome.challenges for o in judged.survey.hops[-1].observations]
    assert all(row.flips <= 1 for row in rows)


def expected(of: Expectations, challenge: Challenge) -> tuple[bytes, ...]:
    return of.of(challenge).expected


def test_what_is_expected_is_the_union_of_those_who_end_there_now() -> None:
    first, second, third = *ORDER, make_challenge("c.shared.test")
    of = Expectations()
    for one in (first, second, third):
        of.note(one, name(TARGET))
    assert expected(of, first) == (b"of-a", b"of-b")
    assert expected(of, second) == (b"of-b", b"of-a")
    assert expected(of, third) == ()  # where no value is expected, none is
    of.note(second, name("elsewhere.test."))
    assert of.of(first) is first
    of.note(first, None)
    assert of.of(first) is first
