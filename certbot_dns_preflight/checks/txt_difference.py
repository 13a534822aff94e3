"""How served TXT values differ from the expected ones, byte by byte. Pure.

Decides which values are missing and unexpected, which expected value an unexpected one is nearest
to, and how much is compared at most. `manglings` decides what is a known mangling of what. It knows
no servers, names or findings.
"""

from __future__ import annotations

import bisect
import heapq
import itertools
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import edit_distance as distances
from certbot_dns_preflight.checks.edit_distance import common_prefix, common_suffix, edit_distance
from certbot_dns_preflight.checks.manglings import (
    KEY_AUTHORIZATION,
    LONGEST_HOSTNAME,
    Kind,
    digest_of,
    kind_of,
    may_be_typo,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MOST_COMPARED = 64
"""Unexpected values that are compared with what is missing: those most like it."""
MOST_CONSIDERED = 2000
"""Unexpected values, and missing ones, among which those are looked for, in the order served."""
MOST_CANDIDATES = 8
"""Missing values that an unexpected one is compared with: those most like it."""
MOST_STEPS = 80_000
"""What comparing two sets may cost in all: a step is a byte of one pair, and more for long ones."""
_A_GLANCE = 8
"""Steps that it costs to see how much a value is like what is missing."""
_NOISE = re.compile(rb"[^A-Za-z0-9_.-]")
_A_PAIR = 64
"""Steps that a pair costs, however short."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """An unexpected value beside the expected one that it is nearest to.

    `offset` is the first differing byte, from 0 (where one value ends early, its length).
    `distance` counts inserted, removed and replaced bytes; None where both are too long to be
    worth measuring, or many were before. `foreign_key_authorization`: token.thumbprint, but of
    another challenge.
    """

    served: bytes
    expected: bytes
    offset: int
    distance: int | None
    kind: Kind | None
    foreign_key_authorization: bool = False

    @property
    def position(self) -> int:
        """The first differing byte as people count, from 1."""
        return self.offset + 1

    @property
    def contains(self) -> bool:
        """Whether the expected value stands whole inside the served one."""
        return bool(self.expected) and self.expected in self.served


@dataclass(frozen=True, slots=True)
class Difference:
    """Expected values not served, served values not expected, and each of these compared.

    Values are in the order given, each once. `comparisons` is empty if nothing is missing:
    then the others merely stand beside. Of very many values, not all are compared.
    """

    missing: tuple[bytes, ...]
    unexpected: tuple[bytes, ...]
    comparisons: tuple[Comparison, ...] = ()

    @property
    def not_compared(self) -> int:
        """How many unexpected values were left uncompared, beyond the bounds of this module."""
        return len(self.unexpected) - len(self.comparisons) if self.missing else 0

    @property
    def nearest(self) -> Comparison | None:
        """The most telling comparison: a known kind of mangling, else the smallest distance."""
        return min(self.comparisons, key=_telling, default=None)

    @property
    def telling(self) -> tuple[Comparison, ...]:
        """The nearest comparison, and one that shares neither of its values with it."""
        nearest = self.nearest
        if nearest is None:
            return ()
        others = (
            other
            for other in self.comparisons
            if other.expected != nearest.expected and other.served != nearest.served
        )
        return nearest, *itertools.islice(others, 1)


def compare(expected: Iterable[bytes], served: Iterable[bytes]) -> Difference:
    """Compare values as a CA does, byte for byte, in no order."""
    difference = differing(expected, served)
    work = Work(MOST_STEPS)
    return replace(difference, comparisons=nearest_pairs(difference, work))


def differing(expected: Iterable[bytes], served: Iterable[bytes]) -> Difference:
    """Find what is missing and what is unexpected; compare nothing."""
    wanted, found = dict.fromkeys(expected), dict.fromkeys(served)
    return Difference(
        tuple(value for value in wanted if value not in found),
        tuple(value for value in found if value not in wanted),
    )


def nearest_pairs(difference: Difference, work: Work) -> tuple[Comparison, ...]:
    """Compare unexpected values with what is missing, as far as the work allows; one at least."""
    missing, unexpected = difference.missing, difference.unexpected
    if not missing or not unexpected:
        return ()
    alike = _Alike(missing[:MOST_CONSIDERED])
    comparisons: list[Comparison] = []
    for value in _most_alike(unexpected, alike, work):
        candidates = alike.candidates(value)
        if not work.can_take(value, candidates) and comparisons:
            break
        comparisons.append(_compare_one(value, candidates, work))
    return tuple(comparisons)


class Work:
    """What may still be spent on one comparison of two sets: `steps`. `ran_out`: it needed more."""

    def __init__(self, steps: int) -> None:
        """Begin with so many steps."""
        self.left = steps
        self.ran_out = False

    def can_take(self, value: bytes, candidates: Sequence[bytes]) -> bool:
        """Spend what it takes to look for a mangling, if that is still there."""
        return self._spend(sum(_A_PAIR + len(value) + len(other) for other in candidates))

    def can_measure(self, value: bytes, candidates: Sequence[bytes]) -> bool:
        """Spend what it takes to measure the distances, if that is still there."""
        return self._spend(sum(distances.steps(value, other) for other in candidates))

    def glances(self, most: int) -> int:
        """Say how many values may be looked at to choose those to compare, for half of the rest."""
        some = min(most, self.left // 2 // _A_GLANCE)
        self.ran_out |= some < most
        self.left -= some * _A_GLANCE
        return some

    def _spend(self, steps: int) -> bool:
        if steps > self.left:
            self.ran_out = True
            return False
        self.left -= steps
        return True


class _Alike:
    """Finds, among missing values, those that begin or end as another value does."""

    def __init__(self, missing: Sequence[bytes]) -> None:
        self._missing = missing
        self._few = len(missing) <= MOST_CANDIDATES
        self._digests = set(missing)
        bare = [(_bare(value), value) for value in missing]
        self._by_begin = sorted(bare)
        self._by_end = sorted((one[::-1], value) for one, value in bare)

    def candidates(self, value: bytes) -> Sequence[bytes]:
        """Give those most like a value; all, where they are few."""
        if self._few:
            return self._missing
        digest = digest_of(value)
        near = [digest] if digest in self._digests else []
        bare = _bare(value)
        near += (other for _, other in _around(self._by_begin, bare))
        near += (other for _, other in _around(self._by_end, bare[::-1]))
        return tuple(dict.fromkeys(near))[:MOST_CANDIDATES]

    def likeness(self, value: bytes) -> int:
        """Count the bytes that a value has in common with the one that it is most like."""
        begin = _bare(value)
        end = begin[::-1]
        begins = [common_prefix(begin, one) for one, _ in _around(self._by_begin, begin, most=1)]
        ends = [common_prefix(end, one) for one, _ in _around(self._by_end, end, most=1)]
        return max(begins) + max(ends)


def _around(
    known: list[tuple[bytes, bytes]], bare: bytes, *, most: int = 2
) -> list[tuple[bytes, bytes]]:
    """Give what stands beside a value in the order of bytes: nothing begins more like it."""
    at = bisect.bisect_left(known, (bare, b""))
    return known[max(0, at - most) : at + most]


def _most_alike(unexpected: Sequence[bytes], alike: _Alike, work: Work) -> Sequence[bytes]:
    """Choose the values to compare, where there are too many: what begins or ends alike."""
    if len(unexpected) <= MOST_COMPARED * work.left // MOST_STEPS:
        return unexpected

    def likeness(value: bytes) -> tuple[bool, int]:
        is_authorization = len(value) <= LONGEST_HOSTNAME and bool(
            KEY_AUTHORIZATION.fullmatch(value.strip())
        )
        return is_authorization, alike.likeness(value)

    considered = unexpected[: work.glances(min(len(unexpected), MOST_CONSIDERED))]
    return heapq.nlargest(MOST_COMPARED, considered, key=likeness)


def _bare(value: bytes) -> bytes:
    """Leave out what manglings change: case, blanks and quotes."""
    return _NOISE.sub(b"", value[:LONGEST_HOSTNAME]).lower()


def _compare_one(served: bytes, missing: Sequence[bytes], work: Work) -> Comparison:
    kinds = {
        value: kind_of(
            served,
            value,
            typos=may_be_typo(served, value) and work.can_measure(served, [value]),
        )
        for value in missing
    }
    mangled = [value for value, kind in kinds.items() if kind not in (None, Kind.HOSTNAME)]
    candidates = mangled or list(missing)
    measurable = work.can_measure(served, candidates)
    if len(candidates) > 1 and measurable:
        measured = [(_rank(edit_distance(served, value)), i) for i, value in enumerate(candidates)]
        nearest = candidates[min(measured)[1]]
    else:
        nearest = max(candidates, key=lambda value: _shared(served, value))
    return Comparison(
        served,
        nearest,
        common_prefix(served, nearest),
        edit_distance(served, nearest) if measurable else None,
        kinds[nearest],
        foreign_key_authorization=kinds[nearest] is None
        and KEY_AUTHORIZATION.fullmatch(served.strip()) is not None,
    )


def _telling(comparison: Comparison) -> tuple[int, float, int]:
    match comparison.kind:
        case None:
            certainty = 2
        case Kind.HOSTNAME:
            certainty = 1
        case _:
            certainty = 0
    # Of two far ones, that of the expected length is likelier to be another challenge's value.
    odd_length = abs(len(comparison.served) - len(comparison.expected))
    return certainty, _rank(comparison.distance), odd_length


def _rank(distance: int | None) -> float:
    return float("inf") if distance is None else distance


def _shared(left: bytes, right: bytes) -> int:
    return common_prefix(left, right) + common_suffix(left, right)
