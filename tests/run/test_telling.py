"""What those who watch a wait are told, minute by minute, on a clock that only the wait moves."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from certbot_dns_preflight.challenge import make_challenge
from certbot_dns_preflight.facts.outcome import Verdict
from certbot_dns_preflight.report.wait_log import WaitLog
from certbot_dns_preflight.run import waiting
from certbot_dns_preflight.run.timings import Timings
from tests.simulated import clock
from tests.simulated.internet import Internet

if TYPE_CHECKING:
    from pathlib import Path

    from certbot_dns_preflight.facts.outcome import Outcome


@pytest.mark.parametrize(
    ("interval", "timings"),
    [(5.0, Timings()), (280.0, Timings(share_of_wait=1.0))],
    ids=["as usual", "with minutes between two rounds"],
)
def test_a_wait_is_told_of_once_a_minute_however_often_it_looks(
    interval: float, timings: Timings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Internet(1).plug_in(monkeypatch, tmp_path)
    settings = replace(settings, interval=interval, timeout=300.0)
    wanted = [make_challenge("d0.com", [b"never there"])]
    said: list[tuple[float, str]] = []

    async def go() -> Outcome:
        now = asyncio.get_running_loop().time
        with WaitLog(lambda line: said.append((now(), line)), wanted, at_most=300.0) as log:
            outcome = await waiting.preflight(
                wanted,
                settings,
                wait=True,
                watch=log,
                extras=waiting.Extras(timings=timings),
            )
            log.end(outcome)
        return outcome

    assert clock.run(go).verdict is Verdict.NOT_READY
    *times, end = (at for at, _ in said)
    assert [round(at) // 60 for at in times] == [0, 1, 2, 3, 4]
    assert end >= 300 - timings.after_last_round(300)
    first, *minutes, last = (line for _, line in said)
    assert first == "dns-preflight: waiting until all name servers show d0.com, 300 s at most"
    assert [line.partition(" of ")[0] for line in minutes] == [
        f"dns-preflight: {minute * 60} s" for minute in (1, 2, 3, 4)
    ]
    assert all(line.endswith("1 record to come, 0 of 4 addresses show it") for line in minutes)
    assert last == f"dns-preflight: not ready after {int(end)} s"
