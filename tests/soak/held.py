"""What a process and a directory of its own hold, so that growth is seen."""

from __future__ import annotations

import gc
import os
import resource
import threading
from dataclasses import dataclass
from pathlib import Path

_PACKAGE = "certbot_dns_preflight"


@dataclass(frozen=True, slots=True)
class Held:
    """What the process and its directory hold between two renewals; `ours`: of our own classes."""

    objects: int
    ours: int
    resident: int
    descriptors: int
    threads: int
    files: tuple[str, ...]
    metrics: int


def held(directory: Path) -> Held:
    """Count what is there now."""
    gc.collect()
    metrics = directory / "preflight.prom"
    return Held(
        objects=len(objects := gc.get_objects()),
        ours=sum(str(type(one).__module__).partition(".")[0] == _PACKAGE for one in objects),
        resident=_resident(),
        descriptors=len(os.listdir("/proc/self/fd")),  # noqa: PTH208 - no path is wanted
        threads=threading.active_count(),
        files=tuple(sorted(path.name for path in directory.iterdir())),
        metrics=metrics.stat().st_size if metrics.exists() else 0,
    )


def _resident() -> int:
    """Give the resident set in bytes."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()
