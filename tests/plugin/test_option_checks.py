"""What is refused when certbot prepares us: one line, with the option and the way out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from certbot import errors

from certbot_dns_preflight import settings
from certbot_dns_preflight.plugin import option_checks
from tests.plugin.made import config

if TYPE_CHECKING:
    from pathlib import Path

NONE = settings.Settings()


def line(raised: pytest.ExceptionInfo[errors.PluginError]) -> str:
    assert "\n" not in str(raised.value)
    return str(raised.value)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("dns-nowhere", "'dns-nowhere' is not installed"),
        ("rfc2136", "'rfc2136' is not installed; did you mean dns-rfc2136?"),
        ("dns_rfc2136", "did you mean dns-rfc2136?"),
        ("certbot-dns-rfc2136:dns-rfc2136", "did you mean dns-rfc2136?"),
        ("dns-preflight", "dns-preflight cannot wrap itself"),
        ("standalone", "standalone does not do dns-01"),
        ("webroot", "webroot does not do dns-01"),
        ("null", "null is not an authenticator"),
        ("corp.test=standalone,dns-nowhere", "'dns-nowhere' is not installed"),
    ],
)
def test_an_authenticator_of_no_use_here(tmp_path: Path, name: str, words: str) -> None:
    given: dict[str, Any] = {
        "verb": "certonly",
        "dns_preflight_authenticator": name,
        "webroot_path": [],
        "webroot_map": {},
        "standalone_propagation_seconds": None,
        "http01_address": "",
    }
    made = config(tmp_path, given=("dns_preflight_authenticator",), **given)
    with pytest.raises(errors.PluginError) as raised:
        option_checks.authenticators(made, name, NONE)
    told = line(raised)
    assert told.startswith("--dns-preflight-authenticator: ")
    assert words in told
    assert re.search("installed: .*dns-rfc2136.*, manual", told)


@pytest.mark.parametrize("preferred", [["http-01"], ["http-01", "tls-alpn-01"]])
def test_challenges_that_leave_out_dns_01(tmp_path: Path, preferred: list[str]) -> None:
    with pytest.raises(errors.PluginError) as raised:
        option_checks.refuse_other_challenges(config(tmp_path, pref_challs=preferred))
    assert f"--preferred-challenges {','.join(preferred)} leaves out dns-01" in line(raised)


@pytest.mark.parametrize("preferred", [[], ["dns-01"], ["http-01", "dns-01"]])
def test_a_preference_with_dns_01_among_them_is_none_of_our_business(
    tmp_path: Path, preferred: list[str]
) -> None:
    option_checks.refuse_other_challenges(config(tmp_path, pref_challs=preferred))


@pytest.mark.parametrize(
    ("option", "content"), [("trust-anchor", "; nothing\n"), ("root-hints", "")]
)
def test_a_file_that_holds_none_of_what_it_is_for(
    tmp_path: Path, option: str, content: str
) -> None:
    empty = tmp_path / "empty"
    empty.write_text(content)
    how = settings.Settings(**{option.replace("-", "_"): empty})
    with pytest.raises(errors.PluginError) as raised:
        option_checks.read_files(how)
    assert line(raised).startswith(f"--dns-preflight-{option}: ")
    assert str(empty) in line(raised)


@pytest.mark.parametrize("option", ["report", "metrics"])
def test_a_file_that_cannot_be_written(tmp_path: Path, option: str) -> None:
    nowhere = tmp_path / "missing" / "file.prom"
    with pytest.raises(errors.PluginError) as raised:
        option_checks.read_files(settings.Settings(**{option: nowhere}))
    assert line(raised).startswith(f"--dns-preflight-{option}: ")
    assert str(nowhere) in line(raised)


@pytest.mark.parametrize(
    ("pause", "timeout", "words"),
    [
        (1200.0, 2400.0, "up to 2400 s: twice the 1200 s that the authenticator would wait"),
        (43200.0, 86400.0, "up to 86400 s: twice the 43200 s that the authenticator would wait"),
        (
            100000.0,
            86400.0,
            "up to 86400 s: the longest timeout there is, as twice the 100000 s that",
        ),
        (5000000.0, 86400.0, "as twice the 5000000 s that"),
    ],
)
def test_how_long_a_due_timeout_is_and_why(
    monkeypatch: pytest.MonkeyPatch, pause: float, timeout: float, words: str
) -> None:
    told: list[str] = []
    monkeypatch.setattr(option_checks.display, "notify", told.append)
    due = option_checks.with_due_timeout(NONE, pause)
    assert due.timeout == timeout
    option_checks.tell_due_timeout(NONE, due, pause)
    assert words in told[0]
