"""Define what denial records can prove, and what NSEC and NSEC3 have in common. Pure."""

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
    """What the records prove about the query."""

    PROVEN = enum.auto()
    OPT_OUT = enum.auto()  # an unsigned delegation may lie there (RFC 5155 section 6)
    TOO_MANY_ITERATIONS = enum.auto()  # validators do not compute that many: insecure
    NOT_DELEGATED = enum.auto()  # there is no zone cut at all, let alone an unsigned one
    OTHER_RCODE = enum.auto()  # only one of proof and RCODE says that the name exists
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
    """Return whether a bitmap is from the parent's side of a zone cut (RFC 6840 section 4.1)."""
    return dns.rdatatype.NS in types and dns.rdatatype.SOA not in types


def hides_below(types: frozenset[int]) -> bool:
    """Return whether names below are not this zone's to deny, due to a zone cut or a DNAME."""
    return is_cut(types) or dns.rdatatype.DNAME in types


def lacks(types: frozenset[int], rdtype: dns.rdatatype.RdataType) -> bool:
    """Return whether a type bitmap denies a type; one from the wrong side of a cut does not."""
    if rdtype in types or dns.rdatatype.CNAME in types:
        return False
    if rdtype == dns.rdatatype.DS:
        return dns.rdatatype.SOA not in types  # the child's own record says nothing about its DS
    return not is_cut(types)


def unsigned(types: frozenset[int]) -> Proof:
    """Return what the bitmap at a name says of a delegation there (RFC 6840 section 4.4)."""
    if not lacks(types, dns.rdatatype.DS):
        return Proof.UNPROVEN
    return Proof.PROVEN if dns.rdatatype.NS in types else Proof.NOT_DELEGATED


def wildcard_at(closest: dns.name.Name) -> dns.name.Name | None:
    """Return the wildcard at a closest encloser; None if it would be too long to exist."""
    try:
        return dns.name.Name((b"*", *closest.labels))
    except dns.name.NameTooLong:
        return None
