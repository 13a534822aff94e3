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

from certbot_dns_preflight import checks
from certbot_dns_preflight.checks import verdict
from certbot_dns_preflight.dnssec import assessment
from certbot_dns_preflight.facts.caa import Properties
from certbot_dns_preflight.facts.environment import DomainEnvironment
from certbot_dns_preflight.facts.finding import Severity
from certbot_dns_preflight.facts.outcome import ChallengeOutcome, Outcome, Vantage
from certbot_dns_preflight.facts.survey import NoEgress, OutOfTime, Survey
from certbot_dns_preflight.resolve.root_hints import builtin, read
from certbot_dns_preflight.run import inputs, session

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import dns.name

    from certbot_dns_preflight.caa.policy import IssuanceRequest
    from certbot_dns_preflight.challenge import Challenge
    from certbot_dns_preflight.facts.finding import Finding
    from certbot_dns_preflight.resolve.cache import DelegationCache
    from certbot_dns_preflight.settings import Settings

_PATIENCE = 20.0  # seconds; what is not known by then is left to the wait
_FOR_SIGNATURES = 2.0  # of these, for judging what was collected of DNSSEC
_LEAST_FOR_SIGNATURES = 0.1
_SLACK = 1.0
# A server that is down may come back while the record is waited for; these stay as they are. And
# where nothing can be asked, the wait could see nothing either.
_BEYOND_WAITING = frozenset(
    {
        "caa-forbids",
        "dnssec-bogus",
        "no-such-domain",
        "nameserver-without-address",
        "no-dns-egress",
    }
)


@dataclass(frozen=True, slots=True)
class Beforehand:
    """The facts about all names of an order, before anything is made. Times in seconds."""

    started: dt.datetime
    elapsed: float
    vantage: Vantage
    surveys: tuple[Survey, ...]
    environment: Mapping[str, DomainEnvironment]

    @property
    def has_caa(self) -> bool:
        """Whether there are CAA records, so that it matters who asks and of which CA."""
        return any(
            isinstance(answer.content, Properties)
            for around in self.environment.values()
            if around.climb is not None
            for look in around.climb.looks
            for answer in look.answers
        )

    def judged(self, settings: Settings, request: IssuanceRequest) -> Outcome:
        """Judge the facts."""
        return Outcome(
            started=self.started,
            elapsed=self.elapsed,
            vantage=self.vantage,
            challenges=tuple(self._judge(survey, settings, request) for survey in self.surveys),
        )

    def _judge(
        self, survey: Survey, settings: Settings, request: IssuanceRequest
    ) -> ChallengeOutcome:
        unreachable = settings.unreachable
        around = self.environment.get(survey.challenge.domain, DomainEnvironment())
        findings = checks.with_environment(
            checks.diagnose(survey, unreachable=unreachable), survey, around, request=request
        )
        judged = verdict.judge(
            survey, findings, skip=frozenset(settings.skip), unreachable=unreachable
        )
        return ChallengeOutcome(survey, judged, findings)


async def look(
    challenges: Sequence[Challenge], settings: Settings, *, cache: DelegationCache | None = None
) -> Beforehand:
    """Look at what a CA meets besides the record, for all names at once.

    Takes 20 seconds at most, or `settings.timeout` if that is less, and as long as two tries of a
    query where nothing at all answers. `cache` grows by what the walks learn.
    """
    started = dt.datetime.now(dt.UTC)
    return await _Look(challenges, settings, cache).go(started)


class _Look:
    """One look. What is found when time is up counts; the rest of it is told as unanswered."""

    def __init__(
        self, challenges: Sequence[Challenge], settings: Settings, cache: DelegationCache | None
    ) -> None:
        self._challenges = challenges
        self._settings = settings
        self._begun = asyncio.get_running_loop().time()
        self._patience = min(_PATIENCE, settings.timeout)
        self._session = session.of_settings(settings, cache=cache)
        self._trusted = inputs.anchors_of(settings)
        self._surveys: dict[str, Survey] = {}
        self._chained: list[Challenge] = []
        self._caa_owners: set[dns.name.Name] = set()

    async def go(self, started: dt.datetime) -> Beforehand:
        collector = self._session.collector
        silent = self._silent_after()
        enough = self._patience - min(_FOR_SIGNATURES, 0.2 * self._patience)
        everything = asyncio.gather(*map(self._look_at, self._challenges))
        try:
            done, _ = await asyncio.wait([everything], timeout=min(silent, enough))
            if not done and self._session.exchange.answered:
                left = max(0.0, enough - self._elapsed())
                done, _ = await asyncio.wait([everything], timeout=left)
            if done:
                await everything
            around = {c.domain: self._around(c) for c in self._challenges}
            await self._judge_signatures(around)
        finally:
            everything.cancel()
            await asyncio.gather(everything, return_exceptions=True)
            await collector.close()
        mute = not self._session.exchange.answered and self._elapsed() >= silent
        return Beforehand(
            started=started,
            elapsed=self._elapsed(),
            vantage=self._session.vantage,
            surveys=tuple(
                self._surveys.get(c.domain, Survey(c, obstacle=self._obstacle(c, mute=mute)))
                for c in self._challenges
            ),
            environment=around,
        )

    async def _look_at(self, challenge: Challenge) -> None:
        await asyncio.gather(
            self._zone(challenge),
            self._signed(
                challenge, asyncio.ensure_future(self._session.collector.collect(challenge))
            ),
        )

    async def _zone(self, challenge: Challenge) -> None:
        self._surveys[challenge.domain] = await self._session.collector.survey_zone(challenge)

    async def _signed(self, challenge: Challenge, looking: asyncio.Future[None]) -> None:
        """Collect the chain to the zone meanwhile, then what else CAA came through."""
        try:
            if self._trusted is not None:
                await self._session.collector.chains([challenge])
                self._chained.append(challenge)
            await looking
            if self._trusted is not None:
                owners = self._around(challenge).caa_owners
                await self._session.collector.chains([challenge], owners)
                self._caa_owners.update(owners)
        finally:
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)

    async def _judge_signatures(self, around: dict[str, DomainEnvironment]) -> None:
        if self._trusted is None or not self._chained:
            return
        left = max(_LEAST_FOR_SIGNATURES, self._patience - self._elapsed())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(left):
                facts = await self._session.collector.chains(self._chained, self._caa_owners)
                validated = await assessment.assess(facts, self._trusted, seconds=left)
                for challenge in self._chained:
                    found = around[challenge.domain]
                    names = (challenge.owner, *self._caa_owners.intersection(found.caa_owners))
                    around[challenge.domain] = replace(
                        found, signatures=assessment.concerning(validated, names)
                    )

    def _around(self, challenge: Challenge) -> DomainEnvironment:
        return self._session.collector.so_far(challenge, seconds=self._elapsed())

    def _obstacle(self, challenge: Challenge, *, mute: bool) -> OutOfTime | NoEgress:
        if not mute:
            return OutOfTime(challenge.owner)
        hints = self._settings.root_hints
        roots = read(hints) if hints else builtin()
        asked = self._session.resolvers or tuple(e for found in roots.values() for e in found)
        families = self._session.families
        return NoEgress(tuple(e for e in asked if (6 if e.ipv6 else 4) in families))

    def _silent_after(self) -> float:
        """Say when it is clear that nothing answers: two tries, and what the machine needs."""
        return 2 * self._settings.query_timeout + _SLACK

    def _elapsed(self) -> float:
        return asyncio.get_running_loop().time() - self._begun


def has_permanent_errors(outcome: Outcome, *, skip: frozenset[str]) -> tuple[ChallengeOutcome, ...]:
    """Give the challenges with an error that waiting cannot mend."""
    return tuple(
        judged
        for judged in outcome.challenges
        if any(_stays(finding) and finding.code not in skip for finding in judged.findings)
    )


def _stays(finding: Finding) -> bool:
    """Whether it will be so still when the record is there; what was not answered may be soon."""
    return (
        finding.severity is Severity.ERROR
        and finding.code in _BEYOND_WAITING
        and finding.evidence.get("unanswered") is not True
    )
