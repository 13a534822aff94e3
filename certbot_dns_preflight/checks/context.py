"""A survey as diagnoses want to see it: which zone must hold the values, who shows what.

Sorts observations; words nothing and judges nothing beyond "this answer is usable".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import txt_difference
from certbot_dns_preflight.facts.answers import Absent, Alias, Answer, Values
from certbot_dns_preflight.facts.finding import Severity
from certbot_dns_preflight.facts.survey import OutOfTime, agreed_alias
from certbot_dns_preflight.settings import UnreachablePolicy

if TYPE_CHECKING:
    import dns.name

    from certbot_dns_preflight.checks.txt_difference import Comparison
    from certbot_dns_preflight.facts.survey import Hop, Observation, Survey

UNSTABLE_FLIPS = 2
"""From here on an address went back and forth: catching up once is a single change."""


@dataclass(frozen=True, slots=True)
class Context:
    """What several diagnoses need to know about a survey.

    `final` is the hop that must hold the values, None where the walk did not get there;
    `followed` are those before it, whose servers must show the alias.
    """

    survey: Survey
    expected: tuple[bytes, ...]
    unreachable: UnreachablePolicy
    final: Hop | None
    followed: tuple[Hop, ...]

    @property
    def holding(self) -> tuple[Observation, ...]:
        """Addresses of the final zone that show every expected value now."""
        return tuple(
            observation for observation in self.usable if shows_all(observation, self.expected)
        )

    @property
    def lacking(self) -> tuple[Observation, ...]:
        """Addresses of the final zone with a usable answer that lacks an expected value.

        Those that lost it in this run, or go back and forth, are `stability`'s.
        """
        return tuple(
            observation
            for observation in self.usable
            if not shows_all(observation, self.expected)
            and not is_unsteady(observation, self.expected)
        )

    @property
    def usable(self) -> tuple[Observation, ...]:
        """Addresses of the final zone with an authoritative answer."""
        return usable(self.final) if self.final else ()

    @property
    def served(self) -> tuple[bytes, ...]:
        """All values that the final zone's addresses show, each once."""
        return tuple(
            dict.fromkeys(text for observation in self.usable for text in texts(observation))
        )

    @property
    def misplaced(self) -> frozenset[bytes]:
        """Expected values that no address shows where they belong, but that were seen elsewhere."""
        return frozenset(s.value for s in self.survey.probes.sightings) - set(self.served)

    @property
    def unsteady(self) -> tuple[Observation, ...]:
        """Addresses that lack the values now and had them in this run."""
        return tuple(
            observation
            for observation in self.usable
            if is_unsteady(observation, self.expected) and not shows_all(observation, self.expected)
        )

    @property
    def partly_served(self) -> bool:
        """Whether any expected value is served by anybody."""
        return not set(self.served).isdisjoint(self.expected)

    @property
    def nobody_has_all(self) -> bool:
        """Whether the final zone's servers agree that there is a TXT or none, but lack a value.

        False where `stability`, `agreement` or `aliases` have the better explanation.
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
    def conflicts(self) -> tuple[Observation, ...]:
        """Addresses that show other data beside a CNAME."""
        return tuple(
            observation
            for hop in self.survey.hops
            for observation in hop.observations
            if isinstance(observation.reading, Alias) and observation.reading.conflict
        )

    @property
    def caught_by_wildcard(self) -> bool:
        """Whether a wildcard alias catches the owner name and so keeps it from being ready.

        Before a record is made it does no harm, if it leads somewhere: the record itself will
        take the name out of the wildcard.
        """
        lost = not self.partly_served if self.expected else self.survey.obstacle is not None
        return self.survey.probes.wildcard_alias is not None and lost and not self.misplaced

    @property
    def nearest(self) -> Comparison | None:
        """How the most telling of the served values differs from what is missing."""
        return txt_difference.compare(self.expected, self.served).nearest

    @property
    def target(self) -> dns.name.Name:
        """The name that must hold the values, as far as known."""
        chain = self.survey.alias_chain
        return self.final.owner if self.final else (*chain, self.survey.challenge.owner)[0]

    @property
    def through_alias(self) -> bool:
        """Whether the values belong at an alias's target."""
        return bool(self.followed)

    def leniently(self, hop: Hop) -> Severity:
        """Severity of a server's trouble: excusable only while another server of it answers."""
        excused = self.unreachable is UnreachablePolicy.WARN and bool(usable(hop))
        return Severity.WARNING if excused else Severity.ERROR


def read(survey: Survey, unreachable: UnreachablePolicy) -> Context:
    """Tell the hop that must hold the values from those that must show an alias."""
    final, followed = None, survey.hops
    if survey.hops:
        last = survey.hops[-1]
        unfinished = (
            isinstance(survey.obstacle, OutOfTime)
            and agreed_alias(last, survey.challenge.expected) is None
        )
        if survey.obstacle is None or unfinished:
            final, followed = last, survey.hops[:-1]
    return Context(survey, survey.challenge.expected, unreachable, final, followed)


def is_usable(observation: Observation) -> bool:
    """Tell whether an address gave an authoritative answer, right or wrong."""
    return isinstance(observation.reading, Answer)


def usable(hop: Hop) -> tuple[Observation, ...]:
    """List the addresses of the hop with an authoritative answer."""
    return tuple(observation for observation in hop.observations if is_usable(observation))


def texts(observation: Observation) -> tuple[bytes, ...]:
    """List the TXT values that an address shows at the owner name."""
    return observation.reading.texts if isinstance(observation.reading, Values) else ()


def shows_all(observation: Observation, expected: tuple[bytes, ...]) -> bool:
    """Tell whether an address shows every expected value; if none is expected, TXT or NODATA do."""
    if not expected:
        return isinstance(observation.reading, Values | Absent)
    return isinstance(observation.reading, Values) and set(observation.reading.texts).issuperset(
        expected
    )


def is_unstable(observation: Observation, expected: tuple[bytes, ...]) -> bool:
    """Tell whether an address went back and forth in this run."""
    if observation.flips == UNSTABLE_FLIPS:
        # Without them now, it caught up and lost them: that is a record that vanished.
        return isinstance(observation.reading, Alias) or shows_all(observation, expected)
    return observation.flips > UNSTABLE_FLIPS


def is_unsteady(observation: Observation, expected: tuple[bytes, ...]) -> bool:
    """Tell whether an address had the values in this run and does not show them reliably now."""
    return is_unstable(observation, expected) or (bool(expected) and observation.matched_before)


def nameservers(observations: tuple[Observation, ...]) -> tuple[dns.name.Name, ...]:
    """List the name servers of some addresses, each once, in order."""
    return tuple(dict.fromkeys(observation.nameserver for observation in observations))
