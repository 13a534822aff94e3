"""Tracks how soon an address answers, and decides how long to wait for it. Pure.

A datagram that seems lost is resent after a time based on the measured round-trip time (in the
spirit of RFC 6298). An address counts as silent after two tries in a row that ran for their full
time without an answer: a slow server is not a dead one, and a question given up early says nothing.
A silent address gets a brief wait, and the full wait every fourth time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from certbot_dns_preflight.resolve.timings import QueryTimings

_FULLY_EVERY = 4
_SILENT_TRIES = 2


@dataclass(slots=True)
class AddressHistory:
    """How one address has answered so far. Times are in seconds."""

    smoothed: float | None = None
    variation: float = 0.0
    backed_off: int = 0
    unanswered: int = 0
    brief: int = 0

    @property
    def is_silent(self) -> bool:
        """Whether it left several full-time tries in a row unanswered."""
        return self.unanswered >= _SILENT_TRIES

    def resend_after(self, timings: QueryTimings) -> float:
        """Return the time after which a datagram seems lost."""
        if self.smoothed is None:
            return timings.first_resend
        after = max(timings.least_resend, self.smoothed + 4 * self.variation)
        return float(after * 2**self.backed_off)

    def patience(self, whole: float, timings: QueryTimings) -> float:
        """Return how long to wait for it now; `whole` is the full time of a try."""
        if not self.is_silent:
            return whole
        self.brief += 1
        if self.brief >= _FULLY_EVERY:
            self.brief = 0
            return whole
        return min(whole, max(timings.brief, 2 * (self.smoothed or 0.0)))

    def answered(self, seconds: float, *, sent: int) -> None:
        """Record an answer this many seconds after the first of `sent` datagrams."""
        self.unanswered = self.brief = 0
        if sent > 1 and self.smoothed is not None:
            # The answer may be to any of them (Karn's algorithm).
            self.backed_off = min(self.backed_off + 1, 3)
            return
        self.backed_off = 0
        if self.smoothed is None:
            self.smoothed, self.variation = seconds, seconds / 2
            return
        self.variation += (abs(self.smoothed - seconds) - self.variation) / 4
        self.smoothed += (seconds - self.smoothed) / 8

    def left_unanswered(self, *, silent: bool, fully: bool) -> None:
        """Record a try without an answer; one that was cut short says nothing."""
        if not silent:
            self.unanswered = 0  # it sent something other than an answer, so it is there
        elif fully:
            self.unanswered += 1
