"""How many bytes must be inserted, removed or replaced to make one value another. Pure."""

from __future__ import annotations

_LONGEST_MEASURED = 8192


def edit_distance(left: bytes, right: bytes) -> int | None:
    """Count the least insertions, removals and replacements; None if both are very long.

    Myers' bit-parallel form: one step a byte of the longer value, so 64 KiB stay cheap.
    """
    if left == right:
        return 0
    start = common_prefix(left, right)
    left, right = left[start:], right[start:]
    end = common_prefix(left[::-1], right[::-1])
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


def common_prefix(left: bytes, right: bytes) -> int:
    """Halve the range with whole slices: values may have 64 KiB, and most of it in common."""
    low, high = 0, min(len(left), len(right))
    while low < high:
        middle = (low + high + 1) // 2
        if left[low:middle] == right[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
