"""Make the outcome of names whose records were not looked at, as they were not made.

So that the report, the metrics and the failure hook tell the same of every run. Asks nothing.
Importing this loads dnspython.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from certbot_dns_preflight.checks.rules import record_not_published
from certbot_dns_preflight.facts.outcome import ChallengeOutcome, Outcome, Verdict
from certbot_dns_preflight.facts.survey import Survey
from certbot_dns_preflight.run import assess, unlooked

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from certbot_dns_preflight.challenge import Challenge
    from certbot_dns_preflight.settings import Settings


def by_hooks(asked: Sequence[Challenge], failed: Mapping[str, str], settings: Settings) -> Outcome:
    """Return the outcome if the hooks of some names `failed`: domains, and what the hooks said.

    Of the other names nothing is known.
    """
    return unlooked.outcome(
        (
            _not_made(one, f"{one.domain}: {failed[one.domain]}")
            if one.domain in failed
            else unlooked.unknown(one)
            for one in asked
        ),
        settings,
    )


def by_authenticator(asked: Iterable[Challenge], words: str, settings: Settings) -> Outcome:
    """Return the outcome if an authenticator raised: which records it made is unknown."""
    said = f"the authenticator could not create the records of this order: {words}"
    every = (replace(_not_made(one, said), verdict=Verdict.INCONCLUSIVE) for one in asked)
    return unlooked.outcome(every, settings)


def by_fault(asked: Iterable[Challenge], error: Exception, settings: Settings) -> Outcome:
    """Return the outcome if a fault of ours kept the names from being judged."""
    return unlooked.outcome((assess.failed(Survey(one), error) for one in asked), settings)


def by_signal(asked: Iterable[Challenge], settings: Settings) -> Outcome:
    """Return the outcome if a signal ended the run."""
    return unlooked.outcome(map(unlooked.unknown, asked), settings)


def joined(seen: Outcome | None, unseen: Outcome, failed: Collection[str]) -> Outcome:
    """Return one outcome of the names that were looked at, and of those whose hooks `failed`."""
    if seen is None:
        return unseen
    looked_at = iter(seen.challenges)
    challenges = (
        one if one.survey.challenge.domain in failed else next(looked_at)
        for one in unseen.challenges
    )
    return replace(seen, challenges=tuple(challenges))


def _not_made(challenge: Challenge, words: str) -> ChallengeOutcome:
    finding = record_not_published.not_made(words)
    return ChallengeOutcome(Survey(challenge), Verdict.NOT_READY, (finding,))
