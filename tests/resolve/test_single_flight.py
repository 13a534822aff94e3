"""One piece of work a key, however many want its result, and none that nobody waits for."""

from __future__ import annotations

import asyncio

import pytest

from certbot_dns_preflight.resolve.single_flight import SingleFlight
from certbot_dns_preflight.resolve.tasks import Background, together


class Work:
    """Work that a test lets go on; counts how it began and ended."""

    def __init__(self) -> None:
        self.begun = 0
        self.cancelled = 0
        self.go_on = asyncio.Event()

    async def __call__(self) -> str:
        self.begun += 1
        try:
            await self.go_on.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return f"result {self.begun}"


async def until_all_wait() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_all_who_want_a_key_get_what_one_piece_of_work_gives() -> None:
    async def go() -> None:
        flights, work = SingleFlight[str, str](), Work()
        waiting = [asyncio.create_task(flights.get("a", work)) for _ in range(3)]
        await until_all_wait()
        work.go_on.set()
        assert await asyncio.gather(*waiting) == ["result 1"] * 3
        assert await flights.get("a", work) == "result 1"
        assert flights.results == {"a": "result 1"}
        assert work.begun == 1

    asyncio.run(go())


def test_keys_have_nothing_to_do_with_each_other() -> None:
    async def go() -> None:
        flights, work = SingleFlight[str, str](), Work()
        work.go_on.set()
        assert await flights.get("a", work) == "result 1"
        assert await flights.get("b", work) == "result 2"

    asyncio.run(go())


def test_who_began_the_work_may_leave_while_another_waits() -> None:
    async def go() -> None:
        flights, work = SingleFlight[str, str](), Work()
        first = asyncio.create_task(flights.get("a", work))
        second = asyncio.create_task(flights.get("a", work))
        await until_all_wait()
        first.cancel()
        await until_all_wait()
        assert first.cancelled()
        work.go_on.set()
        assert await second == "result 1"
        assert work.cancelled == 0

    asyncio.run(go())


def test_work_ends_with_the_last_who_waits_and_later_begins_anew() -> None:
    async def go() -> None:
        flights, work = SingleFlight[str, str](), Work()
        waiting = [asyncio.create_task(flights.get("a", work)) for _ in range(2)]
        await until_all_wait()
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        assert work.cancelled == 1
        assert len(asyncio.all_tasks()) == 1  # this one
        work.go_on.set()
        assert await flights.get("a", work) == "result 2"

    asyncio.run(go())


def test_who_comes_while_work_is_being_cancelled_starts_anew() -> None:
    async def go() -> None:
        flights, work = SingleFlight[str, str](), Work()
        first = asyncio.create_task(flights.get("a", work))
        await until_all_wait()
        first.cancel()
        second = asyncio.create_task(flights.get("a", work))
        await until_all_wait()
        work.go_on.set()
        assert await second == "result 2"

    asyncio.run(go())


def test_what_work_raises_reaches_all_and_is_not_kept() -> None:
    async def fail() -> str:
        await asyncio.sleep(0)
        raise ValueError

    async def go() -> None:
        flights, work = SingleFlight[str, str](), Work()
        waiting = [asyncio.create_task(flights.get("a", fail)) for _ in range(2)]
        results = await asyncio.gather(*waiting, return_exceptions=True)
        assert [type(result) for result in results] == [ValueError, ValueError]
        work.go_on.set()
        assert await flights.get("a", work) == "result 1"

    asyncio.run(go())


def test_results_live_in_a_mapping_of_the_callers() -> None:
    async def go() -> None:
        results = {"known": "before"}
        flights, work = SingleFlight(results), Work()
        work.go_on.set()
        assert await flights.get("known", work) == "before"
        results.clear()
        assert await flights.get("known", work) == "result 1"
        assert results == {"known": "result 1"}

    asyncio.run(go())


def test_together_gives_results_in_order_and_leaves_nothing_behind() -> None:
    async def later(number: int) -> int:
        await asyncio.sleep(0.001 * (3 - number))
        return number

    async def go() -> None:
        assert await together(later(number) for number in range(3)) == [0, 1, 2]
        work = Work()
        task = asyncio.create_task(together([work(), work()]))
        await until_all_wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert work.cancelled == 2
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(go())


def test_what_goes_on_beside_is_one_task_a_key_and_ends_with_its_owner() -> None:
    async def go() -> None:
        background, work = Background(), Work()

        async def beside() -> None:
            await work()

        assert background.start("a", beside) is background.start("a", beside)
        await until_all_wait()
        assert work.begun == 1
        work.go_on.set()
        await until_all_wait()
        work.go_on.clear()
        background.start("a", beside)
        await until_all_wait()
        assert work.begun == 2
        await background.close()
        assert work.cancelled == 1
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(go())
