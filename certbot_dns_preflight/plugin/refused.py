"""Explain a CA's refusal: look once more, and compare that with what was seen before.

Decides how long that may take. Importing this loads dnspython.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from certbot_dns_preflight.plugin import outcome
from certbot_dns_preflight.report import ca_refusal
from certbot_dns_preflight.run import waiting

if TYPE_CHECKING:
    from collections.abc import Sequence

    from certbot.achallenges import AnnotatedChallenge

    from certbot_dns_preflight.challenge import Challenge
    from certbot_dns_preflight.facts.outcome import Outcome
    from certbot_dns_preflight.run.inputs import Inputs
    from certbot_dns_preflight.settings import Settings

_SECONDS = 5.0


def explain(
    failed: Sequence[AnnotatedChallenge],
    asked: Sequence[Challenge],
    settings: Settings,
    *,
    before: Outcome | None,
    inputs: Inputs | None,
) -> str:
    """Return what was seen `before` and what is seen now of the names that the CA refused."""
    refusals = outcome.refusals(failed)
    names = {r.domain.removeprefix("*.").lower() for r in refusals}
    again = [challenge for challenge in asked if challenge.domain in names]
    quickly = replace(
        settings,
        timeout=min(settings.timeout, _SECONDS),
        query_timeout=min(settings.query_timeout, _SECONDS / 4),
        confirmations=1,
    )
    extras = waiting.Extras(inputs=inputs)
    now = waiting.run(again, quickly, wait=False, extras=extras) if again else None
    return ca_refusal.hint(refusals, before=before, now=now)
