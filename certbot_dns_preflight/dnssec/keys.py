"""Select a zone's keys: which may sign, which are worth computing with, and how to find them. Pure.

Knows neither signatures nor chains: other modules decide whether a key is trusted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import dns.dnssec

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dns.rdtypes.ANY.DNSKEY import DNSKEY

# Those that validators support today (RFC 8624; most still accept the SHA-1 ones).
KNOWN_ALGORITHMS = frozenset({5, 7, 8, 10, 13, 14, 15, 16})
_LARGEST_EXPONENT = 8  # bytes; the usual one is 65537, and a large one takes seconds of computing
_RSA = frozenset({5, 7, 8, 10})
_ZONE_KEY, _REVOKED, _PROTOCOL = 0x0100, 0x0080, 3


def by_tag(keys: Iterable[DNSKEY]) -> dict[tuple[int, int], list[DNSKEY]]:
    """Group zone keys by tag and algorithm; several may share both."""
    found: dict[tuple[int, int], list[DNSKEY]] = {}
    for key in keys:
        if is_zone_key(key):
            found.setdefault((dns.dnssec.key_id(key), key.algorithm), []).append(key)
    for alike in found.values():
        if len(alike) > 1:
            alike.sort()  # which of them are tried must be deterministic
    return found


def is_zone_key(key: DNSKEY) -> bool:
    """Return whether a key may sign zone data (RFC 4034 section 2.1, RFC 5011 section 2.1)."""
    flags = int(key.flags)
    return bool(flags & _ZONE_KEY) and not flags & _REVOKED and key.protocol == _PROTOCOL


def has_small_exponent(key: DNSKEY) -> bool:
    """Return whether an RSA key's exponent (RFC 3110 section 2) has at most 64 bits."""
    if key.algorithm not in _RSA or not key.key:
        return True
    length = key.key[0] or int.from_bytes(key.key[1:3])
    return length <= _LARGEST_EXPONENT
