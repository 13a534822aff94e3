"""Each stream is asked for itself whether it is a terminal, how wide, and what it can show."""

from __future__ import annotations

import argparse
import sys
from io import StringIO
from typing import TYPE_CHECKING

import pytest

from certbot_dns_preflight.challenge import make_challenge
from certbot_dns_preflight.cli import wait_display
from certbot_dns_preflight.cli.main import main
from certbot_dns_preflight.report.wait_log import WaitLog
from certbot_dns_preflight.run import waiting
from certbot_dns_preflight.settings import Settings
from tests.report import scenarios

if TYPE_CHECKING:
    from collections.abc import Sequence


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def hook(monkeypatch: pytest.MonkeyPatch, *, out: StringIO, err: StringIO) -> None:
    """Run the last challenge of an order that is not ready in time, with these streams."""
    monkeypatch.setattr(waiting, "run", lambda *_args, **_options: scenarios.behind())
    monkeypatch.setenv("CERTBOT_DOMAIN", "example.com")
    monkeypatch.setenv("CERTBOT_VALIDATION", scenarios.VALUE.decode())
    monkeypatch.setenv("TERM", "xterm-256color")
    for variable in ("NO_COLOR", "CERTBOT_REMAINING_CHALLENGES", "CERTBOT_ALL_DOMAINS"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr("sys.stdout", out)
    monkeypatch.setattr("sys.stderr", err)
    assert main(["hook"]) == 1


@pytest.mark.parametrize(
    ("out", "err", "columns"),
    [(StringIO, Terminal, "60"), (Terminal, StringIO, "60")],
    ids=["out-piped", "err-piped"],
)
def test_the_hooks_report_is_for_standard_error(
    out: type[StringIO], err: type[StringIO], columns: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    written = err()
    hook(monkeypatch, out=out(), err=written)
    lines = written.getvalue().rstrip("\n").split("\n")
    watched = err is Terminal
    assert ("\x1b[1;31mNot ready: ns3.example.net" in written.getvalue()) is watched
    assert any(60 < len(line) <= 80 for line in _plain(lines)) is not watched
    assert lines[-1].startswith("More: ") is not watched  # a terminal has the verdict again


def _plain(lines: Sequence[str]) -> list[str]:
    """Leave out what is never folded, and colours."""
    return [line for line in lines if "dig +norec" not in line and "\x1b" not in line]


@pytest.mark.parametrize(
    ("quiet", "waits", "kind"),
    [(False, True, WaitLog), (True, True, type(None)), (False, False, type(None))],
    ids=["a wait", "quiet", "a single look"],
)
def test_without_a_terminal_only_a_wait_is_told_of_and_not_to_the_quiet(
    monkeypatch: pytest.MonkeyPatch, *, quiet: bool, waits: bool, kind: type
) -> None:
    monkeypatch.setattr(sys, "stderr", StringIO())
    args = argparse.Namespace(quiet=quiet, verbose=False, color="auto")
    wanted = [make_challenge("example.test")]
    assert type(wait_display.shown(args, wanted, Settings(), waits=waits)) is kind
