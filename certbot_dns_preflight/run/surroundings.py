"""Collect what surrounds one challenge's record: CAA, signatures and what else a CA checks.

Decides how long that may take alongside the rounds, and what of an earlier look still holds.
`challenge_run` decides when the rounds end.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING

from certbot_dns_preflight.caa.relevant_set import unread
from certbot_dns_preflight.dnssec import assessment
from certbot_dns_preflight.facts.dnssec import Status
from certbot_dns_preflight.resolve.lateness import sleep_unhurried
from certbot_dns_preflight.run.timings import Deadline, cut_off

if TYPE_CHECKING:
    import dns.name

    from certbot_dns_preflight.challenge import Challenge
    from certbot_dns_preflight.facts.dnssec import Assessment
    from certbot_dns_preflight.facts.environment import DomainEnvironment
    from certbot_dns_preflight.run.assess import Assessor
    from certbot_dns_preflight.run.session import Collector
    from certbot_dns_preflight.run.timings import Timings


class Surroundings:
    """The surroundings of one challenge, as far as known, in `environment`."""

    def __init__(
        self,
        challenge: Challenge,
        environment: DomainEnvironment,
        collector: Collector,
        assessor: Assessor,
        timings: Timings,
    ) -> None:
        """Take what is already known, what asks for the rest, and whether it is needed at all."""
        self.environment = environment
        self._challenge = challenge
        self._collector = collector
        self._assessor = assessor
        self._timings = timings

    async def collect(self, walked: asyncio.Event) -> None:
        """Collect what surrounds the record; what is found before the cut-off counts.

        `walked` is set once the owner name's servers are known. What a precheck could not learn in
        its time gets slightly more here, while the record is waited for anyway.
        """
        known, collector = self.environment, self._collector
        if self._assessor.request is None or known.has_climbed:
            return
        patience = self._timings.environment if known.climb is None else self._a_few_tries
        begun = _now()
        limit = asyncio.timeout(None)
        try:
            async with limit, asyncio.TaskGroup() as group:
                ending = group.create_task(self._end(limit, patience, walked))
                await collector.collect(self._challenge)
                ending.cancel()
        except TimeoutError:
            if not limit.expired():
                raise
        finally:
            environment = collector.so_far(self._challenge, seconds=_now() - begun)
            self.environment = replace(environment, signatures=known.signatures)

    async def _end(self, limit: asyncio.Timeout, patience: float, walked: asyncio.Event) -> None:
        """End the collecting in time, but wait for the walk, which the record needs too.

        Delays on this machine do not reduce the time that servers get.
        """
        lateness = self._collector.lateness
        await sleep_unhurried(patience, lateness)
        if not walked.is_set():
            await walked.wait()
            await sleep_unhurried(self._a_few_tries, lateness)
        limit.reschedule(_now())

    async def ask_again(self, collecting: asyncio.Task[None], record_seen: asyncio.Event) -> None:
        """After collecting, query again the CAA that no server has answered for, ever less often.

        Servers that are back during a wait count as if they had never been away. Once the record
        has been seen, that is done for the last time.
        """
        await asyncio.wait([collecting])
        pause = self._timings.caa_again
        while self._assessor.request is not None and (climb := self.environment.climb):
            if not unread(climb):
                return
            if not record_seen.is_set():
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(pause):
                        await record_seen.wait()
            last = record_seen.is_set()
            async with cut_off(Deadline.after(self._a_few_tries)):
                climb = await self._collector.caa_again(climb)
                self.environment = replace(self.environment, climb=climb)
            if last:
                return
            pause = min(2 * pause, self._timings.caa_again_at_most)

    async def ask_for_keys(self, walked: asyncio.Event) -> None:
        """Ask for keys during the rounds; the rounds' own answers bring what they sign."""
        if self._assessor.request is not None and self._assessor.inputs.anchors is not None:
            await walked.wait()
            await self._collector.keys(self._challenge)

    @property
    def _a_few_tries(self) -> float:
        return self._timings.tries_more * self._assessor.settings.query_timeout

    def take_signatures(self, validated: Assessment, hop_owners: tuple[dns.name.Name, ...]) -> None:
        """Keep the part of a shared validation that concerns this challenge."""
        owners = [*hop_owners, *self.environment.caa_owners]
        signatures = assessment.concerning(validated, owners)
        self.environment = replace(self.environment, signatures=signatures)

    def are_unsigned(self, owners: tuple[dns.name.Name, ...]) -> bool:
        """Return whether the zone of the only owner name was found to be unsigned."""
        signatures = self.environment.signatures
        if signatures is None or len(owners) != 1:
            return False
        own = assessment.concerning(signatures, [self._challenge.owner])
        return own.status is Status.INSECURE


def _now() -> float:
    return asyncio.get_running_loop().time()
