"""Look until done or until time is up, and ask in time what a failure report needs.

Decides what is asked in the last moments before a deadline: after it nothing is asked, so that all
that is left is to judge and to report. `challenge_run` looks at one challenge.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from certbot_dns_preflight.resolve.tasks import together
from certbot_dns_preflight.run.timings import cut_off

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from certbot_dns_preflight.run.challenge_run import ChallengeRun
    from certbot_dns_preflight.run.signature_check import SignatureCheck
    from certbot_dns_preflight.run.timings import Deadline, Timings


class LastLook:
    """Looks at challenges whose time is `timeout` seconds, whenever it began."""

    def __init__(self, signatures: SignatureCheck, timings: Timings, *, timeout: float) -> None:
        """Take what checks signatures, and when to begin."""
        self._signatures = signatures
        self._after_last_round = timings.after_last_round(timeout)
        self._reserved = timings.reserved(timeout)

    async def until_the_end(
        self,
        look: Callable[[], Coroutine[None, None, None]],
        runs: Sequence[ChallengeRun],
        deadline: Deadline,
    ) -> bool:
        """Look until done or time is up, and return whether it is done.

        The report's last queries overlap with the last rounds. What needs only to be confirmed has
        time until the deadline; other rounds end shortly before it.
        """
        done = False
        async with asyncio.TaskGroup() as group:
            closer = group.create_task(self._look_closer(runs, deadline))
            async with cut_off(
                deadline.earlier(self._after_last_round),
                grace=self._after_last_round,
                deserved=lambda: all(run.looks_ready() for run in runs if run.is_open),
            ):
                await look()
                done = True
            if not done:
                async with cut_off(deadline):
                    await together([*(run.look_here() for run in runs), _ended(closer)])
            closer.cancel()
        return done

    async def _look_closer(self, runs: Sequence[ChallengeRun], deadline: Deadline) -> None:
        await asyncio.sleep(deadline.earlier(self._reserved).left)
        async with asyncio.TaskGroup() as group:
            for run in runs:
                group.create_task(self._look_closer_at(run, deadline))

    async def _look_closer_at(self, run: ChallengeRun, deadline: Deadline) -> None:
        """Ask what a failure report needs, including the signatures that it mentions."""
        await run.look_closer()
        if run.is_pending:
            await self._signatures.look_at([run], deadline)


async def _ended(task: asyncio.Task[None]) -> None:
    await asyncio.wait([task])
