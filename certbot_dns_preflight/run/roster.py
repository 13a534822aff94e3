"""Keep the challenges of a run: those that are looked at, and the outcomes of the decided ones.

What was learned about a challenge goes when it is decided. Its outcome stays, or, where nobody
wants it in the end, its verdict alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.run import assess

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from certbot_dns_preflight.challenge import Challenge
    from certbot_dns_preflight.facts.outcome import ChallengeOutcome, Verdict
    from certbot_dns_preflight.facts.survey import Survey
    from certbot_dns_preflight.run.challenge_run import ChallengeRun
    from certbot_dns_preflight.run.decided_names import DecidedNames


class Roster:
    """The challenges of one run.

    `verdicts` are those of outcomes that are not kept. `names`, if set, frees the run's caches of
    what only decided challenges needed.
    """

    def __init__(
        self,
        challenges: Sequence[Challenge],
        begin: Callable[[Challenge], ChallengeRun],
        *,
        keep: bool,
    ) -> None:
        """Start with no challenge begun."""
        self.challenges = challenges
        self.verdicts: set[Verdict] = set()
        self.names: DecidedNames | None = None
        self._begin = begin
        self._keep = keep
        self._running: dict[Challenge, ChallengeRun] = {}
        self._decided: dict[Challenge, ChallengeOutcome] = {}

    @property
    def running(self) -> tuple[ChallengeRun, ...]:
        """The challenges that have begun and are not decided."""
        return tuple(self._running.values())

    def begin(self, challenge: Challenge) -> ChallengeRun:
        """Begin to look at a challenge: its clock starts now."""
        run = self._running[challenge] = self._begin(challenge)
        return run

    async def decide(self, run: ChallengeRun) -> ChallengeOutcome:
        """Judge a challenge for good, and let go of what led to the outcome."""
        outcome = run.decide()
        await run.close()
        self._running.pop(run.challenge, None)
        if self._keep:
            self._decided[run.challenge] = outcome
        else:
            self.verdicts.add(outcome.verdict)
        if self.names is not None:
            self.names.note(run.challenge, self._running.values())
        return outcome

    async def close(self) -> None:
        """Cancel the queries that run alongside the rounds of challenges that are not decided."""
        for run in self._running.values():
            await run.close()

    @property
    def surveys(self) -> tuple[Survey, ...]:
        """What each challenge shows by now; cheap, as any news asks for all of them."""
        return tuple(map(self._as_shown, self.challenges))

    def _as_shown(self, challenge: Challenge) -> Survey:
        if challenge in self._decided:
            return self._decided[challenge].survey
        if challenge in self._running:
            return self._running[challenge].as_shown()
        return assess.unseen(challenge)

    @property
    def outcomes(self) -> tuple[ChallengeOutcome, ...]:
        """The outcomes kept, in the order given."""
        return tuple(self._decided[one] for one in self.challenges if one in self._decided)
