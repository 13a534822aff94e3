"""Without a terminal the wait is a line at its start, one a minute, and one at its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from certbot_dns_preflight.challenge import make_challenge
from certbot_dns_preflight.facts.outcome import Progress, Verdict
from certbot_dns_preflight.report.wait_log import WaitLog
from tests.builders.survey import NXDOMAIN, judged, run, seen

if TYPE_CHECKING:
    from collections.abc import Callable

    from certbot_dns_preflight.challenge import Challenge


@pytest.fixture
def said() -> list[str]:
    return []


def log(said: list[str], *challenges: Challenge) -> WaitLog:
    with WaitLog(said.append, challenges, at_most=300.0) as begun:
        return begun


@pytest.fixture
def progress() -> Callable[[float], Progress]:
    bad = judged(
        seen("ns1.example.net.", "192.0.2.1"),
        seen("ns2.example.net.", "192.0.2.2", NXDOMAIN),
        verdict=Verdict.NOT_READY,
    )
    return lambda elapsed: Progress((bad.survey,), elapsed, 300.0, 1.0)


def test_a_line_at_the_start_and_one_for_each_minute(
    said: list[str], progress: Callable[[float], Progress]
) -> None:
    watch = log(said, make_challenge("example.com", [b"x"]))
    for elapsed in (0.5, 30.0, 59.9, 60.0, 61.0, 119.0, 185.0, 190.0):
        watch(progress(elapsed))
    assert said == [
        "dns-preflight: waiting until all name servers show example.com, 300 s at most",
        "dns-preflight: 60 s of 300 s: 1 record to come, 1 of 2 addresses show it",
        "dns-preflight: 185 s of 300 s: 1 record to come, 1 of 2 addresses show it",
    ]


def test_what_is_all_seen_is_being_looked_at_once_more(said: list[str]) -> None:
    watch = log(said, make_challenge("example.com", [b"x"]))
    watch(Progress((judged(seen("ns1.example.net.", "192.0.2.1")).survey,), 61.0, 300.0, 1.0))
    assert said[1] == "dns-preflight: 61 s of 300 s: all records seen, looking once more"


def test_many_names_are_counted(said: list[str]) -> None:
    log(said, *(make_challenge(f"{n}.test", [b"x"]) for n in "abcde"))
    assert said[0].endswith("show a.test, b.test, c.test and 2 more, 300 s at most")


def test_where_no_value_is_expected_none_is_waited_for(said: list[str]) -> None:
    log(said, make_challenge("a.test"))
    assert said == ["dns-preflight: waiting until a.test can be validated, 300 s at most"]


@pytest.mark.parametrize(
    ("verdict", "line"),
    [
        (Verdict.READY, "dns-preflight: ready after 61 s"),
        (Verdict.NOT_READY, "dns-preflight: not ready after 61 s"),
        (Verdict.INCONCLUSIVE, "dns-preflight: nothing could be seen after 61 s"),
    ],
)
def test_its_end_is_told(said: list[str], verdict: Verdict, line: str) -> None:
    watch = log(said, make_challenge("example.com", [b"x"]))
    watch.end(run(judged(verdict=verdict), elapsed=61.0))
    assert said[1:] == [line]
