"""Whether the CA may be told to look: readiness from the facts, and the verdict with the findings.

`is_ready` reads the survey alone, by the definition at the top of `checks/__init__`, so that it and
the findings check each other; `judge` weighs both. No wording, no waiting.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.checks.observations import UNSTABLE_FLIPS, within_reach
from certbot_dns_preflight.codes import Code
from certbot_dns_preflight.facts.answers import (
    Alias,
    Answer,
    NoResponseReason,
    NotAsked,
    Unreachable,
    Values,
)
from certbot_dns_preflight.facts.finding import Severity
from certbot_dns_preflight.facts.obstacle import Intercepted, NoEgress, ParentFails
from certbot_dns_preflight.facts.outcome import Verdict
from certbot_dns_preflight.settings import UnreachablePolicy

if TYPE_CHECKING:
    from collections.abc import Iterable

    from certbot_dns_preflight.facts.answers import Reading
    from certbot_dns_preflight.facts.finding import Finding
    from certbot_dns_preflight.facts.survey import Hop, Observation, Survey


def is_ready(survey: Survey, *, unreachable: UnreachablePolicy = UnreachablePolicy.FAIL) -> bool:
    """Whether every name server of every zone passed shows what it must, by its latest answer.

    The consecutive rounds are the caller's to count. With no value expected, the servers must
    answer authoritatively and alike.
    """
    if survey.obstacle is not None or not survey.hops or survey.limits:
        return False
    *followed, final = survey.hops
    return (
        not any(zone.denying_parents for zone in survey.above)
        and not any(observation.flips >= UNSTABLE_FLIPS for observation in survey.observations)
        and all(_servers_answer(hop, unreachable) for hop in survey.hops)
        and all(_shows_one_alias(hop) for hop in followed)
        and _shows_values(final, survey.challenge.expected)
    )


def judge(
    survey: Survey,
    findings: Iterable[Finding],
    *,
    skip: frozenset[str] = frozenset(),
    unreachable: UnreachablePolicy = UnreachablePolicy.FAIL,
) -> Verdict:
    """Weigh the findings, those of `skip` left out, and the readiness of the survey.

    Where nothing could be seen at all (no final zone, or a zone of which no server answers),
    skipping a code makes nothing ready: there is no answer that the CA could get.
    """
    if isinstance(survey.obstacle, NoEgress | Intercepted):
        return Verdict.INCONCLUSIVE
    errors = [finding.code for finding in findings if finding.severity is Severity.ERROR]
    if not skip.issuperset(errors):
        # Where a limit kept us from seeing anything, nothing is known of the record.
        unseen = set(errors) - skip == {Code.LIMIT_REACHED} and not _has_answers(survey)
        return Verdict.INCONCLUSIVE if unseen else Verdict.NOT_READY
    if is_ready(survey, unreachable=unreachable):
        return Verdict.READY
    return Verdict.READY if errors and _was_surveyed(survey) else Verdict.NOT_READY


def _has_answers(survey: Survey) -> bool:
    """Whether any address answered for the record, or for an alias that leads to it."""
    return any(_answered(observation) for observation in survey.observations)


def _was_surveyed(survey: Survey) -> bool:
    return (
        isinstance(survey.obstacle, ParentFails | None)
        and bool(survey.hops)
        and all(
            any(_answered(observation) for observation in within_reach(hop)) for hop in survey.hops
        )
    )


def _answered(observation: Observation) -> bool:
    return isinstance(observation.reading, Answer)


def _is_silent(reading: Reading) -> bool:
    """Whether an address merely did not answer, so that another of its server may stand in."""
    match reading:
        case NotAsked():
            return True
        case Unreachable(reason=reason):
            return reason is not NoResponseReason.TRUNCATED
        case _:
            return False


def _servers_answer(hop: Hop, unreachable: UnreachablePolicy) -> bool:
    if not any(_answered(observation) for observation in within_reach(hop)):
        return False
    if hop.zone.denying_parents:
        return False
    if unreachable is UnreachablePolicy.WARN:
        return True
    if any(observation.fault is not None for observation in hop.observations):
        return False  # silent or not, it is there, and fails for a CA's resolver
    answering = {
        observation.nameserver for observation in hop.observations if _answered(observation)
    }
    everyone = {server.name for server in hop.zone.nameservers}
    everyone.update(observation.nameserver for observation in hop.observations)
    return (
        everyone <= answering
        and not hop.zone.unheard
        and all(
            _answered(observation) or _is_silent(observation.reading)
            for observation in hop.observations
        )
    )


def _shows_one_alias(hop: Hop) -> bool:
    readings = [observation.reading for observation in hop.observations if _answered(observation)]
    aliases = [reading for reading in readings if isinstance(reading, Alias)]
    return (
        len(aliases) == len(readings)
        and len({alias.target for alias in aliases}) == 1
        and not any(alias.conflict for alias in aliases)
    )


def _shows_values(hop: Hop, expected: tuple[bytes, ...]) -> bool:
    answers = [observation for observation in hop.observations if _answered(observation)]
    if any(isinstance(observation.reading, Alias) for observation in answers):
        return False
    readings = [observation.reading for observation in answers]
    served = [set(reading.texts) if isinstance(reading, Values) else set() for reading in readings]
    if not expected:
        return all(values == served[0] for values in served)
    return all(values.issuperset(expected) for values in served)
