"""Prometheus's text format, written and read back. Knows no metric of ours by name.

Decides how families and label values become text, and what of an older text can be kept. It is
written by prometheus-client, which is an optional dependency and imported only here. Reading is a
pattern for the lines that are written here: that client's parser takes seconds for a large file.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from certbot_dns_preflight.errors import PreflightError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from prometheus_client.core import Metric

EXTRA = "metrics"
# No repetition is nested in another that could take the same characters: linear time.
_VALUE = r'"([^"\\\n]*(?:\\[\\"n][^"\\\n]*)*)"'
_LABELS = re.compile(rf"([a-z_]+)={_VALUE}")
_LINE = re.compile(rf"([a-z_]+)(?:\{{((?:[a-z_]+={_VALUE},?)*)\}})? ([-+.0-9e]+)")
_LONGEST_LINE = 16384
_ESCAPE = re.compile(r"\\(.)")

Key: TypeAlias = "tuple[Family, tuple[str, ...]]"
Series: TypeAlias = "dict[Key, float]"


class MissingClientError(PreflightError):
    """prometheus-client is not installed; the message is one line that says how to get it."""


@dataclass(frozen=True, slots=True)
class Family:
    """One metric, a gauge: its full name, what it says, and its labels in order."""

    name: str
    help: str
    labels: tuple[str, ...] = ()


def require_client() -> None:
    """Raise `MissingClientError` if nothing can be written here."""
    try:
        import prometheus_client  # noqa: F401, PLC0415 - optional
    except ImportError as error:
        raise MissingClientError(
            "prometheus-client is not installed; get it with "
            f"pip install 'certbot-dns-preflight[{EXTRA}]'"
        ) from error


def write(families: Sequence[Family], series: Mapping[Key, float]) -> str:
    """Write families in their order, each with its series sorted; empty ones are left out."""
    from prometheus_client import CollectorRegistry, generate_latest  # noqa: PLC0415 - optional

    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(families, series))
    return generate_latest(registry).decode("utf-8")


def read(text: str, families: Sequence[Family]) -> Series:
    """Read what can be read of an older text: known families with their own labels, finite values.

    Lines are read one by one, so that a damaged one loses itself alone.
    """
    known = {family.name: (family, set(family.labels)) for family in families}
    found: Series = {}
    for line in text.split("\n"):
        match = _LINE.fullmatch(line) if len(line) <= _LONGEST_LINE else None
        if match is None or match[1] not in known:
            continue
        family, expected = known[match[1]]
        labels = dict(_LABELS.findall(match[2] or ""))
        value = _number(match[4])
        if value is not None and labels.keys() == expected:
            found[family, tuple(_unescaped(labels[label]) for label in family.labels)] = value
    return found


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _unescaped(text: str) -> str:
    if "\\" not in text:
        return text
    return _ESCAPE.sub(lambda match: "\n" if match[1] == "n" else match[1], text)


class _Collector:
    """What prometheus-client asks for the metrics."""

    def __init__(self, families: Sequence[Family], series: Mapping[Key, float]) -> None:
        self._families = families
        self._series = series

    def collect(self) -> Iterator[Metric]:
        from prometheus_client.core import GaugeMetricFamily  # noqa: PLC0415 - optional

        series: dict[str, list[tuple[tuple[str, ...], float]]] = {}
        for (family, labels), value in self._series.items():
            series.setdefault(family.name, []).append((labels, value))
        for family in self._families:
            if family.name not in series:
                continue
            metric = GaugeMetricFamily(family.name, family.help, labels=family.labels)
            for labels, value in sorted(series[family.name]):
                metric.add_metric(labels, value)
            yield metric
