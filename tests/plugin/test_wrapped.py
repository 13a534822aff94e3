"""The wrapped authenticator sees certbot as always, but for its pause; what it made is undone."""

# ruff: noqa: ANN401 - what certbot gives and takes is loosely typed

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
from certbot import errors
from certbot.plugins.dns_common import DNSAuthenticator

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
    failure = errors.PluginError("no more")
    undeletable = None
    stubborn = errors.PluginError("cannot be deleted")
    missing = KeyError
    objects = []

    @classmethod
    def add_parser_arguments(cls, add):
        add("propagation-seconds", type=int, default=60)
        add("account")

    def prepare(self):
        self.records, self.slept = {}, []
        self.ready, self.cleaned = True, False
        Plugin.objects.append(self)

    def more_info(self):
        return "I make records."

    def get_chall_pref(self, identifier):
        return [challenges.DNS01] if self.ready else []

    def perform(self, achalls):
        assert not self.cleaned, "its threads have ended"
        self.config.dns_provider_account = "asked for"
        for achall in achalls:
            if len(self.records) == self.failing_at:
                raise self.failure
            self.records[achall] = True
        self.slept.append(self.conf("propagation-seconds"))
        return [achall.response(achall.account_key) for achall in achalls]

    def cleanup(self, achalls):
        self.cleaned = True
        for achall in achalls:
            if achall is self.undeletable:
                raise self.stubborn
            if achall not in self.records:
                raise self.missing("there is no such record")
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
        return wrapped, wrapped._prepared

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
    wrapped.cleanup()
    assert plugin.records == {}


@pytest.mark.parametrize(
    ("raised", "passed_on"),
    [
        (KeyboardInterrupt(), KeyboardInterrupt),
        (errors.SignalExit(), errors.SignalExit),
        (SystemExit(2), errors.PluginError),  # certbot would not clean up
        (KeyError("oops"), KeyError),
    ],
)
@pytest.mark.parametrize("tried", [False, True])
def test_whatever_breaks_it_off_its_records_are_removed(
    provider: Callable[..., tuple[Wrapped, Any]],
    raised: BaseException,
    passed_on: type[BaseException],
    *,
    tried: bool,
) -> None:
    wrapped, plugin = provider()
    plugin.failing_at, plugin.failure = 1, raised
    order = [achall(f"{name}.test") for name in "ab"]
    if tried and issubclass(passed_on, Exception) and passed_on is not errors.SignalExit:
        assert isinstance(wrapped.attempt(order), passed_on)
        assert not plugin.records
    else:
        with pytest.raises(passed_on):
            (wrapped.attempt if tried else wrapped.perform)(order)
        assert len(plugin.records) == 1
    wrapped.cleanup()
    assert not plugin.records


def test_a_plugin_that_ends_itself_while_it_cleans_up_does_not_keep_others_from_it(
    provider: Callable[..., tuple[Wrapped, Any]],
) -> None:
    wrapped, plugin = provider()
    order = [achall(f"{name}.test") for name in "abc"]
    plugin.failing_at, plugin.undeletable, plugin.stubborn = 2, order[0], SystemExit("no")
    with pytest.raises(errors.PluginError):
        wrapped.perform(order)
    with pytest.raises(errors.PluginError, match="dns-provider ended with exit status no"):
        wrapped.cleanup()
    assert list(plugin.records) == [order[0]]


def test_a_forked_child_of_a_plugin_may_end(
    provider: Callable[..., tuple[Wrapped, Any]],
) -> None:
    wrapped, plugin = provider()
    seen = []

    def perform(_: object) -> list[Any]:
        child = os.fork()
        if child == 0:
            raise SystemExit(7)
        seen.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        return []

    plugin.perform = perform
    parent = os.getpid()
    try:
        wrapped.perform([achall("example.test")])
    except SystemExit as error:
        assert os.getpid() != parent
        os._exit(int(str(error.code)))
    except BaseException:
        if os.getpid() != parent:
            os._exit(1)
        raise
    assert seen == [7]


@pytest.mark.parametrize("missing", [KeyError, ValueError, errors.PluginError])
@pytest.mark.parametrize("made", [0, 1, 2])
def test_records_made_before_a_failure_are_removed_whatever_is_raised_for_the_others(
    provider: Callable[..., tuple[Wrapped, Any]], made: int, missing: type[Exception]
) -> None:
    wrapped, plugin = provider()
    plugin.failing_at, plugin.missing = made, missing
    order = [achall(f"{name}.test") for name in "abc"]
    with pytest.raises(errors.PluginError):
        wrapped.perform(order)
    assert len(plugin.records) == made
    wrapped.cleanup()
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
        wrapped.cleanup()
    assert list(plugin.records) == [order[0]]


# As dns-hetzner-cloud has it: the pause is the credentials file's unless the user has set it.
FROM_CREDENTIALS = (
    SOURCE.replace(
        "    def prepare(self):",
        """\
    credentials = None

    def conf(self, var):
        if var == "propagation-seconds" and self.credentials:
            if not self.config.set_by_user("dns_filed_propagation_seconds"):
                return int(self.credentials)
        return super().conf(var)

    def prepare(self):""",
    )
    .replace("dns_provider", "dns_filed")
    .replace(
        '        self.config.dns_filed_account = "asked for"\n',
        '        self.credentials = "45"\n',
    )
)


def test_a_pause_from_a_credentials_file_is_not_slept_and_is_known_afterwards(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    install(monkeypatch, tmp_path, "dns-filed", FROM_CREDENTIALS)
    wrapped = Wrapped("dns-filed", config(tmp_path, dns_filed_propagation_seconds=10))
    wrapped.prepare()
    plugin = wrapped._prepared
    assert wrapped.pause == 10
    wrapped.perform([achall("example.test")])
    assert plugin.slept == [0]
    assert wrapped.pause == 45


def test_each_perform_has_a_plugin_object_of_its_own(
    provider: Callable[..., tuple[Wrapped, Any]],
) -> None:
    wrapped, plugin = provider()
    for number in range(1, 4):
        order = [achall(f"{number}.test")]
        wrapped.perform(order)
        assert sum(len(made.records) for made in plugin.objects) == 1
        wrapped.cleanup()
        assert not any(made.records for made in plugin.objects)
    assert len(plugin.objects) == 3


def test_what_cannot_do_dns_01_is_asked_so_when_it_is_prepared(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    install(
        monkeypatch,
        tmp_path,
        "dns-late",
        SOURCE.replace("self.ready, self.cleaned = True", "self.ready, self.cleaned = False"),
    )
    wrapped = Wrapped("dns-late", config(tmp_path))
    with pytest.raises(errors.PluginError, match="dns-late does not do dns-01"):
        wrapped.prepare()


def test_the_old_group_of_entry_points_counts(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    install(monkeypatch, tmp_path, "dns-old", SOURCE, group="letsencrypt.plugins")
    wrapped = Wrapped("dns-old", config(tmp_path, dns_old_propagation_seconds=7))
    wrapped.prepare()
    assert wrapped.pause == 7


def test_a_name_with_its_distribution_before_it_gets_a_suggestion(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    install(monkeypatch, tmp_path, "dns-provider", SOURCE)
    with pytest.raises(errors.PluginError, match=r"did you mean dns-provider\?"):
        Wrapped("certbot-dns-provider:dns-provider", config(tmp_path))


def test_hooks_find_the_variables_of_the_challenge_in_hand(
    provider: Callable[..., tuple[Wrapped, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    wrapped, plugin = provider()
    found = []

    def perform(achalls: Any) -> list[Any]:
        for _ in achalls:
            names = ",".join(other.token.decode() for other in achalls)  # as `manual` lists them
            found.append((os.environ.get("WHICH"), names))
        return []

    monkeypatch.setattr(plugin, "perform", perform)
    order = [achall("a.test", token=b"1" * 16), achall("b.test", token=b"2" * 16)]
    wrapped.perform(order, [{"WHICH": "a"}, {"WHICH": "b"}])
    assert [which for which, _ in found] == ["a", "b"]
    assert "WHICH" not in os.environ


def test_the_advice_to_raise_the_pause_is_left_out_of_the_hint(
    provider: Callable[..., tuple[Wrapped, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    wrapped, plugin = provider()
    monkeypatch.setattr(
        plugin,
        "auth_hint",
        lambda failed: DNSAuthenticator.auth_hint(plugin, failed),
        raising=False,
    )
    assert wrapped.auth_hint([]) == (
        "The Certificate Authority failed to verify the DNS TXT records created by "
        "--dns-provider. Ensure the above domains are hosted by this DNS provider."
    )


def test_a_hint_that_fails_hides_nothing(
    provider: Callable[..., tuple[Wrapped, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    wrapped, plugin = provider()

    def fail(_: object) -> str:
        raise KeyError

    monkeypatch.setattr(plugin, "auth_hint", fail, raising=False)
    assert wrapped.auth_hint([]) == ""


def test_the_hint_is_asked_of_the_object_that_performed(
    provider: Callable[..., tuple[Wrapped, Any]],
) -> None:
    wrapped, first = provider()
    wrapped.perform([achall("example.test")])
    wrapped.cleanup()
    wrapped.perform([achall("example.test")])
    second = first.objects[-1]
    assert second is not first
    second.auth_hint = lambda _: "I was the second."
    assert wrapped.auth_hint([]) == "I was the second."


def test_nothing_is_cleaned_up_where_nothing_was_begun(
    provider: Callable[..., tuple[Wrapped, Any]],
) -> None:
    wrapped, plugin = provider()
    wrapped.cleanup()
    assert not plugin.cleaned


def test_a_plugin_that_is_no_class_of_certbots_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    install(monkeypatch, tmp_path, "dns-odd", "class Plugin: pass\n")
    with pytest.raises(errors.PluginError, match="dns-odd is not an authenticator"):
        Wrapped("dns-odd", config(tmp_path))
