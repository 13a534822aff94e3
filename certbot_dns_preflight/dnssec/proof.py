"""What denial records can amount to, and what NSEC and NSEC3 have in common. Pure."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

import dns.name
import dns.rdatatype

if TYPE_CHECKING:
    from dns.rdtypes.ANY.NSEC import NSEC
    from dns.rdtypes.ANY.NSEC3 import NSEC3

MOST_RECORDS = 16


class Proof(enum.Enum):
    """What the records prove of what was asked."""

    PROVEN = enum.auto()
    OPT_OUT = enum.auto()  # an unsigned delegation may lie there (RFC 5155 section 6)
    TOO_MANY_ITERATIONS = enum.auto()  # validators do not compute so much: insecure
    NOT_DELEGATED = enum.auto()  # there is no zone cut at all, so none that is unsigned
    OTHER_RCODE = enum.auto()  # of the proof and the rcode one says that the name exists
    UNPROVEN = enum.auto()


def types_of(record: NSEC | NSEC3) -> frozenset[int]:
    """Read a type bitmap."""
    return frozenset(
        (window << 8) + byte * 8 + bit
        for window, bitmap in record.windows
        for byte, octet in enumerate(bitmap)
        for bit in range(8)
        if octet & (0x80 >> bit)
    )


def is_cut(types: frozenset[int]) -> bool:
    """Whether a bitmap is the parent's side of a zone cut (RFC 6840 section 4.1)."""
    return dns.rdatatype.NS in types and dns.rdatatype.SOA not in types


def hides_below(types: frozenset[int]) -> bool:
    """Whether what is below is not this zone's to deny: a zone cut, or a DNAME."""
    return is_cut(types) or dns.rdatatype.DNAME in types


def lacks(types: frozenset[int], rdtype: dns.rdatatype.RdataType) -> bool:
    """Whether a type bitmap denies a type; one from the wrong side of a zone cut does not."""
    if rdtype in types or dns.rdatatype.CNAME in types:
        return False
    if rdtype == dns.rdatatype.DS:
        return dns.rdatatype.SOA not in types  # the child's own record says nothing of its DS
    return not is_cut(types)


def unsigned(types: frozenset[int]) -> Proof:
    """Read from the bitmap at a name what it says of a delegation there (RFC 6840 section 4.4)."""
    if not lacks(types, dns.rdatatype.DS):
        return Proof.UNPROVEN
    return Proof.PROVEN if dns.rdatatype.NS in types else Proof.NOT_DELEGATED


def wildcard_at(closest: dns.name.Name) -> dns.name.Name | None:
    """Give the wildcard at a closest encloser; None where it would be too long to exist."""
    try:
        return dns.name.Name((b"*", *closest.labels))
    except dns.name.NameTooLong:
        return None
