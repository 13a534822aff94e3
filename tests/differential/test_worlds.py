"""Forty random worlds: in none does this project differ from both resolvers without a reason.

`script/differential` runs as many as are wanted. The worlds run in a process of their own, which
has its own network namespace: it answers at every address there.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.thorough, pytest.mark.timeout(600), pytest.mark.usefixtures("resolvers")]
WORLDS = 40
READY, STRICTER = 21, 1
ROOT = Path(__file__).parent.parent.parent


def test_no_random_world_shows_a_difference_without_a_reason() -> None:
    ended = _judged(str(WORLDS))
    assert sum(ended.values()) == WORLDS
    assert ended["agreed: ready"] >= WORLDS / 8
    assert ended["agreed: not ready"] >= WORLDS / 8


def test_worlds_that_once_showed_a_difference_show_none_any_more() -> None:
    ended = _judged("--known")
    assert ended["agreed: ready"] == READY
    # Whether Unbound asks for a DS that a referral denies depends on what it met before.
    others = ("agreed: not ready", "resolvers differ", "by chance", "stricter")
    assert ended.get("stricter", 0) <= STRICTER
    assert sum(ended.get(word, 0) for word in others) == sum(ended.values()) - READY


def _judged(*arguments: str) -> dict[str, int]:
    """Judge worlds in a process of their own; no difference is left unexplained."""
    command = [sys.executable, "-m", "tests.differential", *arguments, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.stdout, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    assert not told["differences"], "\n\n".join(told["differences"])
    ended: dict[str, int] = told["ended"]
    return ended
