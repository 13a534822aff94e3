"""Many renewals in one process: nothing may grow with their number."""

from __future__ import annotations

import gc
import json
import os
import resource
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from certbot_dns_preflight import Verdict, preflight_sync
from certbot_dns_preflight.report import atomic_file, json_report
from certbot_dns_preflight.report.metrics import record

if TYPE_CHECKING:
    from tests.lab import Lab

ZONE = "example.test."
NAMES = 4
"""Names that take turns: metrics remember each."""


@dataclass(frozen=True, slots=True)
class Held:
    """What the process and its directory hold between two renewals."""

    objects: int
    resident: int
    descriptors: int
    threads: int
    files: tuple[str, ...]
    metrics: int


def renew(lab: Lab, directory: Path, number: int) -> Held:
    """Make a record, wait for it, write report and metrics, and take the record away."""
    domain = f"renewed{number % NAMES}.{ZONE}".rstrip(".")
    owner, value = f"_acme-challenge.{domain}.", f"value-of-renewal-{number:06}"
    lab.update(lab.primary, ZONE, add=[f'{owner} TXT "{value}"'])
    try:
        outcome = preflight_sync(
            {domain: value},
            wait=True,
            timeout=120,
            interval=0.1,
            query_timeout=5,
            confirmations=1,
            root_hints=lab.root_hints,
        )
    finally:
        lab.update(lab.primary, ZONE, delete=[owner])
    assert outcome.verdict is Verdict.READY, json_report.render(outcome)
    atomic_file.write_atomically(directory / "report.json", json_report.render(outcome))
    record.record(directory / "preflight.prom", outcome)
    assert json.loads((directory / "report.json").read_text())["outcome"] == "ready"
    del outcome
    return held(directory)


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
