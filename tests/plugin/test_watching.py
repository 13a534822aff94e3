"""A person who makes the records has as long as it takes, and is told so in words for a person."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from certbot import errors, util
from certbot.display import util as display

from certbot_dns_preflight.plugin import after_cleanup, by_hand
from certbot_dns_preflight.plugin.authenticators import Authenticators
from certbot_dns_preflight.run import waiting
from tests.builders.survey import (
    NS1,
    NS3,
    OTHER,
    SECOND,
    VALUE,
    at,
    hop,
    judged,
    nxdomain,
    run,
    survey,
    texts,
)
from tests.checks.asserting import aliased, only_error
from tests.plugin.made import achall, config
from tests.plugin.test_authenticator import failed, looks, plugin, quiet, ready, told

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from certbot_dns_preflight.facts.outcome import Outcome
    from certbot_dns_preflight.facts.survey import Survey
    from certbot_dns_preflight.plugin.authenticator import Authenticator

__all__ = ["looks", "plugin", "quiet", "told"]  # fixtures

ORDER = [achall("example.test")]


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a person is shown who makes all records."""
    texts: list[str] = []
    monkeypatch.setattr(display, "notification", lambda text, **_: texts.append(text))
    for who in ("some_by_hand", "all_by_hand"):
        monkeypatch.setattr(Authenticators, who, property(lambda _: True))
    return texts


def in_turn(monkeypatch: pytest.MonkeyPatch, *results: Outcome) -> list[Outcome]:
    left = list(results)
    monkeypatch.setattr(waiting, "run", lambda *_, **__: left.pop(0))
    return left


def test_after_the_timeout_a_person_is_asked_and_goes_on_with_the_same_values(
    plugin: Callable[..., Authenticator],
    looks: Callable[[Outcome], list[Any]],
    monkeypatch: pytest.MonkeyPatch,
    shown: list[str],
) -> None:
    looks(ready())
    left = in_turn(monkeypatch, failed(), failed(), ready())
    assert len(plugin(dns_provider_propagation_seconds=0).perform(ORDER)) == 1
    assert left == []
    assert len(shown) == 2
    assert "Not ready: ns2.example.net. lacks the record" in shown[0]
    assert "press Enter to go on for 300 s" in shown[0]


@pytest.mark.parametrize(
    "options", [{"dns_preflight_timeout": "60"}, {"dns_preflight_on_failure": "continue"}]
)
def test_a_number_stays_a_number_and_who_continues_is_not_asked(
    plugin: Callable[..., Authenticator],
    looks: Callable[[Outcome], list[Any]],
    shown: list[str],
    options: dict[str, str],
) -> None:
    looks(failed())
    try:
        plugin(**options).perform(ORDER)
    except errors.PluginError:
        assert "dns_preflight_timeout" in options
    assert shown == []


def test_where_nobody_is_there_it_ends(
    plugin: Callable[..., Authenticator],
    looks: Callable[[Outcome], list[Any]],
    monkeypatch: pytest.MonkeyPatch,
    shown: list[str],
) -> None:
    def closed(*_: object, **__: object) -> None:
        shown.append("asked")
        raise EOFError

    monkeypatch.setattr(display, "notification", closed)
    looks(failed())
    with pytest.raises(errors.PluginError, match="Not ready") as raised:
        plugin().perform(ORDER)
    assert shown == ["asked"]
    told = " ".join(str(raised.value).split())
    assert "Remove the records that you made by hand; another run needs other values." in told
    assert "certbot is now removing" not in told


def test_the_prompt_names_the_limit_and_what_comes_then() -> None:
    asks = by_hand._until(by_hand.Limit(300.0, asks_again=True))
    ends = by_hand._until(by_hand.Limit(60.0, asks_again=False))
    assert "longer than 300 s" in asks
    assert "asks whether to go on" in asks
    assert "at most 60 s (--dns-preflight-timeout)" in ends


@pytest.mark.parametrize(
    ("code", "facts"),
    [
        ("record-not-published", survey(hop(at(NS1, nxdomain())))),
        ("wrong-value", survey(hop(at(NS1, texts(OTHER))))),
        ("wrong-value", survey(hop(at(NS1, texts(VALUE + b"x" * 300))))),
        ("mangled-value", survey(hop(at(NS1, texts(VALUE[:20]))))),
        ("value-missing", survey(hop(at(NS1, texts(VALUE))), expected=(VALUE, SECOND))),
        ("alias-target-lacks-record", aliased(at(NS3, nxdomain()))),
    ],
)
def test_no_finding_speaks_of_a_plugin_or_hook_where_there_is_none(
    code: str, facts: Survey
) -> None:
    finding = only_error(facts, code)
    result = by_hand.reworded(run(replace(judged(), findings=(finding,))))
    ((shown,),) = [one.findings for one in result.challenges]
    words = f"{shown.cause} {shown.remedy}"
    assert "hook" in f"{finding.cause} {finding.remedy}"
    assert "hook" not in words
    assert "plugin" not in words


def test_once_issued_by_hand_certbots_word_on_renewal_is_corrected_at_the_end(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    at_exit: list[tuple[Any, ...]] = []
    monkeypatch.setattr(util, "atexit_register", lambda *what: at_exit.append(what))
    after_cleanup.tell_unattended(ready(), config(tmp_path))
    ((_, words),) = at_exit
    assert "cannot be renewed automatically" in words
    after_cleanup.tell_unattended(failed(), config(tmp_path))
    after_cleanup.tell_unattended(None, config(tmp_path))
    after_cleanup.tell_unattended(ready(), config(tmp_path, quiet=True))
    assert len(at_exit) == 1
