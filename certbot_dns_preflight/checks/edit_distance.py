"""How many bytes must be inserted, removed or replaced to make one value another. Pure."""

from __future__ import annotations

from typing import Literal

_LONGEST_MEASURED = 8192
_WORD = 512


def edit_distance(left: bytes, right: bytes) -> int | None:
    """Count the least insertions, removals and replacements; None if both are very long.

    Myers' bit-parallel form: one step a byte of the longer value, so 64 KiB stay cheap.
    """
    if left == right:
        return 0
    start = common_prefix(left, right)
    left, right = left[start:], right[start:]
    end = common_suffix(left, right)
    if end:
        left, right = left[:-end], right[:-end]
    short, long = sorted((left, right), key=len)
    if not short:
        return len(long)
    if len(long) > _LONGEST_MEASURED:
        return None
    return _myers(short, long)


def steps(left: bytes, right: bytes) -> int:
    """Say what measuring would cost at most: one step a byte, and more of them for long ones."""
    short, long = sorted((len(left), len(right)))
    return 0 if long > _LONGEST_MEASURED else long * (_WORD + short) // _WORD


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


def common_prefix(left: bytes, right: bytes) -> int:
    """Count the bytes that both begin with; as numbers, since values may have 64 KiB."""
    shorter = min(len(left), len(right))
    return _equal_bytes(left[:shorter], right[:shorter], "big")


def common_suffix(left: bytes, right: bytes) -> int:
    """Count the bytes that both end with."""
    shorter = min(len(left), len(right))
    return _equal_bytes(left[len(left) - shorter :], right[len(right) - shorter :], "little")


def _equal_bytes(left: bytes, right: bytes, order: Literal["big", "little"]) -> int:
    differing = int.from_bytes(left, order) ^ int.from_bytes(right, order)
    return len(left) - (differing.bit_length() + 7) // 8
