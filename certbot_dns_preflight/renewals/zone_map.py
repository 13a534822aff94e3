"""Which authenticator creates the records of which zone: ``[ZONE=]NAME``, longest suffix wins.

Pure, and loads fast: certbot reads this on every start.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_ZONE = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*")
_TAKES = "it takes NAME, or ZONE=NAME such as corp.example=dns-rfc2136, separated by commas"


@dataclass(frozen=True, slots=True)
class Entry:
    """An authenticator and its zone; without a zone, all names that no other entry covers."""

    zone: str | None
    name: str

    def __str__(self) -> str:
        """Return it as the option spells it."""
        return self.name if self.zone is None else f"{self.zone}={self.name}"


def parse(text: str) -> tuple[Entry, ...]:
    """Parse the option; raises `ValueError` with what is accepted."""
    entries = [_entry(item.strip()) for item in text.split(",")]
    by_zone: dict[str | None, str] = {}
    for entry in entries:
        other = by_zone.setdefault(entry.zone, entry.name)
        if other != entry.name:
            whose = "all other zones" if entry.zone is None else entry.zone
            message = f"it names two authenticators for {whose}: {other} and {entry.name}"
            raise ValueError(message)
    return tuple(dict.fromkeys(entries))


def names(entries: Iterable[Entry]) -> tuple[str, ...]:
    """Return the authenticators, without duplicates, in the order given."""
    return tuple(dict.fromkeys(entry.name for entry in entries))


def choose(entries: Sequence[Entry], record: str) -> str | None:
    """Return the authenticator for a record's name; None if no entry covers it."""
    name = record.lower().removesuffix(".")
    fitting = [
        entry
        for entry in entries
        if entry.zone is None or name == entry.zone or name.endswith(f".{entry.zone}")
    ]
    best = max(fitting, key=lambda entry: len(entry.zone or ""), default=None)
    return None if best is None else best.name


def _entry(text: str) -> Entry:
    zone, mark, name = text.rpartition("=")
    name = name.strip()
    if not name:
        raise ValueError(_TAKES)
    if not mark:
        return Entry(None, name)
    suffix = zone.strip().lower().removeprefix("*.").removesuffix(".")
    if not _ZONE.fullmatch(suffix):
        hint = "" if suffix.isascii() else " (international names as xn--…)"
        message = f"{zone.strip()!r} is no zone's name{hint}; {_TAKES}"
        raise ValueError(message)
    return Entry(suffix, name)
