"""What a process and a directory of its own hold, so that growth is seen."""

from __future__ import annotations

import gc
import os
import resource
import threading
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Held:
    """What the process and its directory hold between two renewals."""

    objects: int
    resident: int
    descriptors: int
    threads: int
    files: tuple[str, ...]
    metrics: int


def held(directory: Path) -> Held:
    """Count what is there now."""
    gc.collect()
    return Held(
        objects=len(gc.get_objects()),
        resident=_resident(),
        descriptors=len(os.listdir("/proc/self/fd")),  # noqa: PTH208 - no path is wanted
        threads=threading.active_count(),
        files=tuple(sorted(path.name for path in directory.iterdir())),
        metrics=(directory / "preflight.prom").stat().st_size,
    )


def _resident() -> int:
    """Give the resident set in bytes."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()
