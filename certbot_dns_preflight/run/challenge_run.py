"""Run one challenge's rounds and produce its outcome.

Decides when to look again and when that is enough; `surroundings` covers what surrounds the record.
An error becomes the challenge's outcome, and others go on. `waiting` decides when all must end.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from certbot_dns_preflight.resolve.resolver_survey import ResolverSurvey
from certbot_dns_preflight.run import assess, closed_network, closer_look
from certbot_dns_preflight.run.early_end import EarlyEnding
from certbot_dns_preflight.run.surroundings import Surroundings
from certbot_dns_preflight.run.timings import Deadline, cut_off

if TYPE_CHECKING:
    from collections.abc import Iterator

    import dns.name

    from certbot_dns_preflight.challenge import Challenge
    from certbot_dns_preflight.facts.answers import Endpoint
    from certbot_dns_preflight.facts.dnssec import Assessment, SignedReplies
    from certbot_dns_preflight.facts.environment import DomainEnvironment
    from certbot_dns_preflight.facts.outcome import ChallengeOutcome
    from certbot_dns_preflight.facts.survey import Survey
    from certbot_dns_preflight.run.shared import Shared

log = logging.getLogger(__name__)


class ChallengeRun:
    """Looks at one challenge, once or until it is ready. Its tasks end before its methods do."""

    def __init__(
        self, challenge: Challenge, environment: DomainEnvironment, shared: Shared
    ) -> None:
        """Take what is already known of the domain's surroundings; the clock starts now."""
        self.challenge = challenge
        self.next_round = 0.0
        self._shared = shared
        self._settings = shared.assessor.settings
        self._begun = _now()
        self._survey = shared.session.survey(challenge, shared.expectations)
        self._surroundings = Surroundings(
            challenge, environment, shared.session.collector, shared.assessor, shared.timings
        )
        self._early = EarlyEnding(shared, begun=self._begun)
        self._ways_out: list[Endpoint] = []
        self._looked_closer = self._gave_up = False
        self._seen = asyncio.Event()
        self._failure: Exception | None = None
        self._shown: Survey | None = None
        self._outcome: ChallengeOutcome | None = None

    async def close(self) -> None:
        """Cancel the queries that still run alongside the rounds."""
        await self._survey.close()

    # -- what is known -----------------------------------------------------------------------------

    @property
    def is_ready(self) -> bool:
        """Whether the latest rounds that had to agree did so."""
        return self._survey.ready_after is not None

    @property
    def is_open(self) -> bool:
        """Whether more can be learned: it is not judged yet, and no internal error occurred."""
        return self._outcome is None and self._failure is None

    @property
    def names(self) -> tuple[dns.name.Name, ...]:
        """The names whose zones it depends on."""
        return (self.challenge.owner, *self._survey.owners, *self.caa_owners)

    @property
    def is_pending(self) -> bool:
        """Whether it has yet to be seen ready."""
        return self.is_open and not self.is_ready

    @property
    def is_stale(self) -> bool:
        """Whether it was ready too long ago, or lacks values that other challenges expect there."""
        if not self.is_open or self._gave_up:
            return False
        ready_after, now = self._survey.ready_after, self._survey.elapsed
        too_old = ready_after is None or now - ready_after > self._shared.timings.stale_after
        return too_old or not self.looks_ready()

    @property
    def may_share(self) -> bool:
        """Whether it ends at an alias target, where other challenges' values may belong too."""
        survey = self.as_shown()
        return bool(survey.challenge.expected and survey.alias_chain)

    def so_far(self) -> Survey:
        """Return everything observed so far."""
        try:
            return self._survey.so_far()
        except Exception as error:  # noqa: BLE001 - see `_guard`
            self.fail(error)
            return assess.unseen(self.challenge)

    def as_shown(self) -> Survey:
        """Return the latest round's observations; cheap, as any news asks every challenge."""
        self._shown = self._shown or self.so_far()
        return self._shown

    def looks_ready(self) -> bool:
        """Return whether only the confirming rounds, which are quick, are missing."""
        try:
            return self._shared.assessor.looks_ready(self.so_far())
        except Exception as error:  # noqa: BLE001 - see `_guard`
            self.fail(error)
            return False

    def decide(self) -> ChallengeOutcome:
        """Judge for good; nothing learned after the first call counts."""
        if self._outcome is None:
            survey = closed_network.attribute(self.so_far(), self._shared.session, self._ways_out)
            if self._failure is not None:
                outcome = assess.failed(survey, self._failure)
            else:
                outcome = self._shared.assessor.assess(
                    survey, self._surroundings.environment, confirmed=self.is_ready, for_good=True
                )
            self._outcome = replace(outcome, early_end=self._early.end)
        return self._outcome

    # -- looking -----------------------------------------------------------------------------------

    async def look_once(self) -> None:
        """Look `confirmations` times while it looks ready; then investigate what is not ready."""
        with self._guard():
            async with asyncio.TaskGroup() as group:
                group.create_task(self._surroundings.collect(self._survey.walked))
                group.create_task(self._surroundings.ask_for_keys(self._survey.walked))
                for _ in range(self._settings.confirmations):
                    if not await self._round(complete=True):
                        await self._look_closer()
                        return
                self._survey.ready_after = self._survey.elapsed

    async def wait(self) -> None:
        """Look until it is ready, and meanwhile collect what else a CA checks."""
        if isinstance(self._survey, ResolverSurvey) and self.challenge.expected:
            self._survey.hold_back(self._shared.first_look)
        with self._guard():
            async with asyncio.TaskGroup() as group:
                collecting = group.create_task(self._surroundings.collect(self._survey.walked))
                asking = group.create_task(self._surroundings.ask_again(collecting, self._seen))
                await self._until_ready()
                self._seen.set()
                if self._gave_up:
                    asking.cancel()

    async def confirm_again(self) -> None:
        """Look again if it became ready long ago; if it no longer is, look until it is."""
        with self._guard():
            if self.is_ready and await self._round(complete=True):
                self._survey.ready_after = self._survey.elapsed
                return
            self._survey.ready_after = self._shown = None
            await self._until_ready()

    async def look_closer(self) -> None:
        """Ask what only a failure report needs, if this will be one and it was not asked yet."""
        if self.is_pending and not self._looked_closer:
            with self._guard():
                await self._look_closer()

    async def look_here(self) -> None:
        """After a failure, ask this host's own resolver for the record, or whether it answers."""
        if self.is_pending:
            with self._guard():
                await closer_look.look_here(self._survey, self._shared.session, self._ways_out)

    async def _until_ready(self) -> None:
        """Look until `confirmations` consecutive complete rounds agree.

        Before the last of them, learn again which servers must agree; if the first one fails, what
        the precheck learned. A round for those that were missing, which finds all there, goes on
        with the others and so is complete.
        """
        timings = self._shared.timings
        agreed, complete = 0, True
        if self._settings.confirmations == 1:
            await self._survey.look_again(self._begun, again=True)
        while agreed < self._settings.confirmations:
            since, prepared = _now(), False
            ready = await self._round(complete=complete)
            if self.as_shown().is_final:
                self._gave_up = True
                return
            if not ready and await self._ends_early():
                return
            if ready and not complete and self._settings.confirmations > 1:
                ready, complete, prepared = await self._complete(since), True, True
            agreed = agreed + 1 if ready and complete else 0
            # Only a round that asks every server may end the wait.
            complete = ready or self._early.doubted_since is not None
            if agreed < self._settings.confirmations:
                waited, took = _now() - self._begun, _now() - self._survey.asked_at
                pause = timings.pause(waited, longest=self._settings.interval, took=took)
                if ready:
                    pause = timings.confirming(agreed, took=took)
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._pause(pause))
                    last = complete and agreed == self._settings.confirmations - 1 and not prepared
                    group.create_task(self._learn_again(since, ready=ready, last=last))
        self._survey.ready_after = self._survey.elapsed
        self._shown = None
        self._shared.changed()

    async def _learn_again(self, since: float, *, ready: bool, last: bool) -> None:
        """During a pause, learn which servers must agree in the next round, maybe the `last`."""
        if not ready:
            await self._survey.look_again(self._early.doubted_since or self._begun, again=False)
        if last:
            await self._prepare_last(since)

    async def _complete(self, since: float) -> bool:
        """Ask those that the round begun at `since` left out, and beside them `_prepare_last`."""
        async with asyncio.TaskGroup() as group:
            asking = group.create_task(self._round(complete=True, rest=True))
            group.create_task(self._prepare_last(since))
        return asking.result()

    async def _prepare_last(self, since: float) -> None:
        """Learn again which servers must agree, if not done `since`, and ask for the keys."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._survey.look_again(since, again=True))
            group.create_task(self._surroundings.ask_for_keys(self._survey.walked))

    async def _ends_early(self) -> bool:
        """Return whether more rounds are pointless; if so, first ask what the report needs."""
        if not self._early.is_due(self.so_far(), self._surroundings.environment, now=_now()):
            return False
        self._gave_up = True
        await self._look_closer()
        return True

    async def _round(self, *, complete: bool, rest: bool = False) -> bool:
        self._shown = await self._survey.round(complete=complete, rest=rest)
        self._shared.changed()
        return self._shared.assessor.looks_ready(self._shown)

    async def _pause(self, seconds: float) -> None:
        self.next_round = _now() + seconds
        self._shared.changed()
        await asyncio.sleep(seconds)
        self._shared.paused()

    async def _look_closer(self) -> None:
        self._looked_closer = True
        async with cut_off(Deadline.after(self._shared.timings.closer_look)):
            await closer_look.look_closer(self._survey, self._shared.session)

    # -- signatures --------------------------------------------------------------------------------

    @property
    def caa_owners(self) -> tuple[dns.name.Name, ...]:
        """The names whose CAA, or lack of it, a validator must believe."""
        return self._surroundings.environment.caa_owners

    def signed_owners(self) -> tuple[dns.name.Name, ...]:
        """Return names whose record, or lack of it, must be believed; none in unsigned zones."""
        owners = self._survey.owners if self.is_open else ()
        return () if self._surroundings.are_unsigned(owners) else owners

    def signed_replies(self) -> SignedReplies:
        """Return the latest rounds' replies, including their signatures."""
        return self._survey.signed_replies()

    def take_signatures(self, validated: Assessment) -> None:
        """Keep the part of a shared validation that concerns this challenge."""
        self._surroundings.take_signatures(validated, self._survey.owners)

    @contextlib.contextmanager
    def _guard(self) -> Iterator[None]:
        """Confine an internal error to this challenge. Cancellation and signals pass through."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - whatever it is, the other names go on
            self.fail(error)

    def fail(self, error: Exception) -> None:
        """Record that an internal error keeps this challenge from being judged."""
        log.debug("A fault at %s", self.challenge.domain, exc_info=error)
        self._failure = self._failure or error


def _now() -> float:
    return asyncio.get_running_loop().time()
