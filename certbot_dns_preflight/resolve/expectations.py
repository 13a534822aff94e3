"""Collects what must be at the names where the challenges of one run end. Sends no queries.

Several names of an order may have aliases to one target. It must hold all their values side by
side, like those of a domain and its wildcard, so their union is expected. Judges nothing.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import dns.name

    from certbot_dns_preflight.challenge import Challenge


class Expectations:
    """The values expected at each name. One per run; grows as aliases are followed."""

    def __init__(self) -> None:
        """Start before any name has been followed."""
        self._ends: dict[Challenge, dns.name.Name] = {}
        self._at: dict[dns.name.Name, set[Challenge]] = {}
        self._completed: dict[Challenge, Challenge] = {}

    def note(self, challenge: Challenge, end: dns.name.Name | None) -> None:
        """Record the name that must hold a challenge's values; None if unknown."""
        before = self._ends.get(challenge)
        if end == before or not challenge.expected:
            return
        self._completed.clear()
        if before is not None:
            self._at[before].discard(challenge)
            del self._ends[challenge]
        if end is not None:
            self._at.setdefault(end, set()).add(challenge)
            self._ends[challenge] = end

    def of(self, challenge: Challenge) -> Challenge:
        """Return a challenge with all values that must be where it ends, its own first."""
        end = self._ends.get(challenge)
        if end is None or len(self._at[end]) == 1:
            return challenge
        if challenge not in self._completed:
            others = sorted(self._at[end] - {challenge}, key=lambda other: other.owner)
            values = (*challenge.expected, *(value for one in others for value in one.expected))
            self._completed[challenge] = replace(challenge, expected=tuple(dict.fromkeys(values)))
        return self._completed[challenge]
