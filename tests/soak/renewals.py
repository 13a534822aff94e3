"""Many renewals in one process: nothing may grow with their number."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from certbot_dns_preflight import Verdict, preflight_sync
from certbot_dns_preflight.report import atomic_file, json_report
from certbot_dns_preflight.report.metrics import record
from tests.soak.held import Held, held

if TYPE_CHECKING:
    from pathlib import Path

    from tests.lab import Lab

ZONE = "example.test."
NAMES = 4
"""Names that take turns: metrics remember each."""


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
