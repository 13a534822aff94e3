"""How served TXT values differ from the expected ones, byte by byte. Pure.

Decides which values are missing and unexpected, which expected value an unexpected one is nearest
to, and whether a known kind of mangling lies between them. It knows no servers, names or findings.
"""

from __future__ import annotations

import base64
import enum
import hashlib
import heapq
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

MOST_COMPARED = 64
"""Unexpected values that are compared with what is missing: those most like it."""
MOST_CONSIDERED = 2000
"""Unexpected values among which those are looked for, in the order served."""
MOST_MEASURED_BYTES = 100_000
"""Bytes of all values whose edit distance is measured in one comparison of two sets."""
_EXACT_STEPS = 400_000
"""Below this many steps (one byte of one comparison) every pair is measured."""
_LONGEST_MEASURED = 8192
_MUCH_LONGER = 8
_TYPO_DISTANCE = 2
_TYPO_LENGTH = 8
_SENSIBLE_PREFIX = 8
_BLANKS = re.compile(rb"[\s\x00]|\xc2\xa0|\xe2\x80[\x8b\xaf]|\xef\xbb\xbf")
_QUOTES = re.compile(rb"\\?[\"'`]|\xe2\x80[\x98-\x9f]|\xc2[\xab\xbb]")
_NOISE = re.compile(rb"[^A-Za-z0-9_.-]")
_MOST_WANTED = 16
_KEY_AUTHORIZATION = re.compile(rb"[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{43}")
_HOSTNAME = re.compile(
    rb"(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.)+[A-Za-z][A-Za-z0-9-]+\.?"
)
_LONGEST_HOSTNAME = 254


class Kind(enum.StrEnum):
    """A known way to get a value wrong (the contract's words)."""

    KEY_AUTHORIZATION = "key-authorization"
    WHITESPACE = "whitespace"
    QUOTED = "quoted"
    CASE = "case"
    TRUNCATED = "truncated"
    TYPO = "typo"
    HOSTNAME = "hostname"


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
        is_authorization = len(value) <= _LONGEST_HOSTNAME and bool(
            _KEY_AUTHORIZATION.fullmatch(value.strip())
        )
        bare = _bare(value)
        return is_authorization, max(_shared(bare, one) for one in wanted)

    considered = unexpected[:MOST_CONSIDERED]
    return heapq.nlargest(MOST_COMPARED, considered, key=likeness)


def _bare(value: bytes) -> bytes:
    """Leave out what manglings change: case, blanks and quotes."""
    return _NOISE.sub(b"", value[:_LONGEST_HOSTNAME]).lower()


def kind_of(served: bytes, expected: bytes) -> Kind | None:
    """Name the mangling that turns `expected` into `served`, if it is a known one.

    The order goes from certain to likely: a cut-off last character is truncation, not a typo;
    a hostname says nothing about the expected value and comes last.
    """
    if served == expected:
        return None
    if len(served) > _MUCH_LONGER * (len(expected) + 64):
        return None  # no known mangling adds that much, and reading it all takes its time
    return next((kind for kind, applies in _KINDS if applies(served, expected)), None)


def edit_distance(left: bytes, right: bytes) -> int | None:
    """Count the least insertions, removals and replacements; None if both are very long.

    Myers' bit-parallel form: one step a byte of the longer value, so 64 KiB stay cheap.
    """
    if left == right:
        return 0
    start = _common_prefix(left, right)
    left, right = left[start:], right[start:]
    end = _common_prefix(left[::-1], right[::-1])
    if end:
        left, right = left[:-end], right[:-end]
    short, long = sorted((left, right), key=len)
    if not short:
        return len(long)
    if len(long) > _LONGEST_MEASURED:
        return None
    return _myers(short, long)


def _myers(pattern: bytes, text: bytes) -> int:
    places: dict[int, int] = {}
    for index, byte in enumerate(pattern):
        places[byte] = places.get(byte, 0) | 1 << index
    everything, last = (1 << len(pattern)) - 1, 1 << (len(pattern) - 1)
    rises, falls, score = everything, 0, len(pattern)
    for byte in text:
        equal = places.get(byte, 0)
        diagonal = (((equal & rises) + rises) ^ rises) | equal | falls
        up = falls | (everything & ~(diagonal | rises))
        down = rises & diagonal
        if up & last:
            score += 1
        elif down & last:
            score -= 1
        up = (up << 1 | 1) & everything
        down = down << 1 & everything
        rises = down | (everything & ~(diagonal | up))
        falls = up & diagonal
    return score


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
        _common_prefix(served, nearest),
        edit_distance(served, nearest) if measure else None,
        kinds[nearest],
        foreign_key_authorization=kinds[nearest] is None
        and _KEY_AUTHORIZATION.fullmatch(served.strip()) is not None,
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


def _common_prefix(left: bytes, right: bytes) -> int:
    """Halve the range with whole slices: values may have 64 KiB, and most of it in common."""
    low, high = 0, min(len(left), len(right))
    while low < high:
        middle = (low + high + 1) // 2
        if left[low:middle] == right[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _shared(left: bytes, right: bytes) -> int:
    return _common_prefix(left, right) + _common_prefix(left[::-1], right[::-1])


def _is_key_authorization_of(served: bytes, expected: bytes) -> bool:
    text = _QUOTES.sub(b"", _BLANKS.sub(b"", served))
    if not _KEY_AUTHORIZATION.fullmatch(text):
        return False
    digest = hashlib.sha256(text).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=") == expected


def _is_blanked(served: bytes, expected: bytes) -> bool:
    return _BLANKS.sub(b"", served) == _BLANKS.sub(b"", expected)


def _is_quoted(served: bytes, expected: bytes) -> bool:
    bare, wanted = _BLANKS.sub(b"", served), _BLANKS.sub(b"", expected)
    return _QUOTES.sub(b"", bare) == _QUOTES.sub(b"", wanted)


def _is_recased(served: bytes, expected: bytes) -> bool:
    return served.lower() == expected.lower()


def _is_truncated(served: bytes, expected: bytes) -> bool:
    sensible = len(served) >= _SENSIBLE_PREFIX or 2 * len(served) > len(expected)
    return (
        0 < len(served) < len(expected)
        and sensible
        and (expected.startswith(served) or expected.endswith(served))
    )


def _is_typo(served: bytes, expected: bytes) -> bool:
    if len(expected) < _TYPO_LENGTH or abs(len(served) - len(expected)) > _TYPO_DISTANCE:
        return False
    distance = edit_distance(served, expected)
    return distance is not None and distance <= _TYPO_DISTANCE


def _is_hostname(served: bytes, _expected: bytes) -> bool:
    text = served.strip()
    return (
        len(text) <= _LONGEST_HOSTNAME
        and _HOSTNAME.fullmatch(text) is not None
        and _KEY_AUTHORIZATION.fullmatch(text) is None
    )


_KINDS: tuple[tuple[Kind, Callable[[bytes, bytes], bool]], ...] = (
    (Kind.KEY_AUTHORIZATION, _is_key_authorization_of),
    (Kind.WHITESPACE, _is_blanked),
    (Kind.QUOTED, _is_quoted),
    (Kind.CASE, _is_recased),
    (Kind.TRUNCATED, _is_truncated),
    (Kind.TYPO, _is_typo),
    (Kind.HOSTNAME, _is_hostname),
)
