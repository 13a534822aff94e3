"""Runs that end before their records are looked at: report, metrics and failure hook agree."""

# ruff: noqa: ANN401 - what certbot gives and takes is loosely typed

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from certbot import errors

from certbot_dns_preflight.plugin import failure_hook, precheck
from certbot_dns_preflight.plugin.authenticators import Authenticators
from certbot_dns_preflight.report import json_report
from certbot_dns_preflight.run import waiting
from tests.plugin.made import achall
from tests.plugin.test_authenticator import failed, looks, plugin, quiet, ready, told

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from certbot_dns_preflight.facts.outcome import Outcome
    from certbot_dns_preflight.plugin.authenticator import Authenticator

__all__ = ["looks", "plugin", "quiet", "told"]  # fixtures

WORDS = "the auth hook exited with status 3: API says 403"


@dataclass
class Kept:
    """The files of a run, and what its failure hook got."""

    directory: Path
    hooks: list[Any]

    def options(self, **more: Any) -> dict[str, Any]:
        return {
            "dns_preflight_report": str(self.directory / "report.json"),
            "dns_preflight_metrics": str(self.directory / "metrics.prom"),
            "dns_preflight_failure_hook": "tell",
            **more,
        }

    def report(self) -> dict[str, dict[str, Any]]:
        whole = json.loads((self.directory / "report.json").read_text())
        jsonschema.validate(whole, json_report.schema())
        return {"": whole, **{one["domain"]: one for one in whole["challenges"]}}

    def metrics(self) -> str:
        return (self.directory / "metrics.prom").read_text()


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kept:
    """Begin with the report of an earlier run that was ready."""
    (tmp_path / "report.json").write_text('{"outcome": "ready"}\n')
    got: list[Any] = []
    monkeypatch.setattr(failure_hook, "run", lambda _, failure, **__: got.append(failure))
    return Kept(tmp_path, got)


def fail_hooks(monkeypatch: pytest.MonkeyPatch, *domains: str) -> None:
    monkeypatch.setattr(Authenticators, "hook_failures", lambda *_: dict.fromkeys(domains, WORDS))


def test_a_failed_hook_leaves_no_earlier_report_and_all_tell_the_same(
    plugin: Callable[..., Authenticator],
    looks: Callable[[Outcome], list[Any]],
    monkeypatch: pytest.MonkeyPatch,
    kept: Kept,
) -> None:
    asked = looks(ready("good.test"))
    fail_hooks(monkeypatch, "bad.test")
    made = plugin(**kept.options())
    achalls = [achall("bad.test"), achall("good.test")]
    with pytest.raises(errors.PluginError, match=f"Not ready: bad.test: {WORDS}"):
        made.perform(achalls)
    made.cleanup(achalls)
    assert asked == []
    written = kept.report()
    assert written[""]["outcome"] == "not-ready"
    assert written["good.test"]["outcome"] == "inconclusive"
    (finding,) = written["bad.test"]["findings"]
    assert finding["code"] == "record-not-published"
    assert finding["summary"] == f"bad.test: {WORDS}."
    assert 'outcome{domain="bad.test",outcome="not-ready"} 1' in kept.metrics()
    (failure,) = kept.hooks
    assert (failure.outcome, failure.domains) == ("not-ready", ("bad.test",))
    assert (failure.codes, failure.in_file) == (("record-not-published",), True)


def test_to_continue_waits_for_the_others_alone_and_keeps_the_hooks_words(
    plugin: Callable[..., Authenticator],
    looks: Callable[[Outcome], list[Any]],
    monkeypatch: pytest.MonkeyPatch,
    kept: Kept,
    caplog: pytest.LogCaptureFixture,
) -> None:
    asked = looks(ready("good.test"))
    fail_hooks(monkeypatch, "bad.test")
    made = plugin(**kept.options(dns_preflight_on_failure="continue"))
    achalls = [achall("bad.test"), achall("good.test")]
    assert len(made.perform(achalls)) == 2
    made.cleanup(achalls)
    assert [one.domain for one in asked[0][0]] == ["good.test"]
    written = kept.report()
    assert written["good.test"]["outcome"] == "ready"
    assert WORDS in written["bad.test"]["findings"][0]["summary"]
    (failure,) = kept.hooks
    assert failure.domains == ("bad.test",)
    assert f"Not ready: bad.test: {WORDS}." in failure.report
    assert f"Not ready: bad.test: {WORDS}." in caplog.text
    assert "Continuing with the CA anyway" in caplog.text


def test_to_continue_waits_for_nothing_where_every_hook_failed(
    plugin: Callable[..., Authenticator],
    looks: Callable[[Outcome], list[Any]],
    monkeypatch: pytest.MonkeyPatch,
    kept: Kept,
    caplog: pytest.LogCaptureFixture,
) -> None:
    asked = looks(ready())
    fail_hooks(monkeypatch, "example.test")
    made = plugin(**kept.options(dns_preflight_on_failure="continue"))
    # Certbot gives the apex and the wildcard one name; either hook's failure is the name's.
    order = [achall("example.test"), achall("example.test", token=b"2" * 20)]
    assert len(made.perform(order)) == 2
    assert asked == []
    assert WORDS in caplog.text
    assert len(kept.report()["example.test"]["expected"]) == 2


def test_a_value_that_a_failed_hook_owes_a_shared_target_is_not_waited_for(
    plugin: Callable[..., Authenticator],
    looks: Callable[[Outcome], list[Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = looks(ready("good.test"))

    def shared(challenges: Any, *_: Any) -> Any:
        places = precheck.unknown_places(challenges)
        target = next(iter(places))
        return {owner: replace(place, record=target) for owner, place in places.items()}

    monkeypatch.setattr(precheck, "places", shared)
    fail_hooks(monkeypatch, "bad.test")
    made = plugin(dns_preflight_on_failure="continue", dns_preflight_alias="keep")
    made.perform([achall("good.test"), achall("bad.test", token=b"2" * 20)])
    ((one,), *_) = asked[0]
    assert len(one.expected) == 1


def test_a_plugin_that_raises_leaves_no_earlier_report_and_all_tell_the_same(
    plugin: Callable[..., Authenticator],
    looks: Callable[[Outcome], list[Any]],
    monkeypatch: pytest.MonkeyPatch,
    kept: Kept,
) -> None:
    looks(ready())

    def fail(*_: object) -> None:
        raise errors.PluginError("Encountered error adding TXT record: timed out")

    monkeypatch.setattr(Authenticators, "perform", fail)
    made = plugin(**kept.options())
    with pytest.raises(errors.PluginError, match="Encountered error adding"):
        made.perform([achall("example.test")])
    made.cleanup([achall("example.test")])
    (finding,) = kept.report()["example.test"]["findings"]
    assert "Encountered error adding TXT record: timed out" in finding["summary"]
    assert 'outcome{domain="example.test",outcome="inconclusive"} 1' in kept.metrics()
    (failure,) = kept.hooks
    assert (failure.outcome, failure.codes) == ("inconclusive", ("record-not-published",))


def test_a_fault_of_our_own_is_in_the_report_too(
    plugin: Callable[..., Authenticator],
    looks: Callable[[Outcome | Exception], list[Any]],
    kept: Kept,
) -> None:
    looks(KeyError("oops"))
    made = plugin(**kept.options())
    with pytest.raises(errors.PluginError, match="internal error"):
        made.perform([achall("example.test")])
    made.cleanup([achall("example.test")])
    (finding,) = kept.report()["example.test"]["findings"]
    assert finding["code"] == "internal-error"
    assert 'outcome{domain="example.test",outcome="not-ready"} 1' in kept.metrics()
    assert (kept.hooks[0].outcome, kept.hooks[0].codes) == ("not-ready", ("internal-error",))


@pytest.mark.parametrize("signal", [errors.SignalExit, KeyboardInterrupt])
def test_a_signal_in_the_wait_leaves_no_earlier_report(
    plugin: Callable[..., Authenticator],
    looks: Callable[[Any], list[Any]],
    kept: Kept,
    signal: type[BaseException],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looks(ready())

    def stop(*_: object, **__: object) -> None:
        raise signal

    monkeypatch.setattr(waiting, "run", stop)
    with pytest.raises(signal):
        plugin(**kept.options()).perform([achall("example.test")])
    assert kept.report()[""]["outcome"] == "inconclusive"


def test_a_later_look_is_not_taken_for_one(
    plugin: Callable[..., Authenticator], looks: Callable[[Outcome], list[Any]], kept: Kept
) -> None:
    looks(failed())
    with pytest.raises(errors.PluginError):
        plugin(**kept.options()).perform([achall("example.test")])
    assert kept.report()["example.test"]["findings"][0]["code"] == "secondary-behind"


def test_the_page_says_that_nobody_was_asked(
    plugin: Callable[..., Authenticator],
    looks: Callable[[Outcome], list[Any]],
    monkeypatch: pytest.MonkeyPatch,
    kept: Kept,
) -> None:
    looks(ready())
    fail_hooks(monkeypatch, "example.test")
    page = kept.directory / "report.html"
    with pytest.raises(errors.PluginError):
        plugin(dns_preflight_report=str(page)).perform([achall("example.test")])
    assert "API says 403" in page.read_text()
    assert "No server was asked." in page.read_text()
