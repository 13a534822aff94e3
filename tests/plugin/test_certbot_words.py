"""What certbot says of a failed hook is heard whole, and still shown."""

from __future__ import annotations

import pytest
from certbot.display import ops
from certbot.display import util as display

from certbot_dns_preflight.plugin.certbot_words import HookFailures

HOOK = "Hook '--manual-auth-hook' for example.test"


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    texts: list[str] = []
    monkeypatch.setattr(display, "notify", texts.append)
    return texts


@pytest.mark.parametrize(
    ("out", "err", "words"),
    [
        ("quota exceeded\n", "", ": quota exceeded"),
        ("", "API says\n403\n", ": API says; 403"),
        ("adding\n", "denied", ": denied: adding"),
        ("a" * 600 + "last", "", ": " + "a" * 496 + "last"),
        ("\x1b[31mred", "", ": \\027[31mred"),
        ("", "", ""),
    ],
)
def test_a_failed_hooks_output_is_kept_wherever_it_wrote_it(
    shown: list[str], out: str, err: str, words: str
) -> None:
    with HookFailures(lambda: 0) as failures:
        ops.report_executed_command(HOOK, 1, out, err)
    assert failures.words == {0: f"the auth hook exited with status 1{words}"}
    assert len(shown) == bool(out)
    assert display.notify == shown.append


def test_a_hook_that_succeeds_and_a_cleanup_hook_fail_nothing(shown: list[str]) -> None:
    with HookFailures(lambda: 0) as failures:
        ops.report_executed_command(HOOK, 0, "done", "careful")
        ops.report_executed_command("Hook '--manual-cleanup-hook' for a.test", 1, "gone", "")
    assert failures.words == {}
    assert len(shown) == 2
