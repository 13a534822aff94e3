"""Chosen from certbot's own menu at a terminal: listed, and usable or saying what is wrong."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from certbot_dns_preflight.plugin.authenticator import Authenticator
from tests.plugin.at_terminal import Terminal, running
from tests.plugin.renewal_files import params

if TYPE_CHECKING:
    from tests.conftest import Certbot
    from tests.lab import Lab

pytestmark = pytest.mark.slow

MENU = r"\[1-\d+\] then \[enter\] \(press 'c' to cancel\): $"


def offered(terminal: Terminal) -> tuple[str, str]:
    """Read the menu; gives the number of ours and its text, without the spaces."""
    shown = terminal.read_until(MENU)
    # Each entry begins with its number, and ends before the next one or the rule below.
    entries = re.findall(r"^(\d+): (.*?)(?=^\d+: |^- -)", shown, re.MULTILINE | re.DOTALL)
    (ours,) = [
        (number, "".join(text.split()))
        for number, text in entries
        if "(dns-preflight)" in "".join(text.split())
    ]
    return ours


def arguments(certbot: Certbot, authenticator: str) -> list[str]:
    options = [o for o in certbot.preflight_options if not o.startswith("--authenticator")]
    wrapped = f"--dns-preflight-authenticator={authenticator}"
    return ["certonly", "--domains=example.test", wrapped, *options]


def test_what_is_chosen_there_asks_for_what_it_lacks_issues_and_renews(
    certbot: Certbot, lab: Lab
) -> None:
    with running(certbot, *arguments(certbot, "dns-rfc2136")) as terminal:
        number, text = offered(terminal)
        assert text == "".join(f"{Authenticator.description} (dns-preflight)".split())
        terminal.enter(number)
        terminal.read_until("path to your RFC 2136 credentials INI file")
        terminal.enter(str(lab.credentials))
        terminal.read_until("Successfully received certificate")
        assert terminal.end() == 0
    saved = params(certbot.renewal_file("example.test"))
    assert saved["authenticator"] == "dns-preflight"
    assert saved["dns_rfc2136_credentials"] == str(lab.credentials)
    since = len(lab.ca.log)
    assert "Ready: example.test after " in certbot.renew().succeeded().stdout
    assert lab.ca.challenges_answered(since) == 1


def test_what_is_misconfigured_stays_listed_and_says_what_is_wrong_when_it_is_chosen(
    certbot: Certbot,
) -> None:
    with running(certbot, *arguments(certbot, "dns-rfc2163")) as terminal:
        number, text = offered(terminal)
        assert text.endswith("(dns-preflight)[Misconfigured]")
        terminal.enter(number)
        said = " ".join(terminal.read_until(MENU).split())
        assert "'dns-rfc2163' is not installed; did you mean dns-rfc2136? installed: " in said
        terminal.enter("c")
        assert terminal.end() == 1
    assert not certbot.renewal_file("example.test").exists()
