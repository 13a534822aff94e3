"""What takes long to make and serves all of pytest-xdist's workers: made by one of them."""

from __future__ import annotations

import fcntl
import json
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest


def once(factory: pytest.TempPathFactory, name: str, make: Callable[[], Any]) -> Any:  # noqa: ANN401 - JSON
    """Give what `make` makes (JSON), by whichever worker comes first; the others wait for it."""
    own = factory.getbasetemp()
    everyones = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    file = everyones / f"{name}.json"
    with (everyones / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not file.exists():
            file.write_text(json.dumps(make()))
        return json.loads(file.read_text())
