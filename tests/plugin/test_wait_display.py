"""Without a terminal certbot is told of a wait in lines; with `--quiet` it is told nothing."""

from __future__ import annotations

import pytest
from certbot.display import util as display

from certbot_dns_preflight.challenge import make_challenge
from certbot_dns_preflight.facts.outcome import Progress
from certbot_dns_preflight.option_values import resolvers
from certbot_dns_preflight.plugin import wait_display
from certbot_dns_preflight.settings import Ask, Settings
from tests.builders.survey import NXDOMAIN, THERE, by_resolvers


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    lines: list[str] = []
    monkeypatch.setattr(display, "notify", lines.append)
    return lines


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
