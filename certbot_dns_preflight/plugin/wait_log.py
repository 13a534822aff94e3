"""The wait without a terminal: one line at its start, one a minute, so that a log shows it.

Its end is the outcome, which certbot is told anyway.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot.display import util as display

from certbot_dns_preflight.report.frame import count
from certbot_dns_preflight.report.words import plural, seconds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from certbot_dns_preflight.challenge import Challenge
    from certbot_dns_preflight.facts.outcome import Progress

_A_MINUTE = 60.0


class WaitLog:
    """Told of every `Progress`, it says a line when a minute is over."""

    def __init__(self, challenges: Sequence[Challenge], *, at_most: float) -> None:
        """Say the first line."""
        self._next = _A_MINUTE
        names = ", ".join(challenge.domain for challenge in challenges[:3])
        more = f" and {len(challenges) - 3} more" if len(challenges) > 3 else ""  # noqa: PLR2004 - as above
        display.notify(
            f"dns-preflight: waiting until all name servers show {names}{more}, "
            f"{seconds(at_most)} at most"
        )

    def __call__(self, progress: Progress) -> None:
        """Say how far it is, once a minute."""
        if progress.elapsed < self._next:
            return
        while self._next <= progress.elapsed:
            self._next += _A_MINUTE
        waiting = [survey for survey in progress.surveys if survey.ready_after is None]
        times = f"{seconds(progress.elapsed)} of {seconds(progress.timeout)}"
        if not waiting:
            display.notify(f"dns-preflight: {times}: all records seen, looking once more")
            return
        counts = [count(survey) for survey in waiting]
        fine, asked = sum(c.fine for c in counts), sum(c.asked for c in counts)
        display.notify(
            f"dns-preflight: {times}: "
            f"{plural(len(waiting), 'record')} to come, {fine} of {asked} addresses show it"
        )
