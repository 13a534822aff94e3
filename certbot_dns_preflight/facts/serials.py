"""Serial numbers of 32 bits, as zones and signatures have them: compared on a circle (RFC 1982)."""

from __future__ import annotations

_WHOLE, _HALF = 1 << 32, 1 << 31


def is_older(serial: int, other: int) -> bool:
    """Tell whether a serial comes before another one (RFC 1982 section 3.2)."""
    return lag(serial, other) > 0


def lag(serial: int, other: int) -> int:
    """Count how far a serial is behind another one; 0 where it does not come before it."""
    ahead = (other - serial) % _WHOLE
    return ahead if ahead < _HALF else 0


def nearest(serial: int, moment: int) -> int:
    """Find the number closest to `moment` that the serial may stand for."""
    return moment + (serial - moment + _HALF) % _WHOLE - _HALF
