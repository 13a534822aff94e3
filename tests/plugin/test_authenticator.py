"""The plugin's own order of things, with a provider's plugin that only takes note of it.

What the name servers show is the double here (`waiting.run`, `precheck.look`): tests in the lab
show the rest.
"""

# ruff: noqa: ANN401 - what certbot gives and takes is loosely typed

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from acme import challenges, messages
from certbot import errors
from certbot.display import util as display

from certbot_dns_preflight.facts.outcome import Outcome, Verdict
from certbot_dns_preflight.plugin import after_cleanup, failure_hook, precheck
from certbot_dns_preflight.plugin.authenticator import Authenticator
from certbot_dns_preflight.renewals import renewal_file
from certbot_dns_preflight.run import record_location, waiting
from tests.builders.survey import NXDOMAIN, error, judged, seen
from tests.builders.survey import run as outcome
from tests.plugin.made import ACCOUNT_KEY, achall, config, install

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SOURCE = """
from acme import challenges
from certbot import interfaces
from certbot.plugins import common

class Plugin(common.Plugin, interfaces.Authenticator):
    description = "a provider"

    @classmethod
    def add_parser_arguments(cls, add):
        add("propagation-seconds", type=int, default=60)

    def prepare(self): self.done = []
    def more_info(self): return "I make records."
    def get_chall_pref(self, identifier): return [challenges.DNS01]
    def auth_hint(self, failed): return "Ask your provider."

    def perform(self, achalls):
        self.done.append("perform")
        return [achall.response(achall.account_key) for achall in achalls]

    def cleanup(self, achalls): self.done.append("cleanup")
"""
LAGGING = error("secondary-behind", "ns2.example.net. lacks the record")


@pytest.fixture
def plugin(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Authenticator]:
    """Give the plugin, prepared, with the given options."""
    install(monkeypatch, tmp_path, "dns-provider", SOURCE)

    def make(*, prepared: bool = True, **values: Any) -> Authenticator:
        import argparse  # noqa: PLC0415 - only here

        parser = argparse.ArgumentParser()
        Authenticator.inject_parser_options(parser, "dns-preflight")
        defaults = vars(parser.parse_args([]))
        mine = {
            "dns_preflight_authenticator": "dns-provider",
            "dns_provider_propagation_seconds": 60,
            "verb": "certonly",
            **values,
        }
        made = Authenticator(config(tmp_path, **{**defaults, **mine}), "dns-preflight")
        if prepared:
            made.prepare()
        return made

    return make


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What certbot is given to show."""
    shown: list[str] = []
    monkeypatch.setattr(display, "notify", shown.append)
    return shown


@pytest.fixture(autouse=True)
def quiet(told: list[str]) -> None:
    """Certbot's display is set up by its main function, which does not run here."""


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> Callable[[Outcome | Exception], list[Any]]:
    """Have the name servers show this; gives the list of what was asked."""

    def set_to(result: Outcome | Exception) -> list[Any]:
        asked: list[Any] = []

        def run(challenges: Any, settings: Any, **more: Any) -> Outcome:
            asked.append((challenges, settings, more))
            if isinstance(result, Exception):
                raise result
            return result

        monkeypatch.setattr(waiting, "run", run)
        monkeypatch.setattr(precheck, "look", lambda *_: (ready(), waiting.Extras()))
        monkeypatch.setattr(precheck, "places", lambda asked, *_: precheck.unknown_places(asked))
        monkeypatch.setattr(after_cleanup, "look", lambda *_: None)
        return asked

    return set_to


def ready(*domains: str) -> Outcome:
    names = domains or ("example.test",)
    return outcome(*(judged(seen("ns1.example.net.", "192.0.2.1"), domain=d) for d in names))


def failed(domain: str = "example.test", *also_ready: str) -> Outcome:
    bad = judged(
        seen("ns2.example.net.", "192.0.2.2", NXDOMAIN), domain=domain, findings=(LAGGING,)
    )
    return outcome(bad, *ready(*also_ready).challenges if also_ready else ())


def done(plugin: Authenticator) -> list[str]:
    assert plugin._authenticators is not None
    return list(plugin._authenticators.wrapped["dns-provider"]._prepared.done)


def test_answers_are_the_wrapped_ones_once_all_is_ready(
    plugin: Callable[..., Authenticator],
    looks: Callable[[Outcome], list[Any]],
    told: list[str],
) -> None:
    asked = looks(ready())
    one = achall("example.test")
    made = plugin()
    assert made.perform([one]) == [one.response(ACCOUNT_KEY)]
    assert told[-1].startswith("Ready: example.test")
    (challenge,), _, _ = asked[0]
    assert challenge.expected == (one.validation(ACCOUNT_KEY).encode(),)


def test_apex_and_wildcard_are_one_challenge_of_two_values_in_the_order_of_names(
    plugin: Callable[..., Authenticator], looks: Callable[[Outcome], list[Any]]
) -> None:
    asked = looks(ready("a.test", "b.test"))
    order = [
        achall("A.test", token=b"1" * 20),
        achall("b.test", token=b"2" * 20),
        achall("a.test", token=b"3" * 20),
    ]
    plugin().perform(order)
    found, _, _ = asked[0]
    assert [c.domain for c in found] == ["a.test", "b.test"]
    assert found[0].expected == tuple(order[i].validation(ACCOUNT_KEY).encode() for i in (0, 2))


def test_not_ready_is_an_error_that_is_the_report(
    plugin: Callable[..., Authenticator], looks: Callable[[Outcome], list[Any]]
) -> None:
    looks(failed())
    with pytest.raises(errors.PluginError) as raised:
        plugin().perform([achall("example.test")])
    assert str(raised.value).startswith("Not ready: ns2.example.net. lacks the record")


def test_inconclusive_is_no_permission(
    plugin: Callable[..., Authenticator], looks: Callable[[Outcome], list[Any]]
) -> None:
    egress = error("no-dns-egress", "nothing answers from here")
    looks(outcome(judged(verdict=Verdict.INCONCLUSIVE, findings=(egress,), hops=())))
    with pytest.raises(errors.PluginError, match="Cannot tell: nothing answers from here"):
        plugin().perform([achall("example.test")])


def test_continue_answers_with_a_warning(
    plugin: Callable[..., Authenticator],
    looks: Callable[[Outcome], list[Any]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    looks(failed())
    assert len(plugin(dns_preflight_on_failure="continue").perform([achall("example.test")])) == 1
    assert "Not ready: ns2.example.net. lacks the record" in caplog.text


def test_a_fault_of_our_own_does_not_answer_and_says_whose_it_is(
    plugin: Callable[..., Authenticator], looks: Callable[[Exception], list[Any]]
) -> None:
    looks(KeyError("oops\x1b[31m"))
    made = plugin()
    with pytest.raises(errors.PluginError, match="internal error in dns-preflight") as raised:
        made.perform([achall("example.test")])
    assert "--dns-preflight-on-failure continue" in str(raised.value)
    assert "\x1b" not in str(raised.value)
    made.cleanup([achall("example.test")])
    assert done(made) == ["perform", "cleanup"]


def test_a_fault_of_our_own_is_a_warning_where_failure_is_to_be_continued(
    plugin: Callable[..., Authenticator],
    looks: Callable[[Exception], list[Any]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    looks(RuntimeError("oops"))
    made = plugin(dns_preflight_on_failure="continue")
    assert len(made.perform([achall("example.test")])) == 1
    assert "internal error in dns-preflight" in caplog.text


@pytest.mark.parametrize("page", ["text", "json_report"])
def test_a_report_that_fails_changes_no_answer(
    plugin: Callable[..., Authenticator],
    looks: Callable[[Outcome], list[Any]],
    monkeypatch: pytest.MonkeyPatch,
    page: str,
) -> None:
    def fail(*_: object, **__: object) -> str:
        raise IndexError

    monkeypatch.setattr(f"certbot_dns_preflight.report.{page}.render", fail)
    looks(ready())
    assert len(plugin().perform([achall("example.test")])) == 1
    looks(failed())
    with pytest.raises(errors.PluginError):
        plugin().perform([achall("example.test")])


def test_a_signal_passes_through(
    plugin: Callable[..., Authenticator], looks: Callable[[Exception], list[Any]]
) -> None:
    looks(errors.SignalExit())
    with pytest.raises(errors.SignalExit):
        plugin(dns_preflight_on_failure="continue").perform([achall("example.test")])


def test_dns_01_alone_is_offered_and_an_address_is_refused(
    plugin: Callable[..., Authenticator],
) -> None:
    made = plugin()
    assert list(made.get_chall_pref("example.test")) == [challenges.DNS01]
    for address in ("192.0.2.1", "2001:db8::1"):
        with pytest.raises(errors.PluginError, match=address):
            made.get_chall_pref(address)


def test_auto_waits_twice_as_long_as_the_wrapped_one_would_and_says_so(
    plugin: Callable[..., Authenticator], looks: Callable[[Outcome], list[Any]], told: list[str]
) -> None:
    asked = looks(ready())
    plugin(dns_provider_propagation_seconds=1200).perform([achall("example.test")])
    _, how, _ = asked[0]
    assert how.timeout == 2400
    assert told[0] == (
        "dns-preflight waits up to 2400 s: twice the 1200 s that the authenticator would wait by "
        "itself (--dns-preflight-timeout auto)"
    )


@pytest.mark.parametrize(
    ("timeout", "pause", "waits"),
    [("auto", 60, 300), ("auto", 150, 300), ("auto", 10**9, 86400), ("20", 1200, 20)],
)
def test_auto_is_never_shorter_than_ours_and_a_number_stays_a_number(
    plugin: Callable[..., Authenticator],
    looks: Callable[[Outcome], list[Any]],
    timeout: str,
    pause: int,
    waits: float,
) -> None:
    asked = looks(ready())
    made = plugin(dns_preflight_timeout=timeout, dns_provider_propagation_seconds=pause)
    made.perform([achall("example.test")])
    _, how, _ = asked[0]
    assert how.timeout == waits


def test_a_fault_of_the_look_beforehand_is_warned_of_and_stops_nothing(
    plugin: Callable[..., Authenticator],
    looks: Callable[[Outcome], list[Any]],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(*_: object) -> None:
        raise KeyError("oops\x1b[31m")

    looks(ready())
    monkeypatch.setattr(precheck, "look", fail)
    assert len(plugin().perform([achall("example.test")])) == 1
    assert (
        "internal error in dns-preflight, nothing was checked beforehand: KeyError: " in caplog.text
    )
    assert "\x1b" not in caplog.text


def test_a_fault_of_the_search_for_aliases_is_warned_of_and_the_names_themselves_are_written(
    plugin: Callable[..., Authenticator],
    looks: Callable[[Outcome], list[Any]],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise KeyError("oops\x1b[31m")

    places = precheck.places
    asked = looks(ready())
    monkeypatch.setattr(precheck, "places", places)
    monkeypatch.setattr(record_location, "find", fail)
    assert len(plugin().perform([achall("example.test")])) == 1
    assert "internal error in dns-preflight, no alias was looked for: KeyError: " in caplog.text
    assert "\x1b" not in caplog.text
    assert asked[0][2]["extras"] is not None  # what was learned beforehand is not lost


@pytest.mark.parametrize(
    ("authenticator", "kind"),
    [("dns-preflight", errors.ConfigurationError), (None, errors.MisconfigurationError)],
)
def test_what_is_misconfigured_is_one_line_where_it_was_asked_for_and_stays_in_a_menu(
    plugin: Callable[..., Authenticator], authenticator: str | None, kind: type[errors.Error]
) -> None:
    with pytest.raises(kind) as raised:
        plugin(
            authenticator=authenticator,
            dns_preflight_authenticator="dns-providr",
            dns_preflight_timeout="20",
        )
    assert "did you mean dns-provider?" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_failure_is_told_to_the_hook_after_the_clean_up_and_once(
    plugin: Callable[..., Authenticator],
    looks: Callable[[Outcome], list[Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    order: list[Any] = []
    monkeypatch.setattr(
        failure_hook,
        "run",
        lambda command, failure, **more: order.append((command, failure, more, done(made))),
    )
    looks(failed())
    made = plugin(dns_preflight_failure_hook="tell", certname="mine")
    with pytest.raises(errors.PluginError):
        made.perform([achall("example.test")])
    assert order == []
    made.cleanup([achall("example.test")])
    made.cleanup([achall("example.test")])
    ((command, failure, more, before),) = order
    assert (command, more["lineage"], before) == ("tell", "mine", ["perform", "cleanup"])
    assert (failure.outcome, failure.domains) == ("not-ready", ("example.test",))
    assert failure.codes == ("secondary-behind",)
    assert failure.report.startswith("Not ready: ns2.example.net. lacks the record")


# -- --allow-subset-of-names -----------------------------------------------------------------------


def dropped(raised: pytest.ExceptionInfo[messages.Error]) -> set[str]:
    return {p.identifier.value for p in raised.value.subproblems or () if p.identifier}


def test_a_subset_is_asked_for_by_naming_what_is_not_ready(
    plugin: Callable[..., Authenticator], looks: Callable[[Outcome], list[Any]]
) -> None:
    looks(failed("bad.test", "good.test"))
    made = plugin(allow_subset_of_names=True, domains=["bad.test", "good.test"])
    with pytest.raises(messages.Error) as raised:
        made.perform([achall("bad.test"), achall("good.test")])
    assert dropped(raised) == {"bad.test", "*.bad.test"}


def test_names_validated_before_are_a_rest_too(
    plugin: Callable[..., Authenticator], looks: Callable[[Outcome], list[Any]]
) -> None:
    looks(failed("bad.test"))
    made = plugin(allow_subset_of_names=True, domains=["bad.test", "validated.test"])
    with pytest.raises(messages.Error):
        made.perform([achall("bad.test")])


def test_where_no_rest_is_left_it_is_a_plain_failure(
    plugin: Callable[..., Authenticator], looks: Callable[[Outcome], list[Any]]
) -> None:
    made = plugin(allow_subset_of_names=True, domains=["a.test", "b.test"])
    looks(failed("a.test", "b.test"))
    with pytest.raises(messages.Error):
        made.perform([achall("a.test"), achall("b.test")])
    looks(failed("b.test"))
    with pytest.raises(errors.PluginError):
        made.perform([achall("b.test")])


# -- the lineage -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("chosen", "marked"), [("dns-preflight", True), (None, False)])
def test_only_a_chosen_plugin_leaves_its_mark_in_the_configuration(
    plugin: Callable[..., Authenticator], *, chosen: str | None, marked: bool
) -> None:
    made = plugin(authenticator=chosen)
    assert (getattr(made.config, renewal_file.IDENTIFIER) is not None) is marked


def test_performing_is_being_chosen(
    plugin: Callable[..., Authenticator], looks: Callable[[Outcome], list[Any]]
) -> None:
    looks(ready())
    made = plugin(authenticator=None)
    made.perform([achall("example.test")])
    assert made.config.set_by_user(renewal_file.IDENTIFIER)


# -- after a refusal -------------------------------------------------------------------------------


def refused(domain: str, detail: str) -> Any:
    return achall(domain, error=messages.Error.with_code("unauthorized", detail=detail))


def test_the_hint_has_the_wrapped_ones_words_and_ours(
    plugin: Callable[..., Authenticator], looks: Callable[[Outcome], list[Any]]
) -> None:
    asked = looks(ready())
    made = plugin()
    made.perform([achall("example.test")])
    hint = made.auth_hint([refused("example.test", "No TXT record found")])
    assert hint.startswith("Ask your provider.")
    assert "showed every expected value" in hint
    (again,), settings, more = asked[1]
    assert again.domain == "example.test"
    assert more["wait"] is False
    assert settings.timeout <= 5


def test_the_hint_never_raises(
    plugin: Callable[..., Authenticator], looks: Callable[[Any], list[Any]]
) -> None:
    looks(ready())
    made = plugin()
    made.perform([achall("example.test")])
    looks(RuntimeError("oops"))
    assert made.auth_hint([refused("example.test", "NXDOMAIN")]).startswith("Ask your provider.")


def test_more_info_says_what_both_do(plugin: Callable[..., Authenticator]) -> None:
    assert "authoritative name server" in plugin(prepared=False).more_info()
    assert plugin().more_info().endswith("I make records.")
