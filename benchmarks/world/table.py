"""The table of the benchmark: its rows, ratios to the baseline, and whether a goal is met.

Pure: it is told what was measured.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from benchmarks.world.shape import REGISTRY, RESOLVER, ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

CLIENTS = ("without a value", "with its value", "plain dnspython")
BASELINE = CLIENTS[-1]


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that was measured, by client.

    `goal` is the most that is accepted, `times` the most as a multiple of the baseline.
    """

    key: str
    what: str
    values: Mapping[str, float | None]
    unit: str = ""
    digits: int = 1
    goal: float | None = None
    times: float | None = None

    def ratio(self, client: str) -> float | None:
        """Divide what a client needs by what the baseline needs."""
        mine, theirs = self.values.get(client), self.values.get(BASELINE)
        if mine is None or not theirs:
            return None
        return mine / theirs

    def without_goal(self) -> Row:
        """Leave the goal out, which holds for other numbers of names."""
        return replace(self, goal=None, times=None)

    @property
    def met(self) -> bool | None:
        """Whether every client of ours keeps to the goal; None where there is none."""
        held = []
        for client in CLIENTS[:-1]:
            value, ratio = self.values.get(client), self.ratio(client)
            if self.goal is not None and value is not None:
                held.append(round(value, self.digits) <= self.goal)
            if self.times is not None and ratio is not None:
                held.append(round(ratio, 1) <= self.times)
        return all(held) if held else None


@dataclass(slots=True)
class Table:
    """Rows in the order of their making."""

    rows: list[Row] = field(default_factory=list)

    def as_text(self) -> str:
        """Write it as Markdown, in columns that line up."""
        lines = [["", *CLIENTS, "ratio", "goal", ""]]
        lines += [_cells(row) for row in self.rows]
        widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
        written = [
            "| " + " | ".join(_aligned(line, widths)) + " |"
            for line in (lines[0], ["-" * width for width in widths], *lines[1:])
        ]
        return "\n".join(written)

    def as_json(self) -> list[dict[str, object]]:
        """Give plain values."""
        return [
            {
                "key": row.key,
                "what": row.what,
                "unit": row.unit,
                "values": dict(row.values),
                "ratios": {client: row.ratio(client) for client in CLIENTS[:-1]},
                "goal": row.goal,
                "goal_ratio": row.times,
                "met": row.met,
            }
            for row in self.rows
        ]


def asked(counts: Mapping[str, Any]) -> int:
    """Count the questions to authoritative servers in what the network counted."""
    everywhere = sum(sum(kinds.values()) for kinds in counts["asked"].values())
    return everywhere - asked_resolver(counts)


def asked_resolver(counts: Mapping[str, Any]) -> int:
    """Count the questions to this host's resolver."""
    return sum(counts["asked"].get(RESOLVER, {}).values())


def asked_registries(counts: Mapping[str, Any]) -> int:
    """Count the questions to servers of the root and of the registry."""
    return sum(sum(counts["asked"].get(group, {}).values()) for group in (ROOT, REGISTRY))


def delays(shown: Mapping[str, float], told: Mapping[str, float]) -> list[float]:
    """Say how long after the last server had a name's record the name was told, in seconds."""
    return sorted(told[name] - shown[name] for name in told.keys() & shown.keys())


def middle(values: Sequence[float]) -> float | None:
    """Give the median, None of nothing."""
    return statistics.median(values) if values else None


def highest(values: Sequence[float]) -> float | None:
    """Give the greatest, None of nothing."""
    return max(values, default=None)


def _cells(row: Row) -> list[str]:
    what = f"{row.what}, {row.unit}" if row.unit else row.what
    values = [_number(row.values.get(client), row.digits) for client in CLIENTS]
    ratios = {_number(row.ratio(client), 1) for client in CLIENTS[:-1]} - {"-"}
    ratio = " to ".join(sorted(ratios, key=lambda text: float(text.replace(",", "")))) or "-"
    goals = [] if row.goal is None else [f"≤ {_number(row.goal, row.digits)}"]
    goals += [] if row.times is None else [f"≤ {row.times:g} x baseline"]
    verdict = {None: "", True: "met", False: "not met"}[row.met]
    return [what, *values, ratio, ", ".join(goals), verdict]


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:,.{digits}f}"


def _aligned(cells: Sequence[str], widths: Sequence[int]) -> list[str]:
    first, *rest = zip(cells, widths, strict=True)
    return [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in rest)]
