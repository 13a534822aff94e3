"""The wrapped authenticator sees certbot as always, but for its pause; what it made is undone."""

# ruff: noqa: ANN401 - what certbot gives and takes is loosely typed

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from certbot import errors

from certbot_dns_preflight.plugin.wrapped import Wrapped
from tests.plugin.made import achall, config, install

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# A provider's plugin: takes note of what it is told, sleeps by its own option, keeps one record per
# challenge and raises a KeyError for one that it never made, as certbot's `manual` does.
SOURCE = """
from acme import challenges
from certbot import errors, interfaces
from certbot.plugins import common

class Plugin(common.Plugin, interfaces.Authenticator):
    description = "a provider"
    failing_at = None
    undeletable = None

    @classmethod
    def add_parser_arguments(cls, add):
        add("propagation-seconds", type=int, default=60)
        add("account")

    def prepare(self):
        self.records, self.slept = {}, []

    def more_info(self):
        return "I make records."

    def get_chall_pref(self, identifier):
        return [challenges.DNS01]

    def perform(self, achalls):
        self.config.dns_provider_account = "asked for"
        for achall in achalls:
            if len(self.records) == self.failing_at:
                raise errors.PluginError("no more")
            self.records[achall] = True
        self.slept.append(self.conf("propagation-seconds"))
        return [achall.response(achall.account_key) for achall in achalls]

    def cleanup(self, achalls):
        for achall in achalls:
            if achall is self.undeletable:
                raise errors.PluginError("cannot be deleted")
            self.records.pop(achall)
"""


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., tuple[Wrapped, Any]]:
    """Wrap the provider's plugin; its own object comes second."""
    install(monkeypatch, tmp_path, "dns-provider", SOURCE)

    def make(**values: Any) -> tuple[Wrapped, Any]:
        defaults = {"dns_provider_propagation_seconds": 60, "dns_provider_account": None}
        wrapped = Wrapped("dns-provider", config(tmp_path, **{**defaults, **values}))
        wrapped.prepare()
        return wrapped, wrapped._plugin

    return make


def test_the_pause_reads_zero_while_performing_and_nothing_is_changed_by_it(
    provider: Callable[..., tuple[Wrapped, Any]],
) -> None:
    wrapped, plugin = provider()
    wrapped.perform([achall("example.test")])
    assert plugin.slept == [0]
    assert plugin.conf("propagation-seconds") == 60
    certbot = plugin.config._config
    assert certbot.dns_provider_propagation_seconds == 60
    assert not certbot.set_by_user("dns_provider_propagation_seconds")


def test_the_pause_reads_as_set_again_after_a_failure(
    provider: Callable[..., tuple[Wrapped, Any]],
) -> None:
    wrapped, plugin = provider(dns_provider_propagation_seconds=5)
    plugin.failing_at = 0
    with pytest.raises(errors.PluginError, match="no more"):
        wrapped.perform([achall("example.test")])
    assert plugin.conf("propagation-seconds") == 5


def test_what_the_plugin_stores_reaches_certbot_as_set_by_the_user(
    provider: Callable[..., tuple[Wrapped, Any]],
) -> None:
    wrapped, plugin = provider()
    wrapped.perform([achall("example.test")])
    certbot = plugin.config._config
    assert certbot.dns_provider_account == "asked for"
    assert certbot.set_by_user("dns_provider_account")


def test_responses_and_texts_pass_through(provider: Callable[..., tuple[Wrapped, Any]]) -> None:
    wrapped, _ = provider()
    one = achall("example.test")
    assert wrapped.perform([one]) == [one.response(one.account_key)]
    assert wrapped.more_info() == "I make records."
    assert "dns-provider" in wrapped.auth_hint([one])


def test_all_records_are_removed_after_all_were_made(
    provider: Callable[..., tuple[Wrapped, Any]],
) -> None:
    wrapped, plugin = provider()
    order = [achall(f"{name}.test") for name in "abc"]
    wrapped.perform(order)
    wrapped.cleanup(order)
    assert plugin.records == {}


@pytest.mark.parametrize("made", [0, 1, 2])
def test_records_made_before_a_failure_are_removed(
    provider: Callable[..., tuple[Wrapped, Any]], made: int
) -> None:
    wrapped, plugin = provider()
    plugin.failing_at = made
    order = [achall(f"{name}.test") for name in "abc"]
    with pytest.raises(errors.PluginError):
        wrapped.perform(order)
    assert len(plugin.records) == made
    wrapped.cleanup(order[::-1])
    assert plugin.records == {}


def test_one_record_that_cannot_be_removed_does_not_keep_the_others(
    provider: Callable[..., tuple[Wrapped, Any]],
) -> None:
    wrapped, plugin = provider()
    order = [achall(f"{name}.test") for name in "abc"]
    plugin.failing_at, plugin.undeletable = 2, order[0]
    with pytest.raises(errors.PluginError):
        wrapped.perform(order)
    with pytest.raises(errors.PluginError, match="cannot be deleted"):
        wrapped.cleanup(order)
    assert list(plugin.records) == [order[0]]


def test_nothing_is_cleaned_up_where_nothing_was_begun(
    provider: Callable[..., tuple[Wrapped, Any]],
) -> None:
    wrapped, plugin = provider()
    plugin.undeletable = one = achall("example.test")
    wrapped.cleanup([one])


def test_a_plugin_that_is_no_class_of_certbots_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    install(monkeypatch, tmp_path, "dns-odd", "class Plugin: pass\n")
    with pytest.raises(errors.PluginError, match="dns-odd is no authenticator"):
        Wrapped("dns-odd", config(tmp_path))
