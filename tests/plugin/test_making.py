"""Records are made again at an alias that shows only once they are made."""

# ruff: noqa: ANN401 - what certbot gives and takes is loosely typed

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import dns.name
import pytest
from certbot import errors
from certbot.display import util as display

from certbot_dns_preflight.plugin import making, precheck
from certbot_dns_preflight.plugin.authenticators import Authenticators
from certbot_dns_preflight.renewals import zone_map
from certbot_dns_preflight.run import resolver_aliases
from certbot_dns_preflight.run.record_location import RecordLocation
from certbot_dns_preflight.settings import AliasPolicy, Settings
from tests.plugin.made import achall, config, install
from tests.plugin.test_authenticators import SOURCE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Made = tuple[making.Maker, Any]


@pytest.fixture
def maker(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Made]:
    """Give what makes the records of a provider of example.test, and the provider's class."""
    monkeypatch.setattr(display, "notify", lambda _: None)
    install(monkeypatch, tmp_path, "dns-one", SOURCE)

    def make(text: str = "dns-one", alias: AliasPolicy | None = None, *, asks: bool = True) -> Made:
        settings = config(tmp_path, dns_one_propagation_seconds=60)
        authenticators = Authenticators(zone_map.parse(text), settings, alias, asks)
        authenticators.prepare()
        made = making.Maker(authenticators, lambda: Settings(timeout=300.0))
        return made, sys.modules["plugin_dns_one"].Plugin

    return make


@pytest.fixture
def aliases(monkeypatch: pytest.MonkeyPatch) -> tuple[dict[str, str], list[tuple[str, float]]]:
    """What resolvers show, name by name; and which names were asked for, and when."""
    shown: dict[str, str] = {}
    asked: list[tuple[str, float]] = []

    async def find(places: Any, _: Settings, *, after: float, **__: Any) -> dict[Any, Any]:
        found = {}
        for place in places:
            name = place.record.to_text(omit_final_dot=True)
            asked.append((name, after))
            if name in shown:
                target = dns.name.from_text(shown[name])
                found[place.owner] = RecordLocation(place.owner, target, None)
        return found

    monkeypatch.setattr(resolver_aliases, "find", find)
    return shown, asked


def make(made: making.Maker, *domains: str) -> making.Made:
    order = [achall(domain, token=bytes([65 + n]) * 20) for n, domain in enumerate(domains)]
    from certbot_dns_preflight.plugin import outcome  # noqa: PLC0415 - as the plugin does

    places = precheck.unknown_places(outcome.challenges(order))
    return made.make(order, places, None)


def names(provider: Any) -> set[str]:
    return {name for name, values in provider.records.items() if values}


def test_without_an_alias_the_records_stay_and_the_wait_asks_at_once(
    maker: Callable[..., Made], aliases: tuple[dict[str, str], list[tuple[str, float]]]
) -> None:
    one, provider = maker()
    made = make(one, "example.test")
    assert names(provider) == {"_acme-challenge.example.test"}
    assert provider.calls == ["perform"]
    assert aliases[1] == [("_acme-challenge.example.test", 60.0)]
    assert made.extras is not None
    assert (made.extras.published_after, made.extras.timings.before_resolvers) == (0.0, 0.0)


def test_an_alias_that_shows_moves_its_record_hop_by_hop_and_no_other(
    maker: Callable[..., Made], aliases: tuple[dict[str, str], list[tuple[str, float]]]
) -> None:
    aliases[0].update(
        {"_acme-challenge.www.example.test": "x.example.test", "x.example.test": "y.example.test"}
    )
    one, provider = maker()
    made = make(one, "www.example.test", "example.test")
    assert names(provider) == {"y.example.test", "_acme-challenge.example.test"}
    assert [name for name, _ in aliases[1]].count("_acme-challenge.example.test") == 1
    assert {place.record.to_text() for place in made.places.values()} == {
        "y.example.test.",
        "_acme-challenge.example.test.",
    }
    one.authenticators.cleanup()
    assert names(provider) == set()


@pytest.mark.parametrize("text", ["dns-one", "example.test=dns-one"])
def test_what_cannot_be_written_at_the_name_is_looked_at_at_once(
    maker: Callable[..., Made],
    aliases: tuple[dict[str, str], list[tuple[str, float]]],
    text: str,
) -> None:
    aliases[0]["_acme-challenge.far.test"] = "x.example.test"
    one, provider = maker(text)
    make(one, "far.test")
    assert names(provider) == {"x.example.test"}
    assert aliases[1][0] == ("_acme-challenge.far.test", 0.0)


def test_without_an_alias_a_failure_is_what_it_was(
    maker: Callable[..., Made], aliases: tuple[dict[str, str], list[tuple[str, float]]]
) -> None:
    one, _ = maker()
    with pytest.raises(errors.PluginError, match=r"no zone for far\.test"):
        make(one, "far.test")
    assert len(aliases[1]) == 1


def test_a_loop_ends(
    maker: Callable[..., Made], aliases: tuple[dict[str, str], list[tuple[str, float]]]
) -> None:
    owner = "_acme-challenge.example.test"
    aliases[0].update({owner: "x.example.test", "x.example.test": owner})
    one, _ = maker()
    make(one, "example.test")
    assert len(aliases[1]) == 2


@pytest.mark.parametrize(
    ("text", "alias", "asks"),
    [
        ("dns-one", AliasPolicy.KEEP, True),
        ("dns-one", AliasPolicy.FOLLOW, True),  # looked for beforehand
        ("dns-one", None, False),  # likewise, at the name servers
    ],
)
def test_elsewhere_nothing_is_looked_for_afterwards(
    maker: Callable[..., Made],
    aliases: tuple[dict[str, str], list[tuple[str, float]]],
    text: str,
    alias: AliasPolicy | None,
    *,
    asks: bool,
) -> None:
    one, _ = maker(text, alias, asks=asks)
    made = make(one, "example.test")
    assert aliases[1] == []
    if asks:
        assert made.extras is not None
        assert made.extras.published_after == 60.0


def test_a_fault_of_the_search_is_warned_of(
    maker: Callable[..., Made],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise KeyError("oops")

    monkeypatch.setattr(resolver_aliases, "find", fail)
    one, provider = maker()
    make(one, "example.test")
    assert names(provider) == {"_acme-challenge.example.test"}
    assert "no alias was looked for: KeyError" in caplog.text


def test_hooks_are_run_once(
    maker: Callable[..., Made], aliases: tuple[dict[str, str], list[tuple[str, float]]]
) -> None:
    one, _ = maker()
    (wrapped,) = one.authenticators.wrapped.values()
    wrapped.name = "manual"
    assert not one.authenticators.follows_late("_acme-challenge.example.test.")
    assert aliases[1] == []
