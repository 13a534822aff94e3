"""The signed world, made once for all tests that take it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest

from tests.dnssec import scenarios, world
from tests.sharing import once

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.lab import Lab


@pytest.fixture(scope="session")  # a worker may come back to it after other tests
def signed_world(
    session_lab: Lab, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[world.World]:
    made = world.build(session_lab, tmp_path_factory.mktemp("signed"))

    def sign() -> list[dict[str, Any]]:
        scenarios.add_all(made)
        return [dataclasses.asdict(scenario) for scenario in made.scenarios.values()]

    try:
        for facts in once(tmp_path_factory, "signed-scenarios", sign):
            made.add(world.Scenario(**facts))
        made.start()
        yield made
    finally:
        made.stop()
