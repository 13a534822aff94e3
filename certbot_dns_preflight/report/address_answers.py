"""What each address of a hop answers, in words, and how that is to be coloured. Pure.

Decides which answers do not pass for good ones though they are right: those of an address that
changes its mind, or whose signatures fail. `evidence` lays them out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.checks.observations import UNSTABLE_FLIPS
from certbot_dns_preflight.codes import Code
from certbot_dns_preflight.facts.answers import Values
from certbot_dns_preflight.facts.survey import Status
from certbot_dns_preflight.report.words import shown_value, state_words

if TYPE_CHECKING:
    from certbot_dns_preflight.facts.outcome import ChallengeOutcome
    from certbot_dns_preflight.facts.survey import Hop, Observation

_VALUE_ROOM = 30
_DIFFERENT = 2
_Place = tuple[object, object, object]


def bogus_places(challenge: ChallengeOutcome) -> frozenset[_Place]:
    """Collect the addresses whose answers do not validate: name server, address and port."""
    return frozenset(
        (place.get("nameserver"), place.get("address"), place.get("port"))
        for finding in challenge.findings
        if finding.code == Code.DNSSEC_BOGUS
        for fault in _mappings(finding.evidence.get("faults"))
        for place in _mappings(fault.get("addresses"))
    )


def _mappings(value: object) -> list[dict[str, object]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


class AddressAnswers:
    """What each address of a hop answers, in words, and how that is to be coloured."""

    def __init__(self, hop: Hop, expected: tuple[bytes, ...], bogus: frozenset[_Place]) -> None:
        """Take a hop, the values expected, and the addresses whose answers do not validate."""
        self.hop, self.expected, self._bogus = hop, expected, bogus
        others = _other_values(hop, expected)
        self._others = frozenset[bytes]().union(*others) if len(others) >= _DIFFERENT else None

    def answer(self, seen: Observation, *, timed: bool = True) -> tuple[str, Status]:
        """Word it; an answer that is right now, but not to be relied on, is not a good one."""
        followed = self.hop.followed
        words = state_words(seen, self.expected, followed=followed, timed=timed)
        words += _which(seen, self._others, followed=followed)
        if seen.status is Status.MATCH and seen.flips >= UNSTABLE_FLIPS:
            return f"ok now, {seen.flips} changes", Status.PARTIAL
        place = seen.nameserver.to_text(), seen.endpoint.address, seen.endpoint.port
        if place in self._bogus:
            shown = "record present" if seen.status is Status.MATCH else words
            return f"{shown}, DNSSEC fails", Status.MISMATCH
        return words, seen.status


def _other_values(hop: Hop, expected: tuple[bytes, ...]) -> frozenset[frozenset[bytes]]:
    """Collect the different sets of values, other than the expected, that addresses show."""
    return frozenset(
        frozenset(observation.reading.texts).difference(expected)
        for observation in hop.observations
        if isinstance(observation.reading, Values)
    ) - {frozenset()}


def _which(observation: Observation, others: frozenset[bytes] | None, *, followed: bool) -> str:
    """Say which other values an address shows, where not all that show any show the same."""
    if followed or others is None or not isinstance(observation.reading, Values):
        return ""
    mine = [text for text in dict.fromkeys(observation.reading.texts) if text in others]
    if not mine:
        return ""
    more = f" and {len(mine) - 1} more" if len(mine) > 1 else ""
    return f": {shown_value(mine[0], _VALUE_ROOM, '...')}{more}"
