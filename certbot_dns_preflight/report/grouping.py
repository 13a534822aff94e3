"""Which failed challenges look the same, so that each cause is described once. Pure.

Two look the same if their errors have the same codes on the same servers, and every address
answers alike; owner names, zones and values may differ.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from certbot_dns_preflight.facts.finding import Severity
from certbot_dns_preflight.facts.obstacle import NoSuchDomain
from certbot_dns_preflight.facts.outcome import Verdict

if TYPE_CHECKING:
    from collections.abc import Hashable

    from certbot_dns_preflight.facts.outcome import ChallengeOutcome, Outcome
    from certbot_dns_preflight.facts.survey import Hop


@dataclass(frozen=True, slots=True)
class Picture:
    """Challenges that failed alike, in the order asked; never empty."""

    challenges: tuple[ChallengeOutcome, ...]

    @property
    def zones(self) -> frozenset[object]:
        """The zones that must hold the records, as far as they are known."""
        return frozenset(c.survey.hops[-1].zone.apex for c in self.challenges if c.survey.hops)


def pictures(outcome: Outcome) -> list[Picture]:
    """Group the challenges that are not ready; those that explain the verdict come first."""
    groups: dict[Hashable, list[ChallengeOutcome]] = {}
    failed = [c for c in outcome.challenges if c.verdict is not Verdict.READY]
    for challenge in sorted(failed, key=lambda c: c.verdict is not outcome.verdict):
        groups.setdefault(look(challenge), []).append(challenge)
    return [Picture(tuple(group)) for group in groups.values()]


def look(challenge: ChallengeOutcome) -> Hashable:
    """Reduce a challenge that failed to what makes it the same as another's."""
    survey = challenge.survey
    errors = tuple(
        (f.code, f.nameserver, f.address, str(f.evidence.get("kind")))
        for f in challenge.findings
        if f.severity is Severity.ERROR
    )
    servers = tuple((hop.followed, _answers(hop)) for hop in survey.hops)
    obstacle = survey.obstacle.zone if isinstance(survey.obstacle, NoSuchDomain) else None
    return challenge.verdict, type(survey.obstacle), obstacle, errors, servers


def _answers(hop: Hop) -> Hashable:
    return tuple(
        (
            observation.nameserver,
            observation.endpoint,
            observation.status,
            observation.rcode,
        )
        for observation in hop.observations
    )
