"""Judge a challenge's outcome from its survey and its surroundings; nothing else does.

Combines what `checks` finds and weighs, what could not be judged, and whether the confirming rounds
were completed. An error raised in here becomes this challenge's own finding.
"""

from __future__ import annotations

import logging
import traceback
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from certbot_dns_preflight import checks
from certbot_dns_preflight.checks import phrases, resolver_trust, verdict
from certbot_dns_preflight.checks.comparer import Comparer
from certbot_dns_preflight.checks.rules import internal_error, unconfirmed
from certbot_dns_preflight.dnssec import assessment
from certbot_dns_preflight.facts.dnssec import NOT_COLLECTED, Trust, Validation
from certbot_dns_preflight.facts.finding import Severity
from certbot_dns_preflight.facts.obstacle import OutOfTime
from certbot_dns_preflight.facts.outcome import ChallengeOutcome, Verdict
from certbot_dns_preflight.facts.resolver_sight import ResolverSight
from certbot_dns_preflight.facts.survey import Survey

if TYPE_CHECKING:
    from certbot_dns_preflight.caa.policy import IssuanceRequest
    from certbot_dns_preflight.challenge import Challenge
    from certbot_dns_preflight.facts.environment import DomainEnvironment
    from certbot_dns_preflight.facts.finding import Finding
    from certbot_dns_preflight.run.inputs import Inputs
    from certbot_dns_preflight.settings import Settings

log = logging.getLogger(__name__)

_PACKAGE = Path(__file__).parents[1]
_NO_ANCHOR = (
    "DNSSEC not checked: discovery used a resolver or other root hints; add --trust-anchor FILE."
)


@dataclass(frozen=True, slots=True)
class Assessor:
    """Judges by the given settings; leaves out CAA and the surroundings without a `request`.

    One assessor is for one run, whose comparisons of values all go to its `comparer`.
    """

    settings: Settings
    inputs: Inputs
    request: IssuanceRequest | None
    comparer: Comparer = field(default_factory=Comparer)

    @property
    def _skip(self) -> frozenset[str]:
        return frozenset(self.settings.skip)

    def looks_ready(self, survey: Survey) -> bool:
        """Return whether the latest answers are as required, apart from codes that are skipped."""
        unreachable = self.settings.unreachable
        if verdict.is_ready(survey, unreachable=unreachable):
            return True
        if not self._skip:
            return False
        findings = checks.diagnose(survey, unreachable=unreachable, comparer=self.comparer)
        return self._weigh(survey, findings) is Verdict.READY

    def assess(
        self,
        survey: Survey,
        environment: DomainEnvironment,
        *,
        confirmed: bool,
        for_good: bool = False,
    ) -> ChallengeOutcome:
        """Judge a challenge; `confirmed` means that all required rounds were done, and agreed.

        `for_good`: what is not known now will not be; signatures not looked at are not sound.
        """
        try:
            return self._assess(survey, environment, confirmed=confirmed, for_good=for_good)
        except Exception as error:
            log.debug("%s could not be judged", survey.challenge.domain, exc_info=True)
            # Whatever broke the judging may break the wording too, so the answers are left out.
            return failed(unseen(survey.challenge), error)

    def _assess(
        self, survey: Survey, environment: DomainEnvironment, *, confirmed: bool, for_good: bool
    ) -> ChallengeOutcome:
        findings = checks.diagnose(
            survey, unreachable=self.settings.unreachable, comparer=self.comparer
        )
        if self.request is not None:
            findings = checks.with_environment(
                findings, survey, environment, request=self.request, comparer=self.comparer
            )
        judged = self._weigh(survey, findings)
        doubt: Finding | None = None
        if judged is Verdict.READY and not confirmed:
            doubt = unconfirmed.tell(survey, self.settings.confirmations)
        elif judged is Verdict.READY and for_good and self._lacks_signatures(environment):
            survey = replace(survey, ready_after=None)
            doubt = unconfirmed.tell_unvalidated(survey)
        if doubt is not None:
            findings = (doubt, *findings)
            judged = self._weigh(survey, findings)
        unjudged = self._unjudged(survey, environment, judged)
        unjudged += self._skipped_in_vain(findings, judged)
        return ChallengeOutcome(
            survey, judged, findings, unjudged, self._validation(survey, environment)
        )

    def _lacks_signatures(self, environment: DomainEnvironment) -> bool:
        """Return whether there was no time for them, though a validator would look at them."""
        is_asked = self.request is not None and not self.settings.asks_resolvers
        return is_asked and self.inputs.anchors is not None and environment.signatures is None

    def _weigh(self, survey: Survey, findings: tuple[Finding, ...]) -> Verdict:
        return verdict.judge(
            survey, findings, skip=self._skip, unreachable=self.settings.unreachable
        )

    def _skipped_in_vain(self, findings: tuple[Finding, ...], judged: Verdict) -> tuple[str, ...]:
        """Say so if all errors are skipped and it still is not ready, for want of any answer."""
        errors = dict.fromkeys(f.code for f in findings if f.severity is Severity.ERROR)
        if judged is Verdict.READY or not errors or not self._skip.issuperset(errors):
            return ()
        what = phrases.listed(errors)
        return (f"Skipping {what} makes nothing ready: no answer for the record itself was seen.",)

    def _validation(self, survey: Survey, environment: DomainEnvironment) -> Validation:
        """Return the DNSSEC result; without a trust anchor, DNSSEC is not checked."""
        if self.request is None:
            return NOT_COLLECTED
        if self.settings.asks_resolvers:
            return resolver_trust.validation(survey.sight or ResolverSight(()))
        if self.inputs.anchors is None:
            return Validation(Trust.UNCHECKED, _NO_ANCHOR)
        return assessment.summary(environment.signatures)

    def _unjudged(
        self, survey: Survey, environment: DomainEnvironment, judged: Verdict
    ) -> tuple[str, ...]:
        """Return what a ready challenge leaves unverified; others have worse problems."""
        if self.request is None or judged is not Verdict.READY:
            return ()
        if self.settings.asks_resolvers:
            return resolver_trust.unjudged(survey.sight or ResolverSight(()))
        if self.inputs.anchors is None:
            return (_NO_ANCHOR,)
        signatures = environment.signatures
        return () if signatures is None else checks.unjudged(signatures)


def failed(survey: Survey, error: Exception) -> ChallengeOutcome:
    """Return the outcome of a challenge that an internal error kept from being judged.

    It is not ready, whichever codes are skipped: nobody knows what the CA would see.
    """
    error = _innermost(error)
    finding = internal_error.tell(type(error).__name__, str(error), where=_where(error))
    return ChallengeOutcome(survey, Verdict.NOT_READY, (finding,))


def unseen(challenge: Challenge) -> Survey:
    """Return the survey of a challenge about which nothing is known."""
    return Survey(challenge, obstacle=OutOfTime(challenge.owner))


def _innermost(error: Exception) -> Exception:
    """Return the first cause from what a task group raised."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return error


def _where(error: Exception) -> str:
    """Return the innermost place in this package that an exception passed through."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        path = Path(frame.filename)
        if path.is_relative_to(_PACKAGE):
            return f"{path.relative_to(_PACKAGE).as_posix()}:{frame.lineno} in {frame.name}"
    return "unknown"
