"""Run all challenges at once, in a single look or until all are ready or time is up.

Decides when everything must end, and notifies observers. `challenge_run` looks at one challenge,
`signature_check` at its signatures; `roster` keeps them and their outcomes. `resolve` sends
queries, and `assess` judges the answers.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import functools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from certbot_dns_preflight.facts.environment import DomainEnvironment
from certbot_dns_preflight.facts.outcome import Outcome, Progress
from certbot_dns_preflight.resolve.expectations import Expectations
from certbot_dns_preflight.resolve.tasks import promptly
from certbot_dns_preflight.run import inputs, session, signals
from certbot_dns_preflight.run.assess import Assessor
from certbot_dns_preflight.run.challenge_run import ChallengeRun
from certbot_dns_preflight.run.decided_names import DecidedNames
from certbot_dns_preflight.run.gate import Gate
from certbot_dns_preflight.run.last_look import LastLook
from certbot_dns_preflight.run.observers import ObserverError, first, tell
from certbot_dns_preflight.run.roster import Roster
from certbot_dns_preflight.run.shared import Shared
from certbot_dns_preflight.run.signature_check import SignatureCheck
from certbot_dns_preflight.run.timings import Deadline, Timings, cut_off

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from certbot_dns_preflight.caa.policy import IssuanceRequest
    from certbot_dns_preflight.challenge import Challenge
    from certbot_dns_preflight.facts.answers import Endpoint
    from certbot_dns_preflight.facts.outcome import ChallengeOutcome
    from certbot_dns_preflight.resolve.cache import DelegationCache
    from certbot_dns_preflight.run.inputs import Inputs
    from certbot_dns_preflight.run.session import Session
    from certbot_dns_preflight.settings import Settings

    Watch = Callable[[Progress], None]
    Decided = Callable[[ChallengeOutcome], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Extras:
    """What a run may know and do beyond the records.

    With a `request`, CAA and the other surroundings are judged too, and queried unless
    `environment` has the domain's. `cache` is what earlier walks learned; `inputs` holds the files
    that the settings name, if already read. `silent` maps addresses that an earlier run found
    silent to how many seconds ago that was: a wait for these alone is short. `published_after` is
    how many seconds the maker of the records allows for them to appear; a wait asks no resolver
    before that. Without `keep`, only `decided` gets the outcomes of the challenges, which would
    fill the memory if the list is long.
    """

    request: IssuanceRequest | None = None
    environment: Mapping[str, DomainEnvironment] = field(default_factory=dict)
    cache: DelegationCache | None = None
    inputs: Inputs | None = None
    silent: Mapping[Endpoint, float] = field(default_factory=dict)
    timings: Timings = field(default_factory=Timings)
    published_after: float = 0.0
    keep: bool = True


def run(  # noqa: PLR0913 - two things to do and how, by keyword
    challenges: Sequence[Challenge],
    settings: Settings,
    *,
    wait: bool,
    watch: Watch | None = None,
    decided: Decided | None = None,
    extras: Extras | None = None,
) -> Outcome:
    """Run a preflight and return its outcome, at most `settings.timeout` seconds later.

    SIGINT, SIGTERM and SIGHUP stop everything at once. The signal then goes to its previous
    handler, so this raises whatever that handler raises. Raises `inputs.InputError` for a bad file
    that the settings name.
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

    In a single look, `settings.timeout` applies to each challenge from its own start. `watch` is
    called on every change. `decided` is called once per challenge, as soon as it is judged for
    good, and that challenge is not looked at again. Cancellation ends the run at once, and no task
    outlives it. No failure of a server or a network raises, and an internal error becomes its
    challenge's finding; what `watch` and `decided` raise ends the run.
    """
    extras = extras or Extras()
    read = inputs.load(settings) if extras.inputs is None else extras.inputs
    try:
        async with session.opened(settings, read, cache=extras.cache) as opened:
            assessor = Assessor(settings, read, extras.request)
            running = _Preflight(challenges, opened, extras, assessor)
            running.watch, running.decided = watch, decided
            return await promptly(running.go(wait=wait), opened.exchange.stop)
    except (BaseExceptionGroup, ObserverError) as error:
        raise first(error) from None


class _Preflight:
    watch: Watch | None = None
    decided: Decided | None = None

    def __init__(
        self,
        challenges: Sequence[Challenge],
        opened: Session,
        extras: Extras,
        assessor: Assessor,
    ) -> None:
        self._started = dt.datetime.now(dt.UTC)
        self._begun = _now()
        self._session = opened
        self._timings = extras.timings
        self._assessor = assessor
        self._timeout = assessor.settings.timeout
        self._relearned_at = self._begun
        opened.exchange.budgets.allow(len(challenges), seconds=self._timeout)
        shared = Shared(
            opened,
            Expectations(),
            assessor,
            extras.timings,
            self._tell,
            self._relearn,
            extras.silent,
            extras.timings.first_look(extras.published_after, timeout=self._timeout),
        )
        self._signatures = SignatureCheck(opened.collector, assessor, extras.timings)
        self._last_look = LastLook(self._signatures, extras.timings, timeout=self._timeout)
        self._roster = Roster(
            challenges,
            lambda challenge: ChallengeRun(
                challenge,
                extras.environment.get(challenge.domain, DomainEnvironment()),
                shared,
            ),
            keep=extras.keep,
        )
        self._is_cache_shared = extras.cache is not None

    async def go(self, *, wait: bool) -> Outcome:
        try:
            await (self._wait() if wait else self._look())
            elapsed = _now() - self._begun
            self._roster.names = None  # the caches end with the run
            for run in self._roster.running:
                await self._decide(run)
            return Outcome(
                started=self._started,
                elapsed=elapsed,
                vantage=self._session.vantage,
                challenges=self._roster.outcomes,
                timeout=self._timeout if wait else None,
                budgets=(
                    *self._session.exchange.budgets.met.values(),
                    *self._assessor.comparer.limits,
                ),
                given_out=frozenset(self._roster.verdicts),
            )
        finally:
            await self._roster.close()

    # -- a single look -----------------------------------------------------------------------------

    async def _look(self) -> None:
        gate = Gate(self._session.exchange.lateness)
        if not self._is_cache_shared:
            self._roster.names = DecidedNames(self._roster.challenges, self._session.drop)
        async with asyncio.TaskGroup() as group:
            for challenge in self._roster.challenges:
                await gate.open()
                group.create_task(self._look_at(self._roster.begin(challenge), gate))

    async def _look_at(self, run: ChallengeRun, gate: Gate) -> None:
        with gate.inside():
            deadline = Deadline.after(self._timeout)
            if await self._last_look.until_the_end(run.look_once, [run], deadline):
                async with cut_off(deadline.at_most(self._timings.last_words)):
                    await run.look_here()
            await self._signatures.look_at([run], deadline)
        if self.decided is not None and not run.may_share:  # else all must be followed first
            await self._decide(run)

    # -- a wait ------------------------------------------------------------------------------------

    async def _wait(self) -> None:
        self._session.walker.begin(self._begun)
        for challenge in self._roster.challenges:
            self._roster.begin(challenge)
        deadline = Deadline(self._begun + self._timeout)
        stopping = asyncio.get_running_loop().call_at(deadline.at, self._session.exchange.stop)
        rounds = functools.partial(self._until_all_are_ready, deadline)
        async with asyncio.TaskGroup() as group:
            telling = group.create_task(self._keep_telling())
            done = await self._last_look.until_the_end(rounds, self._roster.running, deadline)
            telling.cancel()
        if done:
            stopping.cancel()
            if _now() - self._begun > self._timings.relearn_every:
                self._session.collector.forget()
            await self._signatures.look_at(self._roster.running, deadline, again=True)

    async def _until_all_are_ready(self, deadline: Deadline) -> None:
        async with asyncio.TaskGroup() as group:
            for run in self._roster.running:
                group.create_task(self._until_ready(run, deadline))
        while stale := [run for run in self._roster.running if run.is_stale]:
            async with asyncio.TaskGroup() as group:
                for run in stale:
                    group.create_task(run.confirm_again())

    async def _until_ready(self, run: ChallengeRun, deadline: Deadline) -> None:
        await run.wait()
        if self.decided is not None and not run.may_share:
            await self._signatures.look_at([run], deadline)
            await self._decide(run)

    def _relearn(self) -> None:
        """Forget delegations now and then, to see one that is fixed meanwhile."""
        if _now() - self._relearned_at > self._timings.relearn_every:
            self._relearned_at = _now()
            self._session.walker.forget()

    # -- telling -----------------------------------------------------------------------------------

    async def _decide(self, run: ChallengeRun) -> None:
        """Judge for good and notify observers."""
        outcome = await self._roster.decide(run)
        if self.decided is not None:
            tell(self.decided, outcome)

    async def _keep_telling(self) -> None:
        while self.watch is not None:
            await asyncio.sleep(self._timings.tell_every)
            self._tell()

    def _tell(self) -> None:
        if self.watch is None:
            return
        waiting = [run.next_round for run in self._roster.running if run.is_pending]
        progress = Progress(
            surveys=self._roster.surveys,
            elapsed=_now() - self._begun,
            timeout=self._timeout,
            next_round_in=max(0.0, min(waiting, default=0.0) - _now()),
        )
        tell(self.watch, progress)


def _now() -> float:
    return asyncio.get_running_loop().time()
