"""The look before a record is made: what would stop the CA whatever the record says.

Decides which findings waiting cannot mend. Asks nothing about the challenge's name, so that no
negative answer for it gets into anybody's cache.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from certbot_dns_preflight import diagnosis, means, verdict
from certbot_dns_preflight.findings import Severity
from certbot_dns_preflight.outcome import ChallengeOutcome, Outcome
from certbot_dns_preflight.surroundings import Surroundings
from certbot_dns_preflight.survey import OutOfTime, Survey

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from certbot_dns_preflight.caa import Applicant
    from certbot_dns_preflight.delegation import Knowledge
    from certbot_dns_preflight.records import Challenge
    from certbot_dns_preflight.settings import Settings

PATIENCE = 20.0  # seconds; what is not known by then is left to the wait
# A server that is down may come back while the record is waited for; these stay as they are.
_BEYOND_WAITING = frozenset(
    {"caa-forbids", "dnssec-bogus", "no-such-domain", "nameserver-without-address"}
)


@dataclass(frozen=True, slots=True)
class Beforehand:
    """What a look beforehand found: its outcome, and the facts, by domain, for the wait to keep."""

    outcome: Outcome
    surroundings: Mapping[str, Surroundings]

    def hopeless(self, skip: frozenset[str] = frozenset()) -> tuple[ChallengeOutcome, ...]:
        """Give the challenges with an error that waiting cannot mend."""
        return tuple(
            judged
            for judged in self.outcome.challenges
            if any(
                finding.severity is Severity.ERROR and finding.code in _BEYOND_WAITING - skip
                for finding in judged.findings
            )
        )


async def look(
    challenges: Sequence[Challenge],
    settings: Settings,
    *,
    applicant: Applicant,
    knowledge: Knowledge | None = None,
) -> Beforehand:
    """Look at what a CA meets besides the record, for all names at once.

    Takes `PATIENCE` or `settings.timeout` seconds at most, whichever is less. `knowledge` grows by
    what the walks learn.
    """
    loop = asyncio.get_running_loop()
    started, begun = dt.datetime.now(dt.UTC), loop.time()
    asking = means.of_settings(settings, knowledge=knowledge)
    surveys: dict[Challenge, Survey] = {}
    around: dict[str, Surroundings] = {}

    async def one(challenge: Challenge) -> None:
        async def zone() -> None:
            surveys[challenge] = await asking.scout.survey_zone(challenge)

        async def besides() -> None:
            around[challenge.domain] = await asking.scout.look_around(challenge)

        await asyncio.gather(zone(), besides())

    try:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(min(PATIENCE, settings.timeout)):
                await asyncio.gather(*(one(challenge) for challenge in challenges))
    finally:
        await asking.scout.close()
    outcome = Outcome(
        started=started,
        elapsed=loop.time() - begun,
        vantage=asking.vantage,
        challenges=tuple(
            _judge(
                surveys.get(challenge, Survey(challenge, obstacle=OutOfTime(challenge.owner))),
                around.get(challenge.domain, Surroundings()),
                settings,
                applicant,
            )
            for challenge in challenges
        ),
    )
    return Beforehand(outcome, around)


def _judge(
    survey: Survey, around: Surroundings, settings: Settings, applicant: Applicant
) -> ChallengeOutcome:
    found = diagnosis.diagnose(survey, unreachable=settings.unreachable)
    every = diagnosis.with_surroundings(found, survey, around, applicant=applicant)
    judged = verdict.judge(
        survey, every, skip=frozenset(settings.skip), unreachable=settings.unreachable
    )
    return ChallengeOutcome(survey, judged, every)
