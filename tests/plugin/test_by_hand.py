"""certbot's `manual` without hooks, at a terminal: asked as usual, then the wait is watched."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import dns.name
import pytest
from certbot.display import util as display

from certbot_dns_preflight.plugin import by_hand
from certbot_dns_preflight.run.record_location import RecordLocation
from tests.plugin.at_terminal import running
from tests.plugin.conftest import OWNER

if TYPE_CHECKING:
    from tests.conftest import Certbot
    from tests.lab import Lab

pytestmark = pytest.mark.slow

PROMPT = "Press Enter to Continue"


def test_the_record_is_asked_for_and_after_enter_the_wait_shows_who_has_it(
    certbot: Certbot, lab: Lab
) -> None:
    arguments = [
        "certonly",
        "--domains=example.test",
        *certbot.preflight_options,
    ]
    with running(certbot, *arguments) as terminal:
        asked = terminal.read_until(PROMPT)
        value = re.search(r"name +(\S+)\s.*type +TXT\s+value +(\S{43})\s", asked, re.DOTALL)
        assert value, asked
        assert value[1] == OWNER
        assert "_acme-challenge   in the zone example.test." in asked
        assert "Press Enter at once" in asked
        assert "longer than 300 s, it shows what is missing and asks" in asked
        assert "toolbox" not in asked  # certbot's advice, which seeds caches
        terminal.enter()
        # Entered too early: nothing is there yet, and the CA is not told.
        # With rich: every server's answer, redrawn; without: a line for each change.
        terminal.read_until(
            rf"{re.escape(lab.knot.host.removesuffix('.'))} .*NXDOMAIN|0 of 8 addresses ok"
        )
        lab.update(lab.primary, "example.test.", add=[f"{OWNER} TXT {value[2]}"])
        terminal.read_until(r"Ready: example\.test after ")
        terminal.read_until("Successfully received certificate")
        terminal.read_until("renew the certificate in the background")  # certbot's words, not true
        terminal.read_until("this certificate cannot be renewed automatically")
        assert terminal.end() == 0


def test_where_resolvers_are_asked_enter_has_to_wait_for_the_record(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown: list[str] = []
    monkeypatch.setattr(display, "notification", lambda text, **_: shown.append(text))
    owner, zone = dns.name.from_text(OWNER), dns.name.from_text("example.test.")
    place = RecordLocation(owner, owner, zone)
    limit = by_hand.Limit(300.0, asks_again=True)
    by_hand.show([(place, "value")], limit, asks_resolvers=True)
    by_hand.show([(place, "value")], limit)
    resolvers, servers = shown
    assert "Press Enter once the record is saved: dns-preflight asks the resolvers" in resolvers
    assert "at once" not in resolvers
    assert "Press Enter at once" in servers
