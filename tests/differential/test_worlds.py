"""Forty random worlds: in none does this project differ from both resolvers without a reason.

`script/differential` runs as many as are wanted. The worlds run in a process of their own, which
has its own network namespace: it answers at every address there.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.thorough, pytest.mark.timeout(600), pytest.mark.usefixtures("resolvers")]
WORLDS = 40
ROOT = Path(__file__).parent.parent.parent


def test_no_random_world_shows_a_difference_without_a_reason() -> None:
    command = [sys.executable, "-m", "tests.differential", str(WORLDS), "--json"]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=580, cwd=ROOT
    )
    assert done.stdout, done.stderr
    told = json.loads(done.stdout)
    assert sum(told["ended"].values()) == WORLDS
    assert told["ended"]["agreed: ready"] >= WORLDS / 8
    assert told["ended"]["agreed: not ready"] >= WORLDS / 8
    assert not told["differences"], "\n\n".join(told["differences"])
