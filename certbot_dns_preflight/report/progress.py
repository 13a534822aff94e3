"""How far a long list is, on a terminal: one line of standard error, redrawn and then taken back.

Decides when somebody watches. It says nothing into a pipe or a log.
"""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, Self

from certbot_dns_preflight.checks import phrases
from certbot_dns_preflight.facts.outcome import Verdict

if TYPE_CHECKING:
    from types import TracebackType

    from certbot_dns_preflight.facts.outcome import ChallengeOutcome

LONG_LIST = 5
_REDRAWN_AFTER = 0.1
_TAKE_BACK = "\r\x1b[K"


class Tally:
    """Counts what is decided, for `total` names; `wanted` False keeps it silent."""

    def __init__(self, total: int, *, wanted: bool) -> None:
        """Draw nothing yet."""
        self._total = total
        self._done = self._failed = 0
        self._drawn_at = 0.0
        self._watched = (
            wanted
            and total >= LONG_LIST
            and sys.stderr is not None
            and sys.stderr.isatty()
            and os.environ.get("TERM", "dumb") not in ("", "dumb")
        )

    def __enter__(self) -> Self:
        """Show that it has begun."""
        self._draw()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take the line back."""
        self._write(_TAKE_BACK)

    def __call__(self, judged: ChallengeOutcome) -> None:
        """Count one."""
        self._done += 1
        self._failed += judged.verdict is not Verdict.READY
        if time.monotonic() - self._drawn_at > _REDRAWN_AFTER:
            self._draw()

    def _draw(self) -> None:
        self._drawn_at = time.monotonic()
        failed = f", {self._failed} not ready" if self._failed else ""
        self._write(f"{_TAKE_BACK}{self._done} of {phrases.count(self._total, 'name')}{failed}")

    def _write(self, text: str) -> None:
        if self._watched:
            try:
                sys.stderr.write(text)
                sys.stderr.flush()
            except OSError:  # the terminal is gone; the work goes on
                self._watched = False
