"""Check before a record is made what would stop the CA whatever the record says.

`permanence` decides which of it waiting cannot fix. Never queries the challenge name, so that
nobody caches a negative answer for it.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from certbot_dns_preflight.dnssec import assessment
from certbot_dns_preflight.facts.caa import Properties
from certbot_dns_preflight.facts.environment import DomainEnvironment
from certbot_dns_preflight.facts.obstacle import NoEgress, Tried
from certbot_dns_preflight.facts.outcome import ChallengeOutcome, Outcome, Vantage
from certbot_dns_preflight.facts.survey import Survey
from certbot_dns_preflight.resolve.tasks import promptly
from certbot_dns_preflight.resolve.txt_hops import is_limited
from certbot_dns_preflight.run import assess, closed_network, inputs, session
from certbot_dns_preflight.run.assess import Assessor
from certbot_dns_preflight.run.timings import Deadline, Timings, cut_off

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import dns.name

    from certbot_dns_preflight.caa.policy import IssuanceRequest
    from certbot_dns_preflight.challenge import Challenge
    from certbot_dns_preflight.resolve.cache import DelegationCache
    from certbot_dns_preflight.run.inputs import Inputs
    from certbot_dns_preflight.run.session import Session
    from certbot_dns_preflight.settings import Settings

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PrecheckResult:
    """The facts about all names of an order, before anything is made. Times in seconds.

    `faults` holds, by domain, the internal errors that kept a name from being looked at.
    """

    started: dt.datetime
    elapsed: float
    vantage: Vantage
    surveys: tuple[Survey, ...]
    environment: Mapping[str, DomainEnvironment]
    inputs: Inputs
    faults: Mapping[str, Exception] = field(default_factory=dict)

    @property
    def has_caa(self) -> bool:
        """Whether CAA records exist, which make the account and the CA matter."""
        return any(
            isinstance(answer.content, Properties)
            for environment in self.environment.values()
            if environment.climb is not None
            for look in environment.climb.looks
            for answer in look.answers
        )

    def judged(self, settings: Settings, request: IssuanceRequest) -> Outcome:
        """Judge the facts."""
        assessor = Assessor(settings, self.inputs, request)
        return Outcome(
            started=self.started,
            elapsed=self.elapsed,
            vantage=self.vantage,
            challenges=tuple(self._judge(survey, assessor) for survey in self.surveys),
        )

    def _judge(self, survey: Survey, assessor: Assessor) -> ChallengeOutcome:
        domain = survey.challenge.domain
        if domain in self.faults:
            return assess.failed(survey, self.faults[domain])
        environment = self.environment.get(domain, DomainEnvironment())
        # There is no record yet for rounds to confirm.
        return assessor.assess(survey, environment, confirmed=True)


async def check(
    challenges: Sequence[Challenge],
    settings: Settings,
    *,
    cache: DelegationCache | None = None,
    read: Inputs | None = None,
    timings: Timings | None = None,
) -> PrecheckResult:
    """Look at everything that a CA checks besides the record, for all names at once.

    Takes at most 20 seconds, or `settings.timeout` if that is less, and only two tries of a query
    where nothing at all answers. `cache` collects what the walks learn; `read` holds the files that
    the settings name, if already read. No task outlives it.
    """
    started = dt.datetime.now(dt.UTC)
    read = inputs.load(settings) if read is None else read
    async with session.opened(settings, read, cache=cache) as opened:
        running = _Precheck(challenges, settings, opened, read, timings or Timings())
        return await promptly(running.go(started), opened.exchange.stop)


class _Precheck:
    """One look. What is found when time is up counts; the rest is reported as unanswered."""

    def __init__(
        self,
        challenges: Sequence[Challenge],
        settings: Settings,
        opened: Session,
        read: Inputs,
        timings: Timings,
    ) -> None:
        self._challenges = challenges
        self._session = opened
        self._inputs = read
        self._timings = timings
        self._begun = asyncio.get_running_loop().time()
        opened.exchange.budgets.allow(len(challenges), seconds=settings.timeout)
        # Two tries plus slack for this machine: by then it is clear that nothing answers.
        self._silent_after = 2 * settings.query_timeout + timings.slack
        self._patience = min(timings.precheck, settings.timeout)
        self._surveys: dict[str, Survey] = {}
        self._chained: list[Challenge] = []
        self._caa_owners: set[dns.name.Name] = set()
        self._faults: dict[str, Exception] = {}

    async def go(self, started: dt.datetime) -> PrecheckResult:
        share = self._timings.share_in_reserve * self._patience
        enough = self._patience - min(self._timings.precheck_signatures, share)
        silent = Deadline(self._begun + min(self._silent_after, enough))
        grace = max(0.0, enough - self._silent_after)
        async with (
            cut_off(silent, grace=grace, deserved=self._hears),
            asyncio.TaskGroup() as group,
        ):
            for challenge in self._challenges:
                group.create_task(self._look_at(challenge))
        environment: dict[str, DomainEnvironment] = {}
        for challenge in self._challenges:
            try:
                environment[challenge.domain] = self._environment(challenge)
            except Exception as error:  # noqa: BLE001 - see `_fail`
                self._fail(challenge, error)
        await self._look_at_signatures(self._chained, environment)
        mute = not self._hears() and self._elapsed() >= self._silent_after
        return PrecheckResult(
            started=started,
            elapsed=self._elapsed(),
            vantage=self._session.vantage,
            surveys=await closed_network.attribute_all(
                tuple(
                    self._with_limits(
                        self._session.collector.with_faults(
                            self._surveys.get(c.domain) or self._unseen(c, mute=mute)
                        )
                    )
                    for c in self._challenges
                ),
                self._session,
            ),
            environment=environment,
            inputs=self._inputs,
            faults=self._faults,
        )

    def _with_limits(self, survey: Survey) -> Survey:
        owners = [survey.challenge.owner, *(hop.owner for hop in survey.hops)]
        incomplete = not survey.hops or any(map(is_limited, survey.hops))
        limits = self._session.exchange.budgets.concerning(owners, incomplete=incomplete)
        return replace(survey, limits=limits)

    async def _look_at(self, challenge: Challenge) -> None:
        """Look at one name, its zone and what else a CA checks."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._survey_zone(challenge))
                looking = group.create_task(self._session.collector.collect(challenge))
                await self._collect_signed(challenge, looking)
        except Exception as error:  # noqa: BLE001 - see `_fail`
            self._fail(challenge, error)

    def _fail(self, challenge: Challenge, error: Exception) -> None:
        """Confine an internal error to its name. Cancellation and signals pass through."""
        log.debug("A fault at %s", challenge.domain, exc_info=error)
        self._faults.setdefault(challenge.domain, error)

    async def _survey_zone(self, challenge: Challenge) -> None:
        self._surveys[challenge.domain] = await self._session.collector.survey_zone(challenge)

    async def _collect_signed(self, challenge: Challenge, looking: asyncio.Task[None]) -> None:
        """Collect the chain to the zone meanwhile, then to what else the CAA lookup passed."""
        if self._inputs.anchors is None:
            return
        await self._session.collector.chains([challenge])
        self._chained.append(challenge)
        await looking
        owners = self._environment(challenge).caa_owners
        await self._session.collector.chains([challenge], owners)
        self._caa_owners.update(owners)

    async def _look_at_signatures(
        self, challenges: Sequence[Challenge], environment: dict[str, DomainEnvironment]
    ) -> None:
        """Validate what was collected; if that fails, validate name by name."""
        chained = [c for c in challenges if c.domain not in self._faults]
        try:
            await self._validate(chained, environment)
        except Exception as error:  # noqa: BLE001 - see `_fail`
            for challenge in chained:
                if len(chained) == 1:
                    self._fail(challenge, error)
                else:
                    await self._look_at_signatures([challenge], environment)

    async def _validate(
        self, challenges: Sequence[Challenge], environment: dict[str, DomainEnvironment]
    ) -> None:
        if self._inputs.anchors is None or not challenges:
            return
        left = max(self._timings.precheck_least, self._patience - self._elapsed())
        async with cut_off(Deadline.after(left)):
            collector = self._session.collector
            for last in (False, True):
                facts = await collector.chains(challenges, self._caa_owners)
                validated = await assessment.assess(
                    facts, self._inputs.anchors, seconds=min(left, self._timings.validation)
                )
                for challenge in challenges:
                    known = environment[challenge.domain]
                    names = (challenge.owner, *self._caa_owners.intersection(known.caa_owners))
                    environment[challenge.domain] = replace(
                        known, signatures=assessment.concerning(validated, names)
                    )
                doubtful, blamed = assessment.doubtful(validated), assessment.blamed(validated)
                if last or not collector.ask_anew(doubtful, but=blamed):
                    break

    def _environment(self, challenge: Challenge) -> DomainEnvironment:
        return self._session.collector.so_far(challenge, seconds=self._elapsed())

    def _unseen(self, challenge: Challenge, *, mute: bool) -> Survey:
        if not mute:
            return assess.unseen(challenge)
        roots = (e for endpoints in self._inputs.hints.values() for e in endpoints)
        families = self._session.families
        tried = self._session.resolvers or tuple(
            e for e in roots if (6 if e.ipv6 else 4) in families
        )
        who = Tried.RESOLVERS if self._session.resolvers else Tried.ROOT
        return Survey(challenge, obstacle=NoEgress(tried, asked=who))

    def _hears(self) -> bool:
        """Return whether anything answers this host at all."""
        return self._session.exchange.answered

    def _elapsed(self) -> float:
        return asyncio.get_running_loop().time() - self._begun
