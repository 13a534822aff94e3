"""The result of a run: per challenge a verdict, its findings and the facts behind them."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

from certbot_dns_preflight.facts.dnssec import NOT_COLLECTED

if TYPE_CHECKING:
    import datetime as dt

    from certbot_dns_preflight.facts.answers import Endpoint
    from certbot_dns_preflight.facts.dnssec import Validation
    from certbot_dns_preflight.facts.finding import Finding
    from certbot_dns_preflight.facts.limits import LimitMet
    from certbot_dns_preflight.facts.survey import Survey


class Verdict(enum.StrEnum):
    """Whether the CA may be told to look."""

    READY = "ready"
    NOT_READY = "not-ready"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True)
class Vantage:
    """From where we looked. `resolvers` is empty where discovery began at the root.

    `families` are those asked over; `left_out` those that this host has no route for.
    `asks_resolvers`: the resolvers were asked for everything, and no name server for anything.
    """

    resolvers: tuple[Endpoint, ...]
    families: tuple[str, ...]
    left_out: tuple[str, ...] = ()
    asks_resolvers: bool = False


@dataclass(frozen=True, slots=True)
class EarlyEnd:
    """Why a wait ended before its time, after so many seconds (`after`).

    `silent_for` is set where all that is missing are name servers that were found silent before,
    by an earlier run of this process: so many seconds ago, at the least. Else nothing that was
    waited for could come.
    """

    after: float
    silent_for: float | None = None


@dataclass(frozen=True, slots=True)
class ChallengeOutcome:
    """One challenge, judged. `findings` come most telling first: the first is the answer.

    `unjudged` says in sentences what a CA looks at and could not be judged from here; `dnssec` what
    DNSSEC comes to, whatever the verdict. `early_end` is set where not all the time was waited.
    """

    survey: Survey
    verdict: Verdict
    findings: tuple[Finding, ...]
    unjudged: tuple[str, ...] = ()
    dnssec: Validation = NOT_COLLECTED
    early_end: EarlyEnd | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """A whole run, challenges in the order asked. Times in seconds, `started` in UTC.

    `budgets` are the bounds of the run, and of zones in it, that were met.
    """

    started: dt.datetime
    elapsed: float
    vantage: Vantage
    challenges: tuple[ChallengeOutcome, ...]
    timeout: float | None = None
    budgets: tuple[LimitMet, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """Ready if all are; not ready if one is not; else inconclusive."""
        verdicts = {challenge.verdict for challenge in self.challenges}
        if Verdict.NOT_READY in verdicts:
            return Verdict.NOT_READY
        return Verdict.INCONCLUSIVE if Verdict.INCONCLUSIVE in verdicts else Verdict.READY


@dataclass(frozen=True, slots=True)
class Progress:
    """One moment of the wait, for those who show it. Times in seconds."""

    surveys: tuple[Survey, ...]
    elapsed: float
    timeout: float
    next_round_in: float
