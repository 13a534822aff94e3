"""Worlds without any fault: all three judges are content, so what is served is right."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.thorough, pytest.mark.usefixtures("resolvers")]
ROOT = Path(__file__).parent.parent.parent


def test_however_a_zone_is_signed_and_the_value_is_reached_all_judges_are_content() -> None:
    command = [sys.executable, "-m", "tests.differential", "--healthy", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.stdout, done.stderr
    told = json.loads(done.stdout)
    assert told == {"ended": {"agreed: ready": 100}, "differences": []}
