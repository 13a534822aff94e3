"""The metrics file, which lasts from run to run: what of it stays, and how much there may be.

Decides nothing about what a run says. Replacing is atomic, and two runs that end together lose
nothing of each other.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from importlib import metadata
from typing import TYPE_CHECKING

from certbot_dns_preflight.report import atomic_file
from certbot_dns_preflight.report.metrics import exposition
from certbot_dns_preflight.report.metrics.families import BUILD, DATED, FAMILIES, WORDS

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from pathlib import Path

    from certbot_dns_preflight.report.metrics.exposition import Family, Series

MOST_SUBJECTS = 1000  # domains, and lineages, in one file: those looked at last
_KEPT_SECONDS = 200 * 86400.0  # as long as any public certificate lasts
_LONGEST_LABEL = 1024
MOST_BYTES = 4 * 2**20  # of an earlier file that are read
_PATIENCE = 5.0  # seconds for another writer of the same file
_MODE = 0o644


def update(
    path: Path,
    new: Series,
    now: float,
    *,
    replaced: Callable[[Family, tuple[str, ...]], bool],
) -> None:
    """Put `new` in place of what is `replaced`; dates of success stay until there is a later one.

    `now` is seconds since the epoch. Raises `atomic_file.ReportFileError`.
    """
    with atomic_file.place(path) as there, _alone(there):
        old = exposition.read(_earlier(there), FAMILIES)
        outlasting = {success for _, success in DATED.values()}
        told = {labels[0] for _, labels in new if labels}
        kept = {
            (family, labels): value
            for (family, labels), value in old.items()
            if family != BUILD
            and _well_formed(family, labels)
            and (not replaced(family, labels) or (family in outlasting and labels[0] in told))
        }
        series = _bounded(kept | new, now)
        series[BUILD, (metadata.version("certbot-dns-preflight"),)] = 1.0
        there.write(exposition.write(FAMILIES, series), mode=_MODE)


def subjects(path: Path, kind: str) -> list[str]:
    """List the domains, or the lineages, in the file."""
    with atomic_file.place(path) as there:
        old = exposition.read(_earlier(there), FAMILIES)
    return sorted(
        labels[0]
        for family, labels in old
        if family == DATED[kind][0] and _well_formed(family, labels)
    )


def _well_formed(family: Family, labels: tuple[str, ...]) -> bool:
    """Whether an earlier file's series is one that we would write."""
    return all(
        value in WORDS[label] if label in WORDS else 0 < len(value) <= _LONGEST_LABEL
        for label, value in zip(family.labels, labels, strict=True)
    )


def _bounded(series: Series, now: float) -> Series:
    """Leave out subjects not looked at for long, and the oldest of too many."""
    kept: dict[str, Collection[str]] = {}
    for kind, (run, _) in DATED.items():
        dated = sorted(
            (-value, labels[0])
            for (family, labels), value in series.items()
            if family == run and now - value < _KEPT_SECONDS
        )
        kept[kind] = {subject for _, subject in dated[:MOST_SUBJECTS]}
    return {
        (family, labels): value
        for (family, labels), value in series.items()
        if not family.labels or labels[0] in kept.get(family.labels[0], ())
    }


def _earlier(there: atomic_file.Place) -> str:
    """Read the file that is there, if it is one that can be read."""
    return there.read(MOST_BYTES).decode("utf-8", "replace")


@contextlib.contextmanager
def _alone(there: atomic_file.Place) -> Iterator[None]:
    """Keep other writers out while the file is read and replaced, for a while at most.

    The directory itself is what is locked, so nothing is left beside the metrics. Whoever may read
    it could hold that lock, hence the patience: metrics are no reason to keep a renewal waiting.
    """
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):
            flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
            descriptor = os.open(".", flags, dir_fd=there.directory)
            stack.callback(os.close, descriptor)
            until = time.monotonic() + _PATIENCE
            while time.monotonic() < until:
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    time.sleep(0.05)
        yield
