"""What the tests of the differential comparison share."""

from __future__ import annotations

import pytest

from tests.conftest import _cannot
from tests.lab.processes import missing


@pytest.fixture(scope="session")
def resolvers(in_namespace: None) -> None:  # noqa: ARG001  # asked for its effect
    """Ask for the programs that judge beside this project."""
    lacking = missing("unbound", "named", "rndc")
    if lacking:
        _cannot("\n".join(lacking))
