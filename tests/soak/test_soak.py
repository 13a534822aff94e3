"""A short part of what `script/soak` does at length."""

from __future__ import annotations

import asyncio
import time
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from certbot_dns_preflight import Verdict, preflight
from tests.clock import run as clocked
from tests.observe import HANG
from tests.report import scenarios
from tests.soak import renewals, schedules
from tests.soak.host import Disk, WallClock
from tests.soak.schedules import Fault

if TYPE_CHECKING:
    from pathlib import Path

    from certbot_dns_preflight import Outcome, Progress
    from tests.clock import Clock
    from tests.lab import Lab

RENEWALS = 10
_WARM = 4
_MOST_NEW_OBJECTS = 100  # from one renewal to the next, once all names have had their turn


def test_schedules_are_made_from_their_seed_alone_and_hold_every_fault() -> None:
    made = [schedules.schedule(seed) for seed in range(200)]
    assert made == [schedules.schedule(seed) for seed in range(200)]
    assert {event.fault for events in made for event in events} == set(Fault)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [2, 3, 7])
def test_ready_is_never_a_wrong_word_whatever_happens_to_servers(lab: Lab, seed: int) -> None:
    judged = schedules.run(lab, seed, timeout=HANG)
    assert judged.verdict is Verdict.READY, judged
    assert not judged.wrong, judged


def test_a_full_disk_is_told_and_what_was_there_stays_whole(in_namespace: None) -> None:
    del in_namespace
    with Disk() as disk:
        disk.keep(scenarios.behind())
        assert (disk.kept, disk.refused) == (3, 0)
        disk.fill()
        assert disk.refused >= 1
        refused = disk.refused
        disk.free()
        assert disk.refused == refused
        assert disk.complaints == []


@pytest.mark.parametrize("ahead", [-schedules.FURTHEST, schedules.FURTHEST])
def test_a_clock_that_is_set_moves_no_deadline(lab: Lab, ahead: float) -> None:
    """The first round sets it; the time that passes is the loop's."""

    async def go(clock: Clock) -> Outcome:
        is_set = asyncio.Event()

        def watch(progress: Progress) -> None:
            if progress.surveys[0].rounds == 2 and not is_set.is_set():
                is_set.set()
                wall.set(ahead)
                clock.call_later(1, clock.move_on, HANG)

        return await preflight(
            {"example.test": "v"},
            wait=True,
            watch=watch,
            timeout=HANG,
            root_hints=lab.root_hints,
        )

    begun = time.time()
    with WallClock() as wall:
        outcome = clocked(go)
        assert abs(time.time() - begun - ahead) < HANG
    assert outcome.verdict is Verdict.NOT_READY
    assert HANG <= outcome.elapsed < 2 * HANG
    assert abs(outcome.started.timestamp() - begun) < HANG


@pytest.mark.slow
def test_the_judge_contradicts_where_one_server_is_behind(lab: Lab) -> None:
    owner = "_acme-challenge.judge.example.test."
    lab.pause_transfers(lab.nsd)
    schedules.update(lab, add=[f"{owner} TXT there"])
    serial = lab.primary.serial(schedules.ZONE) or 0
    for server in (lab.knot, lab.pdns):
        server.wait_serial(schedules.ZONE, serial)
    told = list(schedules.contradictions(lab, owner, "there"))
    assert [line for line in told if not line.startswith("Unbound")] == [
        f"{lab.nsd!r}: NXDOMAIN []"
    ]
    lab.resume_transfers(lab.nsd)
    assert list(schedules.contradictions(lab, owner, "there")) == []


@pytest.mark.slow
def test_renewals_leave_nothing_behind(lab: Lab, tmp_path: Path) -> None:
    seen = [renewals.renew(lab, tmp_path, number) for number in range(RENEWALS)][_WARM:]
    assert {each.files for each in seen} == {("preflight.prom", "report.json")}
    assert len({each.descriptors for each in seen}) == 1
    assert len({each.threads for each in seen}) == 1
    assert all(
        after.objects - before.objects < _MOST_NEW_OBJECTS for before, after in pairwise(seen)
    )
