"""The signed world, made once for all tests that take it."""

from __future__ import annotations

import dataclasses
import fcntl
import json
import os
from typing import TYPE_CHECKING

import pytest

from tests.dnssec import scenarios, world

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.lab import Lab


@pytest.fixture(scope="package")
def signed_world(
    session_lab: Lab, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[world.World]:
    made = world.build(session_lab, tmp_path_factory.mktemp("signed"))
    base = tmp_path_factory.getbasetemp()
    try:
        _add_all(made, base.parent if "PYTEST_XDIST_WORKER" in os.environ else base)
        made.start()
        yield made
    finally:
        made.stop()


def _add_all(made: world.World, shared: Path) -> None:
    """Add every scenario: signed once, by whichever worker comes first, and read by the others."""
    file = shared / "signed-scenarios.json"
    with (shared / "signed-scenarios.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if file.exists():
            for facts in json.loads(file.read_text()):
                made.add(world.Scenario(**facts))
        else:
            scenarios.add_all(made)
            file.write_text(json.dumps([dataclasses.asdict(s) for s in made.scenarios.values()]))
