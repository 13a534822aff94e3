"""The one deadline of a run, and the pauses that grow with the wait."""

from __future__ import annotations

import asyncio

import pytest

from certbot_dns_preflight.run.timings import Deadline, Timings, cut_off


@pytest.mark.parametrize(
    ("waited", "longest", "seconds"),
    [
        (0, 5, 0.2),
        (0.25, 5, 0.35),
        (0.5, 5, 0.5),
        (3, 5, 0.5),
        (25, 5, 0.5),
        (50, 5, 1.0),
        (150, 5, 3.0),
        (1000, 5, 5.0),
        (0, 0.1, 0.1),
    ],
)
def test_pauses_are_a_fiftieth_of_the_wait_within_bounds(
    waited: float, longest: float, seconds: float
) -> None:
    assert Timings().pause(waited, longest=longest) == pytest.approx(seconds)


@pytest.mark.parametrize(("took", "seconds"), [(0.1, 0.9), (0.5, 0.5), (2.0, 0.2)])
def test_a_pause_is_shorter_by_the_time_of_the_answers_but_a_fifth_of_a_second_at_least(
    took: float, seconds: float
) -> None:
    assert Timings().pause(50, longest=5, took=took) == pytest.approx(seconds)


@pytest.mark.parametrize(("took", "seconds"), [(0.0, 0.3), (0.1, 0.2), (0.25, 0.05), (1.0, 0.05)])
def test_rounds_that_agree_are_a_third_of_a_second_apart(took: float, seconds: float) -> None:
    assert Timings().confirming(1, took=took) == pytest.approx(seconds)
    assert Timings().confirming(0, took=took) == 0


@pytest.mark.parametrize(("timeout", "seconds"), [(0, 0), (10, 2), (15, 3), (300, 3)])
def test_a_failure_is_looked_into_before_the_end(timeout: float, seconds: float) -> None:
    assert Timings().reserved(timeout) == pytest.approx(seconds)


async def for_ever(ended: list[str]) -> None:
    try:
        await asyncio.Event().wait()
    finally:
        ended.append("cancelled")


def test_what_is_not_done_by_the_deadline_is_ended_with_all_its_tasks() -> None:
    ended: list[str] = []

    async def go() -> None:
        async with cut_off(Deadline.after(0)), asyncio.TaskGroup() as group:
            group.create_task(for_ever(ended))
            await for_ever(ended)
        ended.append("went on")

    asyncio.run(go())
    assert ended == ["cancelled", "cancelled", "went on"]


@pytest.mark.parametrize("deserved", [True, False])
def test_a_grace_is_for_those_who_deserve_it(*, deserved: bool) -> None:
    async def go() -> list[str]:
        done = []
        async with cut_off(Deadline.after(0), grace=600, deserved=lambda: deserved):
            for _ in range(10):
                await asyncio.sleep(0)
            done.append("more")
        return done

    assert asyncio.run(go()) == (["more"] if deserved else [])


def test_a_time_out_of_its_own_is_no_deadline() -> None:
    async def go() -> None:
        async with cut_off(Deadline.after(600)):
            raise TimeoutError("of the body's own")

    with pytest.raises(TimeoutError, match="of the body's own"):
        asyncio.run(go())


def test_cancellation_passes() -> None:
    async def go() -> None:
        async with cut_off(Deadline.after(600)):
            task = asyncio.current_task()
            assert task is not None
            task.cancel()
            await asyncio.sleep(0)

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(go())
