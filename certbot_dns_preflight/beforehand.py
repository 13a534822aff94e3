"""The look before a record is made: what would stop the CA whatever the record says.

Decides which findings waiting cannot mend. Asks nothing about the challenge's name, so that no
negative answer for it gets into anybody's cache.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from certbot_dns_preflight import diagnosis, means, trust, verdict
from certbot_dns_preflight.caasets import Properties
from certbot_dns_preflight.findings import Severity
from certbot_dns_preflight.outcome import ChallengeOutcome, Outcome, Vantage
from certbot_dns_preflight.surroundings import Surroundings
from certbot_dns_preflight.survey import OutOfTime, Survey

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from certbot_dns_preflight.caa import Applicant
    from certbot_dns_preflight.dnssec.facts import Assessment
    from certbot_dns_preflight.knowledge import Knowledge
    from certbot_dns_preflight.records import Challenge
    from certbot_dns_preflight.settings import Settings

_PATIENCE = 20.0  # seconds; what is not known by then is left to the wait
# A server that is down may come back while the record is waited for; these stay as they are.
_BEYOND_WAITING = frozenset(
    {"caa-forbids", "dnssec-bogus", "no-such-domain", "nameserver-without-address"}
)


@dataclass(frozen=True, slots=True)
class Beforehand:
    """The facts about all names of an order, before anything is made. Times in seconds."""

    started: dt.datetime
    elapsed: float
    vantage: Vantage
    surveys: tuple[Survey, ...]
    surroundings: Mapping[str, Surroundings]

    @property
    def has_caa(self) -> bool:
        """Whether there are CAA records, so that it matters who asks and of which CA."""
        return any(
            isinstance(answer.content, Properties)
            for around in self.surroundings.values()
            if around.climb is not None
            for look in around.climb.looks
            for answer in look.answers
        )

    def judged(self, settings: Settings, applicant: Applicant) -> Outcome:
        """Judge the facts."""
        return Outcome(
            started=self.started,
            elapsed=self.elapsed,
            vantage=self.vantage,
            challenges=tuple(self._judge(survey, settings, applicant) for survey in self.surveys),
        )

    def _judge(self, survey: Survey, settings: Settings, applicant: Applicant) -> ChallengeOutcome:
        unreachable = settings.unreachable
        around = self.surroundings.get(survey.challenge.domain, Surroundings())
        findings = diagnosis.with_surroundings(
            diagnosis.diagnose(survey, unreachable=unreachable), survey, around, applicant=applicant
        )
        judged = verdict.judge(
            survey, findings, skip=frozenset(settings.skip), unreachable=unreachable
        )
        return ChallengeOutcome(survey, judged, findings)


async def look(
    challenges: Sequence[Challenge], settings: Settings, *, knowledge: Knowledge | None = None
) -> Beforehand:
    """Look at what a CA meets besides the record, for all names at once.

    Takes 20 seconds at most, or `settings.timeout` if that is less. `knowledge` grows by what the
    walks learn.
    """
    loop = asyncio.get_running_loop()
    started, begun = dt.datetime.now(dt.UTC), loop.time()
    asking = means.of_settings(settings, knowledge=knowledge)
    surveys: dict[str, Survey] = {}
    around: dict[str, Surroundings] = {}

    async def zone(challenge: Challenge) -> None:
        surveys[challenge.domain] = await asking.scout.survey_zone(challenge)

    async def besides(challenge: Challenge) -> None:
        around[challenge.domain] = await asking.scout.look_around(challenge)

    async def signatures() -> Assessment | None:
        trusted = trust.anchors_of(settings)
        if trusted is None:
            return None
        return trust.assess(await asking.scout.chains(challenges), trusted)

    assessing = asyncio.ensure_future(signatures())
    try:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(min(_PATIENCE, settings.timeout)):
                await asyncio.gather(*map(zone, challenges), *map(besides, challenges), assessing)
    finally:
        await asking.scout.close()
    assessment = assessing.result() if assessing.done() and not assessing.cancelled() else None
    if assessment is not None:
        for challenge in challenges:
            found = around.get(challenge.domain, Surroundings())
            own = trust.concerning(assessment, [challenge.owner])
            around[challenge.domain] = replace(found, signatures=own)
    return Beforehand(
        started=started,
        elapsed=loop.time() - begun,
        vantage=asking.vantage,
        surveys=tuple(
            surveys.get(c.domain, Survey(c, obstacle=OutOfTime(c.owner))) for c in challenges
        ),
        surroundings=around,
    )


def beyond_waiting(outcome: Outcome, *, skip: frozenset[str]) -> tuple[ChallengeOutcome, ...]:
    """Give the challenges with an error that waiting cannot mend."""
    return tuple(
        judged
        for judged in outcome.challenges
        if any(
            finding.severity is Severity.ERROR and finding.code in _BEYOND_WAITING - skip
            for finding in judged.findings
        )
    )
