"""Without a terminal the wait is a line at its start and one a minute."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from certbot.display import util as display

from certbot_dns_preflight.challenge import make_challenge
from certbot_dns_preflight.facts.outcome import Progress, Verdict
from certbot_dns_preflight.option_values import resolvers
from certbot_dns_preflight.plugin import wait_display
from certbot_dns_preflight.plugin.wait_log import WaitLog
from certbot_dns_preflight.settings import Ask, Settings
from tests.builders.survey import NXDOMAIN, THERE, by_resolvers, judged, seen

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    lines: list[str] = []
    monkeypatch.setattr(display, "notify", lines.append)
    return lines


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
    watch = WaitLog([make_challenge("example.com", [b"x"])], at_most=300.0)
    for elapsed in (0.5, 30.0, 59.9, 60.0, 61.0, 119.0, 185.0, 190.0):
        watch(progress(elapsed))
    assert said == [
        "dns-preflight: waiting until all name servers show example.com, 300 s at most",
        "dns-preflight: 60 s of 300 s: 1 record to come, 1 of 2 addresses show it",
        "dns-preflight: 185 s of 300 s: 1 record to come, 1 of 2 addresses show it",
    ]


def test_what_is_all_seen_is_being_looked_at_once_more(said: list[str]) -> None:
    watch = WaitLog([make_challenge("example.com", [b"x"])], at_most=300.0)
    watch(Progress((judged(seen("ns1.example.net.", "192.0.2.1")).survey,), 61.0, 300.0, 1.0))
    assert said[1] == "dns-preflight: 61 s of 300 s: all records seen, looking once more"


def test_many_names_are_counted(said: list[str]) -> None:
    WaitLog([make_challenge(f"{n}.test", [b"x"]) for n in "abcde"], at_most=2400.0)
    assert said[0].endswith("show a.test, b.test, c.test and 2 more, 2400 s at most")


def test_where_resolvers_are_asked_it_says_what_is_still_in_a_cache(said: list[str]) -> None:
    asked = resolvers("192.0.2.1,192.0.2.2")
    settings = Settings(resolver=asked, ask=Ask.RESOLVERS)
    survey = by_resolvers(THERE, NXDOMAIN, kept=240.0)
    wanted = [make_challenge("example.com", [b"x"])]
    with wait_display.watch(wanted, settings, quiet=False) as watch:
        assert watch is not None
        watch(Progress((survey,), 60.0, 300.0, 1.0))
    first, minute = said
    assert first == (
        "dns-preflight: waiting until 192.0.2.1, 192.0.2.2 show example.com, 300 s at most"
    )
    assert minute == (
        "dns-preflight: 60 s of 300 s: 1 record to come, 1 of 2 resolvers show it; 192.0.2.2 keeps "
        "an earlier answer for another 240 s"
    )


def test_quiet_says_nothing(said: list[str]) -> None:
    with wait_display.watch([make_challenge("a.test")], Settings(), quiet=True) as watch:
        assert watch is None
    assert said == []
