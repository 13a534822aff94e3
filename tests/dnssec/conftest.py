"""The signed world, made once for all tests that take it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.dnssec import scenarios, world

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.lab import Lab


@pytest.fixture(scope="package")
def signed_world(
    session_lab: Lab, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[world.World]:
    made = world.build(session_lab, tmp_path_factory.mktemp("signed"))
    try:
        scenarios.add_all(made)
        made.start()
        yield made
    finally:
        made.stop()
