"""The result of a run: for each challenge a verdict, its findings and the underlying facts."""

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
    """Whether the CA may be told to validate."""

    READY = "ready"
    NOT_READY = "not-ready"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True)
class Vantage:
    """Where the queries were sent from. `resolvers` is empty if discovery began at the root.

    `families` are the address families used; `left_out` those that this host has no route for.
    `asks_resolvers` means that all queries went to the resolvers, and none to a name server.
    """

    resolvers: tuple[Endpoint, ...]
    families: tuple[str, ...]
    left_out: tuple[str, ...] = ()
    asks_resolvers: bool = False


@dataclass(frozen=True, slots=True)
class EarlyEnd:
    """Why a wait ended early, after `after` seconds.

    `silent_for` is set if all that is missing are name servers that an earlier run of this process
    found silent: at least that many seconds ago. Otherwise nothing that was waited for could
    appear.
    """

    after: float
    silent_for: float | None = None


@dataclass(frozen=True, slots=True)
class ChallengeOutcome:
    """One challenge, judged. `findings` come most telling first: the first is the answer.

    `unjudged` lists, in sentences, what a CA checks and this host cannot. `dnssec` is the DNSSEC
    result, whatever the verdict. `early_end` is set if the wait ended early.
    """

    survey: Survey
    verdict: Verdict
    findings: tuple[Finding, ...]
    unjudged: tuple[str, ...] = ()
    dnssec: Validation = NOT_COLLECTED
    early_end: EarlyEnd | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """A whole run, challenges in the order given. Times in seconds, `started` in UTC.

    `budgets` are the limits that the run, and zones in it, reached. `given_out` are the verdicts of
    challenges that are not among these, as their outcomes were given out one by one.
    """

    started: dt.datetime
    elapsed: float
    vantage: Vantage
    challenges: tuple[ChallengeOutcome, ...]
    timeout: float | None = None
    budgets: tuple[LimitMet, ...] = ()
    given_out: frozenset[Verdict] = frozenset()

    @property
    def verdict(self) -> Verdict:
        """Ready if all are; not ready if one is not; otherwise inconclusive."""
        verdicts = {*self.given_out, *(challenge.verdict for challenge in self.challenges)}
        if Verdict.NOT_READY in verdicts:
            return Verdict.NOT_READY
        return Verdict.INCONCLUSIVE if Verdict.INCONCLUSIVE in verdicts else Verdict.READY


@dataclass(frozen=True, slots=True)
class Progress:
    """One moment of the wait, for progress displays. Times in seconds."""

    surveys: tuple[Survey, ...]
    elapsed: float
    timeout: float
    next_round_in: float
