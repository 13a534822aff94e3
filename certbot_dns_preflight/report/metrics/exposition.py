"""Prometheus's text format, written and read back. Knows no metric of ours by name.

Decides how families and label values become text, and what of an older text can be kept. Everything
goes through prometheus-client, which is an optional dependency and imported only here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from certbot_dns_preflight.errors import PreflightError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from prometheus_client.core import Metric

EXTRA = "metrics"

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
    known = {(family.name, frozenset(family.labels)): family for family in families}
    found: Series = {}
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        for name, labels, value in _samples(line):
            family = known.get((name, frozenset(labels)))
            if family is not None and math.isfinite(value):
                found[family, tuple(labels[label] for label in family.labels)] = value
    return found


def _samples(line: str) -> Iterator[tuple[str, dict[str, str], float]]:
    from prometheus_client.parser import (  # noqa: PLC0415 - optional
        text_string_to_metric_families,
    )

    try:
        for family in text_string_to_metric_families(line + "\n"):
            for sample in family.samples:
                yield sample.name, sample.labels, float(sample.value)
    except Exception:  # noqa: BLE001 - the parser raises whatever its string handling raises
        return


class _Collector:
    """What prometheus-client asks for the metrics."""

    def __init__(self, families: Sequence[Family], series: Mapping[Key, float]) -> None:
        self._families = families
        self._series = series

    def collect(self) -> Iterator[Metric]:
        from prometheus_client.core import GaugeMetricFamily  # noqa: PLC0415 - optional

        for family in self._families:
            values = sorted((key[1], v) for key, v in self._series.items() if key[0] == family)
            if not values:
                continue
            metric = GaugeMetricFamily(family.name, family.help, labels=family.labels)
            for labels, value in values:
                metric.add_metric(labels, value)
            yield metric
