"""Log the wait without a terminal: one line at its start, then one a minute.

It logs no end: that is the outcome, which certbot gets anyway.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot.display import util as display

from certbot_dns_preflight.facts.survey import Status
from certbot_dns_preflight.report.frame import count
from certbot_dns_preflight.report.words import address_words, listing, plural, seconds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from certbot_dns_preflight.challenge import Challenge
    from certbot_dns_preflight.facts.outcome import Progress
    from certbot_dns_preflight.facts.survey import Survey
    from certbot_dns_preflight.option_values import Recursive

_A_MINUTE = 60.0
_MOST_RESOLVERS = 3


class WaitLog:
    """Called with every `Progress`, it logs a line once a minute."""

    def __init__(
        self,
        challenges: Sequence[Challenge],
        *,
        at_most: float,
        resolvers: Sequence[Recursive] = (),
    ) -> None:
        """Log the first line; `resolvers`, if any, are asked in place of the name servers.

        The first line then also says what is in their caches and has to expire first.
        """
        self._noun = "resolvers" if resolvers else "addresses"
        self._next = _A_MINUTE
        names = ", ".join(challenge.domain for challenge in challenges[:3])
        more = f" and {len(challenges) - 3} more" if len(challenges) > 3 else ""  # noqa: PLR2004 - as above
        display.notify(
            f"dns-preflight: waiting until {_who(resolvers)} {names}{more}, "
            f"{seconds(at_most)} at most"
        )

    def __call__(self, progress: Progress) -> None:
        """Log the progress, once a minute."""
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
            f"{plural(len(waiting), 'record')} to come, {fine} of "
            f"{asked} {self._noun} show it"
            f"{_cached(waiting)}"
        )


def _who(resolvers: Sequence[Recursive]) -> str:
    if not resolvers:
        return "all name servers show"
    words = listing(tuple(map(str, resolvers)), most=_MOST_RESOLVERS)
    return f"{words} {'shows' if len(resolvers) == 1 else 'show'}"


def _cached(waiting: Sequence[Survey]) -> str:
    """Return what is being waited out: an earlier answer in a resolver's cache."""
    kept = [
        (observation.kept_for, address_words(observation.endpoint))
        for survey in waiting
        for observation in survey.observations
        if observation.kept_for and observation.status is not Status.MATCH
    ]
    if not kept:
        return ""
    longest, who = max(kept)
    return f"; {who} keeps an earlier answer for another {seconds(longest)}"
