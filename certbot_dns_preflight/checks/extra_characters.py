"""What was put into a value or cut off from it, in words. Pure.

Decides whether one piece that is too many, or one that is missing, tells two values apart, and
where it stands. `txt_difference` decides how alike two values are.
"""

from __future__ import annotations

from dataclasses import dataclass

from certbot_dns_preflight.checks.phrases import count
from certbot_dns_preflight.escaping import presentation

_MOST_NAMED = 20
_FEWEST_THAT_TELL = 4  # a shorter end may be found again by chance
_NAMES = {
    b"\r\n": "a line break (CR LF)",
    b"\n": "a line break (LF)",
    b"\r": "a line break (CR)",
    b" ": "a space",
    b"\t": "a tab",
    b"\x00": "a NUL byte",
    b'"': 'a quotation mark (")',
}


@dataclass(frozen=True, slots=True)
class Extra:
    """Bytes that are too many, after the first `after` ones of the expected value."""

    after: int
    data: bytes


def first_extra(expected: bytes, served: bytes, offset: int) -> Extra | None:
    """Find what stands in the served value at the first difference, before the expected goes on.

    None where it does not go on: then a character was changed, or is missing.
    """
    rest = expected[offset:]
    if not rest:
        return Extra(offset, served[offset:]) if len(served) > offset else None
    if len(rest) < _FEWEST_THAT_TELL:
        at = len(served) - len(rest) if served.endswith(rest) else -1
    else:
        at = served.find(rest, offset)
    if at <= offset:
        return None
    return Extra(offset, served[offset:at])


def named(data: bytes) -> str:
    """Name extra characters: "a line break (CR LF)", "3 spaces", '"abc"', "300 characters".

    Many of which some cannot be printed are "300 bytes".
    """
    if data in _NAMES:
        return _NAMES[data]
    if data and not data.strip(b" "):
        return count(len(data), "space")
    if len(data) <= _MOST_NAMED:
        return f'"{presentation(data)}"'
    return count(len(data), "character" if is_printable(data) else "byte")


def is_printable(data: bytes) -> bool:
    """Tell whether bytes are written as the characters that they are."""
    return presentation(data) == data.decode("latin-1")


def placed(extra: Extra, expected: bytes) -> str:
    """Name extra characters and where they stand: "a space after character 20"."""
    if not extra.after:
        return f"{named(extra.data)} at the start"
    if extra.after == len(expected):
        return f"{named(extra.data)} at the end"
    return f"{named(extra.data)} after character {extra.after}"
