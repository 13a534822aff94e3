"""32-bit serial numbers, as in zones and signatures: compared on a circle (RFC 1982)."""

from __future__ import annotations

_WHOLE, _HALF = 1 << 32, 1 << 31


def is_older(serial: int, other: int) -> bool:
    """Return whether a serial comes before another one (RFC 1982 section 3.2)."""
    return lag(serial, other) > 0


def lag(serial: int, other: int) -> int:
    """Return how far a serial is behind another one; 0 if it does not come before it."""
    ahead = (other - serial) % _WHOLE
    return ahead if ahead < _HALF else 0


def nearest(serial: int, moment: int) -> int:
    """Return the number closest to `moment` that the serial may stand for."""
    return moment + (serial - moment + _HALF) % _WHOLE - _HALF
