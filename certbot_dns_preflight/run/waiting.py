"""The run: rounds for every challenge until all are ready or the deadline has come.

Decides when to look again and when to stop. `txt_survey` asks, `diagnosis` and `verdict` judge;
words and certbot are elsewhere.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import logging
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeVar

from certbot_dns_preflight.checks import diagnose, verdict, with_environment
from certbot_dns_preflight.dnssec import assessment
from certbot_dns_preflight.facts.dnssec import Status
from certbot_dns_preflight.facts.environment import DomainEnvironment
from certbot_dns_preflight.facts.outcome import ChallengeOutcome, Outcome, Progress, Verdict
from certbot_dns_preflight.facts.survey import OutOfTime
from certbot_dns_preflight.resolve.probes import Prober
from certbot_dns_preflight.resolve.txt import TxtSurvey
from certbot_dns_preflight.run import assess, inputs, session, signals

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from certbot_dns_preflight.caa.policy import IssuanceRequest
    from certbot_dns_preflight.challenge import Challenge
    from certbot_dns_preflight.facts.survey import Survey
    from certbot_dns_preflight.resolve.cache import DelegationCache
    from certbot_dns_preflight.settings import Settings

    Watch = Callable[[Progress], None]
    Decided = Callable[[ChallengeOutcome], None]

T = TypeVar("T")
log = logging.getLogger(__name__)

_SHORTEST_PAUSE = 0.5
_SHARE_OF_WAIT = 0.05  # so that a late secondary is noticed within a twentieth of its delay
_CONFIRMING_PAUSE = 0.3
_STALE = 10.0  # readiness older than this is looked at once more before the CA is told
_FORGET_EVERY = 30.0  # seconds after which delegations are learned anew
_LAST_WORDS = 0.8  # seconds past the deadline for what the report wants to know
_ATTEMPT_WORDS = 6.0  # the same for a single attempt, which nobody times
_ATTEMPTS_AT_ONCE = 40  # a long list streams; as many as keep the sockets of `exchange` busy
_SHORTEST_LOOK = 2.0  # seconds for signatures, if the wait has used up its time
_SCOUTING = 20.0  # seconds for what is not the record itself
_POLL = 0.25
_TRIES_MORE = 4  # tries of a query that a second look for CAA may last


@dataclass(frozen=True, slots=True, kw_only=True)
class Extras:
    """What a run may know and do beyond the records.

    With an `request` CAA and the rest of the surroundings are judged too, and asked for unless
    `environment` has the domain's. `cache` is what earlier walks learned.
    """

    request: IssuanceRequest | None = None
    environment: Mapping[str, DomainEnvironment] = field(default_factory=dict)
    cache: DelegationCache | None = None


def run(  # noqa: PLR0913 - two things to do and how, by keyword
    challenges: Sequence[Challenge],
    settings: Settings,
    *,
    wait: bool,
    watch: Watch | None = None,
    decided: Decided | None = None,
    extras: Extras | None = None,
) -> Outcome:
    """Do a preflight and come back with its outcome, at most `settings.timeout` seconds later.

    On SIGINT, SIGTERM and SIGHUP everything is stopped at once, and the signal then goes to
    whoever handled it before, so that what this raises is what that handler raises.
    Raises `roothints.RootHintsError` for a bad hints file.
    """
    return signals.run(
        preflight(challenges, settings, wait=wait, watch=watch, decided=decided, extras=extras)
    )


async def preflight(  # noqa: PLR0913 - likewise
    challenges: Sequence[Challenge],
    settings: Settings,
    *,
    wait: bool,
    watch: Watch | None = None,
    decided: Decided | None = None,
    extras: Extras | None = None,
) -> Outcome:
    """Survey all challenges: once, or with `wait` round after round until all are ready.

    `watch` is told of every change. `decided` is told of each challenge once, as soon as it is
    judged for good; what it was told is not looked at again. Cancellation ends the run at once.
    No failure of a server or a network raises; what `watch` and `decided` raise ends the run.
    """
    return await _Run(
        challenges,
        settings,
        wait=wait,
        watch=watch,
        decided=decided,
        extras=extras or Extras(),
    ).go()


class _Run:
    def __init__(  # noqa: PLR0913 - likewise
        self,
        challenges: Sequence[Challenge],
        settings: Settings,
        *,
        wait: bool,
        watch: Watch | None,
        decided: Decided | None,
        extras: Extras,
    ) -> None:
        self._settings = settings
        self._skip = frozenset(settings.skip)
        self._wait = wait
        self._watch = watch
        self._decided = decided
        self._told: dict[TxtSurvey, ChallengeOutcome] = {}
        self._places = asyncio.Semaphore(_ATTEMPTS_AT_ONCE)
        self._started = dt.datetime.now(dt.UTC)
        self._begun = asyncio.get_running_loop().time()
        self._deadline = self._begun + settings.timeout
        self._session = session.of_settings(settings, cache=extras.cache)
        self._request = extras.request
        self._around = dict(extras.environment)
        self._forgotten_at = self._begun
        self._next_round: dict[TxtSurvey, float] = {}
        self._txt_surveys = [
            TxtSurvey(
                challenge,
                self._session.exchange,
                self._session.walker,
                families=self._session.families,
            )
            for challenge in challenges
        ]

    async def go(self) -> Outcome:
        try:
            await self._all()
            return self._outcome()
        finally:
            await self._session.collector.close()
            await self._session.walker.close()
            await asyncio.gather(*(txt_survey.close() for txt_survey in self._txt_surveys))

    async def _all(self) -> None:
        work = self._until_ready if self._wait else self._attempt
        loops = [asyncio.ensure_future(work(txt_survey)) for txt_survey in self._txt_surveys]
        everything = asyncio.gather(*loops, self._reconfirm(loops), self._collect_all())
        examined: asyncio.Task[None] | None = None
        try:
            if self._wait:
                # The last looks of the report overlap with the last rounds.
                reserve = min(3.0, 0.2 * self._settings.timeout)
                if not await _done_by(everything, self._deadline - reserve):
                    examined = asyncio.create_task(self._examine())
            done = await _done_by(everything, self._deadline)
            if not done and self._nearly_ready():
                done = await _done_by(everything, self._deadline + _LAST_WORDS)
        finally:
            everything.cancel()
            for loop in loops:  # one that raised has left the others running
                loop.cancel()
            await asyncio.gather(everything, *loops, return_exceptions=True)
        if done and self._wait:
            self._session.collector.forget()
            await self._look_at_signatures(self._txt_surveys)
        if not done:
            patience = _LAST_WORDS if self._wait else _ATTEMPT_WORDS
            examined = examined or asyncio.create_task(self._examine())
            await _done_by(examined, self._now() + patience)
        if examined is not None:
            examined.cancel()
            await asyncio.gather(examined, return_exceptions=True)

    # -- one challenge ---------------------------------------------------------------------------

    async def _attempt(self, txt_survey: TxtSurvey) -> None:
        """Look `confirmations` times, as long as it looks ready; then look into what is not."""
        async with self._places:
            scouting = asyncio.ensure_future(self._collect(txt_survey))
            for _ in range(self._settings.confirmations):
                if not await self._round(txt_survey, complete=True):
                    break
            else:
                txt_survey.ready_after = txt_survey.elapsed
            if txt_survey.ready_after is None:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_ATTEMPT_WORDS):
                        await self._look_closer(txt_survey)
            await scouting
            await self._look_at_signatures([txt_survey])
        self._decide(txt_survey)

    async def _collect_all(self) -> None:
        """Collect what a CA meets besides the records, while these are waited for."""
        if not self._wait:
            return  # an attempt does so challenge by challenge
        await asyncio.gather(*(self._collect(txt_survey) for txt_survey in self._txt_surveys))

    async def _look_at_signatures(self, txt_surveys: Sequence[TxtSurvey]) -> None:
        """See whether a validator would believe the records, where they are what they must be.

        Not where the zone was found to be unsigned: that costs nothing then.
        """
        trusted = inputs.anchors_of(self._settings) if self._request is not None else None
        owners = {
            txt_survey: [hop.owner for hop in txt_survey.so_far().hops]
            for txt_survey in txt_surveys
            if txt_survey.ready_after is not None
            and txt_survey not in self._told
            and not self._is_unsigned(txt_survey)
        }
        if trusted is None or not owners:
            return
        around = {s: self._around.get(s.challenge.domain, DomainEnvironment()) for s in owners}
        left = max(_SHORTEST_LOOK, self._deadline - self._now())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(left):
                names = {owner for chain in owners.values() for owner in chain}
                caa = {owner for found in around.values() for owner in found.caa_owners}
                facts = await self._session.collector.signed_records(names, caa)
                validated = await assessment.assess(facts, trusted, seconds=left)
                for txt_survey, chain in owners.items():
                    found = around[txt_survey]
                    self._around[txt_survey.challenge.domain] = replace(
                        found,
                        signatures=assessment.concerning(validated, [*chain, *found.caa_owners]),
                    )

    def _is_unsigned(self, txt_survey: TxtSurvey) -> bool:
        around = self._around.get(txt_survey.challenge.domain)
        if around is None or around.signatures is None or len(txt_survey.so_far().hops) != 1:
            return False
        own = assessment.concerning(around.signatures, [txt_survey.challenge.owner])
        return own.status is Status.INSECURE

    async def _collect(self, txt_survey: TxtSurvey) -> None:
        """Look at what is around the record; what is found when time is up counts.

        What a look beforehand had no answer for in its time gets a little more, in which the
        record is waited for anyway.
        """
        challenge = txt_survey.challenge
        known = self._around.get(challenge.domain, DomainEnvironment())
        if self._request is None or known.has_climbed:
            return
        patience = _SCOUTING
        if known.climb is not None:
            patience = _TRIES_MORE * self._settings.query_timeout
        begun = self._now()
        looking = asyncio.ensure_future(self._session.collector.collect(challenge))
        try:
            await asyncio.wait([looking], timeout=patience)
            late = False
            # A walk that takes long for the record takes long for CAA too, and then no longer.
            while not looking.done() and isinstance(txt_survey.so_far().obstacle, OutOfTime):
                late = True
                await asyncio.wait([looking], timeout=_POLL)
            if late:
                await asyncio.wait([looking], timeout=_TRIES_MORE * self._settings.query_timeout)
            if looking.done():
                looking.result()
        finally:
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)
            found = self._session.collector.so_far(challenge, seconds=self._now() - begun)
            self._around[challenge.domain] = replace(found, signatures=known.signatures)

    async def _until_ready(self, txt_survey: TxtSurvey) -> None:
        """Look until `confirmations` consecutive complete rounds agree."""
        agreed = 0
        complete = True
        while agreed < self._settings.confirmations:
            ready = await self._round(txt_survey, complete=complete)
            agreed = agreed + 1 if ready and complete else 0
            complete = ready
            if agreed < self._settings.confirmations:
                await self._pause(txt_survey, _CONFIRMING_PAUSE if ready else self._growing())
        txt_survey.ready_after = txt_survey.elapsed
        self._tell()
        if self._decided is not None:
            await self._look_at_signatures([txt_survey])
            self._decide(txt_survey)

    async def _reconfirm(self, loops: Sequence[asyncio.Future[None]]) -> None:
        """Look again at what has been ready for long: it may have gone since."""
        await asyncio.gather(*loops)
        while self._wait:
            stale = [
                txt_survey
                for txt_survey in self._txt_surveys
                if txt_survey not in self._told
                and (
                    txt_survey.ready_after is None
                    or txt_survey.elapsed - txt_survey.ready_after > _STALE
                )
            ]
            if not stale:
                return
            await asyncio.gather(*(self._confirm_once(txt_survey) for txt_survey in stale))

    async def _confirm_once(self, txt_survey: TxtSurvey) -> None:
        if txt_survey.ready_after is not None and await self._round(txt_survey, complete=True):
            txt_survey.ready_after = txt_survey.elapsed
            return
        txt_survey.ready_after = None
        await self._until_ready(txt_survey)

    async def _round(self, txt_survey: TxtSurvey, *, complete: bool) -> bool:
        survey = await txt_survey.round(complete=complete)
        self._tell()
        return self._looks_ready(survey)

    def _looks_ready(self, survey: Survey) -> bool:
        """Whether the latest answers are what they must be, codes that are skipped apart."""
        unreachable = self._settings.unreachable
        if verdict.is_ready(survey, unreachable=unreachable) or not self._skip:
            return verdict.is_ready(survey, unreachable=unreachable)
        findings = diagnose(survey, unreachable=unreachable)
        judged = verdict.judge(survey, findings, skip=self._skip, unreachable=unreachable)
        return judged is Verdict.READY

    async def _pause(self, txt_survey: TxtSurvey, seconds: float) -> None:
        self._next_round[txt_survey] = self._now() + seconds
        self._tell()
        await asyncio.sleep(seconds)
        if self._now() - self._forgotten_at > _FORGET_EVERY:
            self._forgotten_at = self._now()
            self._session.walker.forget()

    def _growing(self) -> float:
        waited = self._now() - self._begun
        return min(self._settings.interval, max(_SHORTEST_PAUSE, _SHARE_OF_WAIT * waited))

    # -- the end ---------------------------------------------------------------------------------

    async def _examine(self) -> None:
        """Ask what only a failure report needs, where a challenge is not ready."""
        await asyncio.gather(
            *(
                self._look_closer(txt_survey)
                for txt_survey in self._txt_surveys
                if txt_survey.ready_after is None and txt_survey not in self._told
            )
        )

    async def _look_closer(self, txt_survey: TxtSurvey) -> None:
        txt_survey.prober = Prober(self._session.exchange, txt_survey.so_far())
        await asyncio.gather(txt_survey.ask_serials(), txt_survey.prober.ask())

    def _outcome(self) -> Outcome:
        return Outcome(
            started=self._started,
            elapsed=self._now() - self._begun,
            vantage=self._session.vantage,
            challenges=tuple(self._decide(txt_survey) for txt_survey in self._txt_surveys),
            timeout=self._settings.timeout if self._wait else None,
        )

    def _decide(self, txt_survey: TxtSurvey) -> ChallengeOutcome:
        """Judge for good, and tell; the first time counts."""
        known = self._told.get(txt_survey)
        if known is None:
            known = self._told[txt_survey] = self._judge(txt_survey)
            if self._decided is not None:
                self._decided(known)
        return known

    def _judge(self, txt_survey: TxtSurvey) -> ChallengeOutcome:
        survey = txt_survey.so_far()
        unreachable = self._settings.unreachable
        findings = diagnose(survey, unreachable=unreachable)
        if self._request is not None:
            around = self._around.get(survey.challenge.domain, DomainEnvironment())
            findings = with_environment(findings, survey, around, request=self._request)
        judged = verdict.judge(survey, findings, skip=self._skip, unreachable=unreachable)
        if judged is Verdict.READY and survey.ready_after is None:
            # All looks well, yet the rounds that must confirm it did not fit into the time.
            judged = Verdict.NOT_READY
        return ChallengeOutcome(survey, judged, findings, self._unjudged(survey, judged))

    def _unjudged(self, survey: Survey, judged: Verdict) -> tuple[str, ...]:
        """Say what stands behind a ready one unseen; what is not ready has other worries."""
        if self._request is None or judged is not Verdict.READY:
            return ()
        around = self._around.get(survey.challenge.domain, DomainEnvironment())
        return assess.unjudged(self._settings, around)

    def _tell(self) -> None:
        if self._watch is None:
            return
        waiting = [
            self._next_round.get(txt_survey, 0.0)
            for txt_survey in self._txt_surveys
            if txt_survey.ready_after is None
        ]
        self._watch(
            Progress(
                surveys=tuple(txt_survey.so_far() for txt_survey in self._txt_surveys),
                elapsed=self._now() - self._begun,
                timeout=self._settings.timeout,
                next_round_in=max(0.0, min(waiting, default=0.0) - self._now()),
            )
        )

    def _nearly_ready(self) -> bool:
        """Whether only confirming rounds are missing, which take a moment."""
        return all(self._looks_ready(txt_survey.so_far()) for txt_survey in self._txt_surveys)

    def _now(self) -> float:
        return asyncio.get_running_loop().time()


async def _done_by(future: asyncio.Future[T], when: float) -> bool:
    """Wait for a future until a moment of the loop's clock; it goes on past that moment.

    What the future raises is raised here.
    """
    left = max(0.0, when - asyncio.get_running_loop().time())
    done, _ = await asyncio.wait([future], timeout=left)
    if done:
        future.result()
    return bool(done)
