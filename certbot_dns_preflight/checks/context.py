"""A survey as rules want to see it: which zone must hold the values, who shows what, who differs.

Everything that several rules need is computed once, in `read`; nothing is worded here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import partition
from certbot_dns_preflight.checks.comparer import Comparer
from certbot_dns_preflight.checks.observations import (
    is_unsteady,
    shows_all,
    texts,
    usable,
)
from certbot_dns_preflight.checks.trouble import Trouble, troubles
from certbot_dns_preflight.facts.answers import Alias
from certbot_dns_preflight.facts.environment import DomainEnvironment
from certbot_dns_preflight.facts.finding import Severity
from certbot_dns_preflight.facts.obstacle import OutOfTime, ParentFails
from certbot_dns_preflight.facts.survey import agreed_alias
from certbot_dns_preflight.settings import UnreachablePolicy

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    import dns.name

    from certbot_dns_preflight.caa.policy import IssuanceRequest
    from certbot_dns_preflight.checks.partition import Partition
    from certbot_dns_preflight.checks.txt_difference import Comparison
    from certbot_dns_preflight.codes import Code
    from certbot_dns_preflight.facts.answers import Endpoint
    from certbot_dns_preflight.facts.survey import Hop, Observation, Survey


@dataclass(frozen=True, slots=True)
class Context:
    """What several rules need to know about a survey.

    `final` is the hop that must hold the values, None where the walk did not get there; `followed`
    are those before it, whose servers must show the alias. Of the final zone's addresses, `usable`
    have an authoritative answer; of these, `holding` show every expected value now, `unsteady` had
    them in this run and lack them, `lacking` are the rest. `served` are all values shown,
    `comparisons` say how the most telling of them differ from what is missing, the `nearest` first,
    `not_compared` how many were too many to be compared for that. `misplaced` are expected values
    that no address shows where they belong, but that were seen elsewhere. `conflicts` are addresses
    that show other data beside a CNAME. `partitions` are the zones whose servers do not answer
    alike, the final one first; `troubles` how servers without a usable answer fail.

    Rules about CAA, DNSSEC and views read `environment`, and `request`: who asks for a certificate,
    None where nobody does. `survey_failed`: an error is reported already of what the survey shows,
    so that its servers' failures need not be reported again. `comparer` compares more values.
    """

    survey: Survey
    expected: tuple[bytes, ...]
    unreachable: UnreachablePolicy
    final: Hop | None
    followed: tuple[Hop, ...]
    usable: tuple[Observation, ...]
    holding: tuple[Observation, ...]
    lacking: tuple[Observation, ...]
    unsteady: tuple[Observation, ...]
    served: tuple[bytes, ...]
    misplaced: frozenset[bytes]
    conflicts: tuple[Observation, ...]
    comparisons: tuple[Comparison, ...]
    not_compared: int
    partitions: tuple[Partition, ...]
    troubles: tuple[Trouble, ...]
    environment: DomainEnvironment
    request: IssuanceRequest | None
    survey_failed: bool
    comparer: Comparer

    def troubles_with(self, code: Code) -> Iterator[Trouble]:
        """Give the failures with one code, at most one at each severity."""
        return (trouble for trouble in self.troubles if trouble.code is code)

    @property
    def nearest(self) -> Comparison | None:
        """How the served value nearest to a missing one differs from it."""
        return self.comparisons[0] if self.comparisons else None

    @property
    def partly_served(self) -> bool:
        """Whether any expected value is served by anybody."""
        return not set(self.served).isdisjoint(self.expected)

    @property
    def nobody_has_all(self) -> bool:
        """Whether the final zone's servers agree that there is a TXT or none, but lack a value.

        False where rules about stability, agreement or aliases have the better explanation.
        """
        return bool(
            self.expected
            and self.lacking
            and not self.holding
            and not self.unsteady
            and not self.conflicts
            and not self.caught_by_wildcard
            and not any(isinstance(observation.reading, Alias) for observation in self.lacking)
        )

    @property
    def caught_by_wildcard(self) -> bool:
        """Whether a wildcard alias catches the owner name and so keeps it from being ready.

        Before a record is made it does no harm, if it leads somewhere: the record itself will
        take the name out of the wildcard. Nor is anything known to be lost where the target's
        servers give no usable answer.
        """
        lost = not self.partly_served if self.expected else self.survey.obstacle is not None
        unknown = self.final is not None and not self.usable
        return (
            self.survey.probes.wildcard_alias is not None
            and lost
            and not unknown
            and not self.misplaced
        )

    @property
    def only_from_wildcard(self) -> bool:
        """Whether all that is served is a wildcard's, and the name itself holds nothing."""
        return bool(self.served) and self.survey.probes.wildcard_texts.issuperset(self.served)

    @property
    def leftover(self) -> frozenset[dns.name.Name]:
        """The name servers that are delegated to, and that the zone itself no longer lists."""
        return frozenset(name for part in self.partitions for name in part.leftover)

    @property
    def target(self) -> dns.name.Name:
        """The name that must hold the values, as far as known."""
        chain = self.survey.alias_chain
        return self.final.owner if self.final else (*chain, self.survey.challenge.owner)[0]

    @property
    def through_alias(self) -> bool:
        """Whether the values belong at an alias's target."""
        return bool(self.followed)


def read(  # noqa: PLR0913 - a survey, and by keyword what is around it
    survey: Survey,
    unreachable: UnreachablePolicy = UnreachablePolicy.FAIL,
    *,
    environment: DomainEnvironment | None = None,
    request: IssuanceRequest | None = None,
    survey_failed: bool = False,
    comparer: Comparer | None = None,
) -> Context:
    """Tell the hop that must hold the values from those that must show an alias, and sort both."""
    comparer = comparer or Comparer()
    expected = survey.challenge.expected
    final, followed = _final_and_followed(survey)
    ailing = troubles(survey, unreachable)
    # What fails now is reported as failing; what it answered before adds nothing to that.
    failing = {
        (observation.nameserver, observation.endpoint)
        for trouble in ailing
        if trouble.severity is Severity.ERROR
        for observation in trouble.at
    }
    answering = usable(_without(final, failing)) if final else ()
    holding = tuple(o for o in answering if shows_all(o, expected))
    missing = tuple(o for o in answering if not shows_all(o, expected))
    lacking = tuple(o for o in missing if not is_unsteady(o, expected))
    unsteady = tuple(o for o in missing if is_unsteady(o, expected))
    served = tuple(dict.fromkeys(text for o in answering for text in texts(o)))
    difference = comparer.compare(expected, served)
    conflicts = tuple(
        observation
        for hop in survey.hops
        for observation in hop.observations
        if isinstance(observation.reading, Alias) and observation.reading.conflict
    )
    parts: list[tuple[Partition | None, Hop]] = []
    if final is not None and not conflicts:
        right, wrong = (holding, lacking) if expected else partition.by_newest(answering)
        if right and wrong:
            part = partition.of_values(final.owner, right, wrong, expected, comparer=comparer)
            parts.append((part, final))
        elif wrong and expected and not unsteady:
            parts.append((partition.of_scattered(final.owner, wrong, served, expected), final))
    parts += ((partition.of_alias(_without(hop, failing), expected), hop) for hop in followed)
    return Context(
        survey=survey,
        expected=expected,
        unreachable=unreachable,
        final=final,
        followed=followed,
        usable=answering,
        holding=holding,
        lacking=lacking,
        unsteady=unsteady,
        served=served,
        misplaced=frozenset(s.value for s in survey.probes.sightings) - set(served),
        conflicts=conflicts,
        comparisons=difference.telling,
        not_compared=difference.not_compared,
        partitions=tuple(
            partition.with_leftover(part, hop.zone) for part, hop in parts if part is not None
        ),
        troubles=ailing,
        environment=environment or DomainEnvironment(),
        request=request,
        survey_failed=survey_failed,
        comparer=comparer,
    )


def _without(hop: Hop, failing: Collection[tuple[dns.name.Name, Endpoint]]) -> Hop:
    """Leave out the earlier answers of servers that are reported as failing now."""
    return replace(
        hop,
        observations=tuple(
            observation
            for observation in hop.observations
            if observation.later is None
            or (observation.nameserver, observation.endpoint) not in failing
        ),
    )


def _final_and_followed(survey: Survey) -> tuple[Hop | None, tuple[Hop, ...]]:
    if not survey.hops:
        return None, ()
    last = survey.hops[-1]
    unfinished = (
        isinstance(survey.obstacle, OutOfTime | ParentFails)
        and agreed_alias(last, survey.challenge.expected) is None
    )
    if survey.obstacle is None or unfinished:
        return last, survey.hops[:-1]
    return None, survey.hops
