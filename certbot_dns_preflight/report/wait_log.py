"""Tell of a wait without a terminal: a line at its start, one a minute, and one at its end. Pure.

Its caller decides where the lines go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from certbot_dns_preflight.checks import phrases
from certbot_dns_preflight.facts.outcome import Verdict
from certbot_dns_preflight.facts.survey import Status
from certbot_dns_preflight.report.frame import count
from certbot_dns_preflight.report.words import address_words, listing, seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

    from certbot_dns_preflight.challenge import Challenge
    from certbot_dns_preflight.facts.outcome import Outcome, Progress
    from certbot_dns_preflight.facts.survey import Survey
    from certbot_dns_preflight.option_values import Recursive

_A_MINUTE = 60.0
_MOST_RESOLVERS = 3
_MOST_NAMES = 3
_WORDS = {
    Verdict.READY: "ready",
    Verdict.NOT_READY: "not ready",
    Verdict.INCONCLUSIVE: "nothing could be seen",
}


class WaitLog:
    """Called with every `Progress`, it says a line once a minute.

    `resolvers`, if any, are asked in place of the name servers; the lines then also say what is in
    their caches and has to expire first.
    """

    def __init__(
        self,
        say: Callable[[str], object],
        challenges: Sequence[Challenge],
        *,
        at_most: float,
        resolvers: Sequence[Recursive] = (),
    ) -> None:
        """Say nothing before the context begins; `at_most` is in seconds."""
        self._say = say
        self._names = listing(tuple(c.domain for c in challenges), most=_MOST_NAMES)
        self._valued = any(challenge.expected for challenge in challenges)
        self._at_most = at_most
        self._resolvers = resolvers
        self._next = _A_MINUTE

    def __enter__(self) -> Self:
        """Say that the wait begins."""
        what = f"{_who(self._resolvers)} {self._names}" if self._valued else self._names
        what += "" if self._valued else " can be validated"
        self._say(f"dns-preflight: waiting until {what}, {seconds(self._at_most)} at most")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Write nothing: `end` writes how the wait ended."""

    def end(self, outcome: Outcome) -> None:
        """Say how the wait ended."""
        words = _WORDS[outcome.verdict]
        self._say(f"dns-preflight: {words} after {seconds(outcome.elapsed)}")

    def __call__(self, progress: Progress) -> None:
        """Say how far it is, once a minute."""
        if not self._next <= progress.elapsed < self._at_most:
            return
        while self._next <= progress.elapsed:
            self._next += _A_MINUTE
        waiting = [survey for survey in progress.surveys if survey.ready_after is None]
        times = f"{seconds(progress.elapsed)} of {seconds(progress.timeout)}"
        if not waiting:
            self._say(f"dns-preflight: {times}: all records seen, looking once more")
            return
        noun = "resolvers" if self._resolvers else "addresses"
        counts = [count(survey) for survey in waiting]
        fine, asked = sum(c.fine for c in counts), sum(c.asked for c in counts)
        self._say(
            f"dns-preflight: {times}: "
            f"{phrases.count(len(waiting), 'record')} to come, {fine} of "
            f"{asked} {noun} show it"
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
