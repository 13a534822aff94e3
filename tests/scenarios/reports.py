"""The reports of the scenarios as files, to see whether a change of the code changed any of them.

With DNS_PREFLIGHT_REPORTS=DIRECTORY, every look writes its JSON and its text there, with times,
addresses and serials replaced by what does not change from run to run:

    DNS_PREFLIGHT_REPORTS=/tmp/before python -m pytest tests/scenarios
    DNS_PREFLIGHT_REPORTS=/tmp/after python -m pytest tests/scenarios
    diff -r /tmp/before /tmp/after
"""

from __future__ import annotations

import itertools
import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from certbot_dns_preflight.report import text
from certbot_dns_preflight.report.json_report import render

if TYPE_CHECKING:
    from certbot_dns_preflight.facts.outcome import Outcome

_VARIABLE = "DNS_PREFLIGHT_REPORTS"
_OF_THE_MOMENT = frozenset(
    {"started", "elapsed_seconds", "rtt_seconds", "first_match_seconds", "ready_after_seconds"}
)


def record(outcome: Outcome) -> None:
    """Write the JSON and the text of a look, steady from run to run, if reports are wanted."""
    wanted = os.environ.get(_VARIABLE)
    if not wanted:
        return
    test = os.environ.get("PYTEST_CURRENT_TEST", "").removesuffix(" (call)")
    name = re.sub(r"[^A-Za-z0-9]+", "-", test.rpartition("/")[2]).strip("-")
    directory = Path(wanted)
    directory.mkdir(parents=True, exist_ok=True)
    number = next(i for i in itertools.count(1) if not (directory / f"{name}-{i}.json").exists())
    report = _steady(json.loads(render(outcome)))
    steady = _Steadied()
    written = steady(json.dumps(report, indent=1, sort_keys=True))
    (directory / f"{name}-{number}.json").write_text(written + "\n")
    (directory / f"{name}-{number}.txt").write_text(steady(text.render(outcome, width=80)))


def _steady(value: object) -> object:
    """Leave out what two runs of the same code differ in: times, and how often was looked."""
    if isinstance(value, dict):
        if isinstance(value.get("found"), list):
            value = {**value, "found": sorted(value["found"])}  # servers shuffle an RRset
        return {
            key: None if key in _OF_THE_MOMENT or key == "rounds" else _steady(item)
            for key, item in value.items()
        }
    return [_steady(item) for item in value] if isinstance(value, list) else value


class _Steadied:
    """Replaces addresses in the order in which they come, serials, times, and white space."""

    def __init__(self) -> None:
        self._addresses: dict[str, str] = {}

    def __call__(self, written: str) -> str:
        for pattern in (r"\b127\.\d+\.\d+\.\d+\b", r"\bfd[0-9a-f]{2}:[0-9a-f:]+"):
            written = re.sub(pattern, self._address, written)
        written = re.sub(r"\bodd(\d+)-\d+", r"odd\1", written)
        written = re.sub(r"\b\d+(\.\d+)? s\b", "N s", written).replace("at once", "after N s")
        written = re.sub(r"\b20\d{8}\b", "SERIAL", written)
        return re.sub(r"[ \t]+", " ", written)

    def _address(self, found: re.Match[str]) -> str:
        return self._addresses.setdefault(found[0], f"address-{len(self._addresses) + 1}")
