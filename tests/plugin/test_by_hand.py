"""certbot's `manual` without hooks, at a terminal: asked as usual, then the wait is watched."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import time
from typing import TYPE_CHECKING

import dns.name
import pytest
from certbot.display import util as display

from certbot_dns_preflight.plugin import by_hand
from certbot_dns_preflight.run.record_location import RecordLocation
from tests.conftest import beside_python
from tests.observe import HANG
from tests.plugin.conftest import OWNER

if TYPE_CHECKING:
    from tests.conftest import Certbot
    from tests.lab import Lab

pytestmark = pytest.mark.slow

PROMPT = "Press Enter to Continue"


def read_until(terminal: int, pattern: str, *, seconds: float = HANG) -> str:
    deadline, seen = time.monotonic() + seconds, ""
    while not re.search(pattern, seen):
        ready, _, _ = select.select([terminal], [], [], max(0.0, deadline - time.monotonic()))
        assert ready, seen
        try:
            seen += os.read(terminal, 65536).decode(errors="replace")
        except OSError:  # the other side is closed
            break
    return seen


def test_the_record_is_asked_for_and_after_enter_the_wait_shows_who_has_it(
    certbot: Certbot, lab: Lab
) -> None:
    mine, theirs = pty.openpty()
    process = subprocess.Popen(
        [
            beside_python("certbot"),
            "certonly",
            "--domains=example.test",
            *certbot.preflight_options,
            *(option for option in certbot.common_options if option != "--non-interactive"),
        ],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**certbot.environment, "TERM": "xterm", "COLUMNS": "120", "LINES": "40"},
    )
    os.close(theirs)
    try:
        asked = read_until(mine, PROMPT)
        value = re.search(r"name +(\S+)\s.*type +TXT\s+value +(\S{43})\s", asked, re.DOTALL)
        assert value, asked
        assert value[1] == OWNER
        assert "_acme-challenge   in the zone example.test." in asked
        assert "Press Enter at once" in asked
        assert "toolbox" not in asked  # certbot's advice, which seeds caches
        os.write(mine, b"\n")
        # Entered too early: nothing is there yet, and the CA is not told.
        # With rich: every server's answer, redrawn; without: a line for each change.
        read_until(
            mine, rf"{re.escape(lab.knot.host.removesuffix('.'))} .*NXDOMAIN|0 of 8 addresses ok"
        )
        lab.update(lab.primary, "example.test.", add=[f"{OWNER} TXT {value[2]}"])
        read_until(mine, r"Ready: example\.test after ")
        read_until(mine, "Successfully received certificate")
        process.wait(timeout=HANG)
    finally:
        process.kill()
        process.wait()
        os.close(mine)
    assert process.returncode == 0


def test_where_resolvers_are_asked_enter_has_to_wait_for_the_record(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown: list[str] = []
    monkeypatch.setattr(display, "notification", lambda text, **_: shown.append(text))
    owner, zone = dns.name.from_text(OWNER), dns.name.from_text("example.test.")
    place = RecordLocation(owner, owner, zone)
    by_hand.show([(place, "value")], asks_resolvers=True)
    by_hand.show([(place, "value")])
    resolvers, servers = shown
    assert "Press Enter once the record is saved: dns-preflight asks the resolvers" in resolvers
    assert "at once" not in resolvers
    assert "Press Enter at once" in servers
