"""What one address's answer amounts to, now and over the rounds. Judges no server and no zone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from certbot_dns_preflight.facts.answers import Absent, Alias, Answer, Values
from certbot_dns_preflight.facts.zone import Listing

if TYPE_CHECKING:
    from collections.abc import Iterable

    import dns.name

    from certbot_dns_preflight.facts.survey import Hop, Observation

UNSTABLE_FLIPS = 2
"""From here on an address went back and forth: catching up once is a single change."""


def is_usable(observation: Observation) -> bool:
    """Tell whether an address gave an authoritative answer, right or wrong.

    An answer that is another one for the letters of the question is none to go by.
    """
    return isinstance(observation.reading, Answer) and observation.fault is None


def now(observation: Observation) -> Observation:
    """Give an observation as it is where what an address said before does not count."""
    if observation.later is None:
        return observation
    return replace(observation, reading=observation.later, later=None)


def usable(hop: Hop) -> tuple[Observation, ...]:
    """List the addresses of the hop with an authoritative answer."""
    return tuple(observation for observation in hop.observations if is_usable(observation))


def within_reach(hop: Hop) -> tuple[Observation, ...]:
    """List the addresses that a resolver with an empty cache is sent to.

    They are those of the delegation: it learns of others only from an answer of these.
    """
    delegated = {s.name for s in hop.zone.nameservers if Listing.DELEGATION in s.listed_by}
    return tuple(o for o in hop.observations if not delegated or o.nameserver in delegated)


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


def shows_alias(observation: Observation, alias: Alias) -> bool:
    """Tell whether an address shows an alias to the same target."""
    return isinstance(observation.reading, Alias) and observation.reading.target == alias.target


def is_unstable(observation: Observation, expected: tuple[bytes, ...]) -> bool:
    """Tell whether an address went back and forth in this run."""
    if observation.flips == UNSTABLE_FLIPS:
        # An answer without them now: it caught up and lost them, which is a record that vanished.
        return (
            not is_usable(observation)
            or isinstance(observation.reading, Alias)
            or shows_all(observation, expected)
        )
    return observation.flips > UNSTABLE_FLIPS


def is_unsteady(observation: Observation, expected: tuple[bytes, ...]) -> bool:
    """Tell whether an address had the values in this run and does not show them reliably now."""
    return is_unstable(observation, expected) or (bool(expected) and observation.matched_before)


def nameservers(observations: Iterable[Observation]) -> tuple[dns.name.Name, ...]:
    """List the name servers of some addresses, each once, in order."""
    return tuple(dict.fromkeys(observation.nameserver for observation in observations))


def answer_key(observation: Observation) -> object:
    """Reduce an answer to what makes it the same as another's: its set of values, or its target."""
    match observation.reading:
        case Values(texts=values):
            return frozenset(values)
        case Alias(target=target):
            return target
        case _:
            return frozenset()
