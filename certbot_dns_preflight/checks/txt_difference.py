"""How served TXT values differ from the expected ones, byte by byte. Pure.

Decides which values are missing and unexpected, which expected value an unexpected one is nearest
to, and how much is compared at most. What is a mangling of what is for `manglings` to say. It knows
no servers, names or findings.
"""

from __future__ import annotations

import heapq
import itertools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from certbot_dns_preflight.checks.edit_distance import common_prefix, edit_distance
from certbot_dns_preflight.checks.manglings import (
    KEY_AUTHORIZATION,
    LONGEST_HOSTNAME,
    Kind,
    kind_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MOST_COMPARED = 64
"""Unexpected values that are compared with what is missing: those most like it."""
MOST_CONSIDERED = 2000
"""Unexpected values among which those are looked for, in the order served."""
MOST_MEASURED_BYTES = 100_000
"""Bytes of all values whose edit distance is measured in one comparison of two sets."""
_EXACT_STEPS = 400_000
"""Below this many steps (one byte of one comparison) every pair is measured."""
_NOISE = re.compile(rb"[^A-Za-z0-9_.-]")
_MOST_WANTED = 16


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
    comparisons: tuple[Comparison, ...]

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
    wanted, found = tuple(dict.fromkeys(expected)), tuple(dict.fromkeys(served))
    present, due = set(found), set(wanted)
    missing = tuple(value for value in wanted if value not in present)
    unexpected = tuple(value for value in found if value not in due)
    if not missing:
        return Difference(missing, unexpected, ())
    chosen = _most_alike(unexpected, missing)
    steps = sum(max(len(value), len(other)) for value in chosen for other in missing)
    comparisons = []
    measured = 0
    for value in chosen:
        measured += len(value)
        comparisons.append(
            _compare_one(
                value,
                missing,
                exactly=steps <= _EXACT_STEPS,
                measure=measured <= MOST_MEASURED_BYTES,
            )
        )
    return Difference(missing, unexpected, tuple(comparisons))


def _most_alike(unexpected: Sequence[bytes], missing: Sequence[bytes]) -> Sequence[bytes]:
    """Choose the values to compare, where there are too many: what begins or ends alike."""
    if len(unexpected) <= MOST_COMPARED:
        return unexpected
    wanted = [_bare(value) for value in missing[:_MOST_WANTED]]

    def likeness(value: bytes) -> tuple[bool, int]:
        is_authorization = len(value) <= LONGEST_HOSTNAME and bool(
            KEY_AUTHORIZATION.fullmatch(value.strip())
        )
        bare = _bare(value)
        return is_authorization, max(_shared(bare, one) for one in wanted)

    considered = unexpected[:MOST_CONSIDERED]
    return heapq.nlargest(MOST_COMPARED, considered, key=likeness)


def _bare(value: bytes) -> bytes:
    """Leave out what manglings change: case, blanks and quotes."""
    return _NOISE.sub(b"", value[:LONGEST_HOSTNAME]).lower()


def _compare_one(
    served: bytes, missing: Sequence[bytes], *, exactly: bool, measure: bool
) -> Comparison:
    kinds = {value: kind_of(served, value) for value in missing}
    mangled = [value for value, kind in kinds.items() if kind not in (None, Kind.HOSTNAME)]
    candidates = mangled or list(missing)
    if len(candidates) > 1 and exactly and measure:
        measured = [(_rank(edit_distance(served, value)), i) for i, value in enumerate(candidates)]
        nearest = candidates[min(measured)[1]]
    else:
        nearest = max(candidates, key=lambda value: _shared(served, value))
    return Comparison(
        served,
        nearest,
        common_prefix(served, nearest),
        edit_distance(served, nearest) if measure else None,
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
    return common_prefix(left, right) + common_prefix(left[::-1], right[::-1])
