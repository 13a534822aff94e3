"""Make the outcome of a run that ended before its names were looked at. Asks nothing."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from certbot_dns_preflight.facts.answers import Endpoint
from certbot_dns_preflight.facts.outcome import ChallengeOutcome, Outcome, Vantage, Verdict
from certbot_dns_preflight.facts.survey import Survey

if TYPE_CHECKING:
    from collections.abc import Iterable

    from certbot_dns_preflight.challenge import Challenge
    from certbot_dns_preflight.settings import Settings


def unknown(challenge: Challenge) -> ChallengeOutcome:
    """Return the outcome of a name of which nothing is known."""
    return ChallengeOutcome(Survey(challenge), Verdict.INCONCLUSIVE, ())


def outcome(challenges: Iterable[ChallengeOutcome], settings: Settings) -> Outcome:
    """Return these outcomes as those of a run in which no server was asked."""
    resolvers = tuple(Endpoint(r.address, r.port, r.service) for r in settings.resolver)
    return Outcome(
        started=dt.datetime.now(dt.UTC),
        elapsed=0.0,
        vantage=Vantage(resolvers, families=()),
        challenges=tuple(challenges),
    )
