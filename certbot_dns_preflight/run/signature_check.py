"""Check whether a validator would believe what several challenges show, all at once.

Decides how long that may take, and confines an error to the challenge that it concerns. `dnssec`
judges the signatures themselves.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from certbot_dns_preflight.dnssec import assessment
from certbot_dns_preflight.run.timings import Deadline, cut_off

if TYPE_CHECKING:
    from collections.abc import Sequence

    from certbot_dns_preflight.dnssec.anchors import Anchors
    from certbot_dns_preflight.facts.dnssec import Assessment
    from certbot_dns_preflight.run.assess import Assessor
    from certbot_dns_preflight.run.challenge_run import ChallengeRun
    from certbot_dns_preflight.run.session import Collector
    from certbot_dns_preflight.run.timings import Timings

log = logging.getLogger(__name__)


class SignatureCheck:
    """Checks the signatures of a run's challenges."""

    def __init__(self, collector: Collector, assessor: Assessor, timings: Timings) -> None:
        """Take what asks for keys and denials, and what knows the CA and the trust anchors."""
        self._collector = collector
        self._assessor = assessor
        self._timings = timings

    async def look_at(
        self, runs: Sequence[ChallengeRun], deadline: Deadline, *, again: bool = False
    ) -> None:
        """Check whether a validator would believe the records, or their absence.

        Doubtful zones are queried once more, at every address; with `again`, even if they already
        were.
        """
        if self._assessor.request is None or self._assessor.inputs.anchors is None:
            return
        try:
            await self._validate([run for run in runs if run.signed_owners()], deadline, again)
        except Exception as error:
            if len(runs) == 1:
                runs[0].fail(error)
                return
            log.debug("A fault in validating; once more, name by name", exc_info=True)
            for run in runs:
                await self.look_at([run], deadline, again=again)

    async def _validate(
        self,
        runs: Sequence[ChallengeRun],
        deadline: Deadline,
        again: bool,  # noqa: FBT001 - private
    ) -> None:
        trusted = self._assessor.inputs.anchors
        if trusted is None or not runs:
            return
        seconds = max(self._timings.least_for_signatures, deadline.left)
        async with cut_off(Deadline.after(seconds)):
            validated = await self._assess(runs, trusted, seconds)
            doubtful = assessment.doubtful(validated)
            blamed = assessment.blamed(validated)
            if doubtful and self._collector.ask_anew(doubtful, but=blamed, again=again):
                self._keep(runs, validated)  # in case there is no time for more
                validated = await self._assess(runs, trusted, seconds)
            self._keep(runs, validated)

    async def _assess(
        self, runs: Sequence[ChallengeRun], trusted: Anchors, seconds: float
    ) -> Assessment:
        for run in runs:
            self._collector.take_rounds(run.signed_replies())
        facts = await self._collector.signed_records(
            {owner for run in runs for owner in run.signed_owners()},
            {owner for run in runs for owner in run.caa_owners},
        )
        return await assessment.assess(
            facts, trusted, seconds=min(seconds, self._timings.validation)
        )

    def _keep(self, runs: Sequence[ChallengeRun], validated: Assessment) -> None:
        for run in runs:
            run.take_signatures(validated)
