"""Keys of a zone: which may sign, which are worth computing with, and how they are found. Pure.

It knows no signatures and no chains: whether a key is trusted is for others to say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import dns.dnssec

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dns.rdtypes.ANY.DNSKEY import DNSKEY

# Those that validators support today (RFC 8624; SHA-1 ones are still taken by most).
KNOWN_ALGORITHMS = frozenset({5, 7, 8, 10, 13, 14, 15, 16})
_LARGEST_EXPONENT = 8  # bytes; the usual one is 65537, and a large one takes seconds to compute
_RSA = frozenset({5, 7, 8, 10})
_ZONE_KEY, _REVOKED, _PROTOCOL = 0x0100, 0x0080, 3


def by_tag(keys: Iterable[DNSKEY]) -> dict[tuple[int, int], list[DNSKEY]]:
    """Sort zone keys by tag and algorithm; several may have the same."""
    found: dict[tuple[int, int], list[DNSKEY]] = {}
    for key in keys:
        if is_zone_key(key):
            found.setdefault((dns.dnssec.key_id(key), key.algorithm), []).append(key)
    for alike in found.values():
        if len(alike) > 1:
            alike.sort()  # which of them are tried must not be left to chance
    return found


def is_zone_key(key: DNSKEY) -> bool:
    """Whether a key may sign zone data (RFC 4034 section 2.1, RFC 5011 section 2.1)."""
    flags = int(key.flags)
    return bool(flags & _ZONE_KEY) and not flags & _REVOKED and key.protocol == _PROTOCOL


def has_small_exponent(key: DNSKEY) -> bool:
    """Whether an RSA key's exponent (RFC 3110 section 2) has 64 bits at most."""
    if key.algorithm not in _RSA or not key.key:
        return True
    length = key.key[0] or int.from_bytes(key.key[1:3])
    return length <= _LARGEST_EXPONENT
