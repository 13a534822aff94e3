"""Proofs that something does not exist: NSEC and NSEC3 (RFC 4035 §5.4, RFC 5155 §8). Pure.

The records given are validated already; here only what they prove is decided.
"""

from __future__ import annotations

import base64
import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

import dns.dnssec
import dns.name
import dns.rdatatype
import dns.rrset

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dns.rdtypes.ANY.NSEC import NSEC
    from dns.rdtypes.ANY.NSEC3 import NSEC3

MOST_ITERATIONS = 150  # RFC 9276 section 3.2: more may be treated as insecure, and Unbound does
_MOST_RECORDS = 16
_OPT_OUT = 1
_SHA1 = 1


class Proof(enum.Enum):
    """What the records prove. `OPT_OUT`: an unsigned delegation may lie there (RFC 5155 §6)."""

    PROVEN = enum.auto()
    OPT_OUT = enum.auto()
    TOO_MANY_ITERATIONS = enum.auto()
    UNPROVEN = enum.auto()


def absent(
    denials: Sequence[dns.rrset.RRset],
    name: dns.name.Name,
    rdtype: dns.rdatatype.RdataType,
    *,
    zone: dns.name.Name,
) -> Proof:
    """Whether the records prove that `name` has no such type, or does not exist at all."""
    nsec, nsec3 = _nsec(denials), _nsec3(denials, zone)
    if nsec3 is not None:
        return _absent_nsec3(nsec3, name, rdtype, zone)
    return Proof.PROVEN if _absent_nsec(nsec, name, rdtype, zone) else Proof.UNPROVEN


def no_closer(
    denials: Sequence[dns.rrset.RRset],
    name: dns.name.Name,
    wildcard: dns.name.Name,
    *,
    zone: dns.name.Name,
) -> Proof:
    """Whether an answer made from `wildcard` was due: nothing closer to `name` exists."""
    nsec, nsec3 = _nsec(denials), _nsec3(denials, zone)
    closest = wildcard.parent()
    if nsec3 is not None:
        if nsec3.too_many:
            return Proof.TOO_MANY_ITERATIONS
        covering = nsec3.covering(_below(closest, name))
        return _covered(covering)
    found = any(_covers(owner, record, name, zone) for owner, record in nsec)
    return Proof.PROVEN if found else Proof.UNPROVEN


# -- NSEC ------------------------------------------------------------------------------------------


def _nsec(denials: Sequence[dns.rrset.RRset]) -> list[tuple[dns.name.Name, NSEC]]:
    return [
        (rrset.name, rrset[0])
        for rrset in denials[:_MOST_RECORDS]
        if rrset.rdtype == dns.rdatatype.NSEC
    ]


def _absent_nsec(
    records: Sequence[tuple[dns.name.Name, NSEC]],
    name: dns.name.Name,
    rdtype: dns.rdatatype.RdataType,
    zone: dns.name.Name,
) -> bool:
    for owner, record in records:
        if owner == name:
            return _lacks(_types(record), rdtype, at_apex=name == zone)
    for owner, record in records:
        if not _covers(owner, record, name, zone):
            continue
        if record.next.is_subdomain(name):
            return True  # an empty non-terminal
        closest = max(_common(name, owner), _common(name, record.next), key=len)
        wildcard = _wildcard(closest)
        if wildcard is None:
            return True  # it would be too long to exist
        for other, second in records:
            if other == wildcard:
                return _lacks(_types(second), rdtype, at_apex=False)
            if _covers(other, second, wildcard, zone):
                return True
    return False


def _covers(owner: dns.name.Name, record: NSEC, name: dns.name.Name, zone: dns.name.Name) -> bool:
    if not (owner.is_subdomain(zone) and name.is_subdomain(zone)):
        return False
    types = _types(record)
    delegation = dns.rdatatype.NS in types and dns.rdatatype.SOA not in types
    if name != owner and name.is_subdomain(owner) and (delegation or dns.rdatatype.DNAME in types):
        return False  # what is below is not this zone's to deny (RFC 6840 section 4.1)
    if owner < record.next:
        return bool(owner < name < record.next)
    return bool(name > owner)  # the last one leads back to the apex


def _common(one: dns.name.Name, other: dns.name.Name) -> dns.name.Name:
    _, _, labels = one.fullcompare(other)
    return one.split(labels)[1]


# -- NSEC3 -----------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Nsec3:
    """The NSEC3 records of one answer, all with the same parameters."""

    zone: dns.name.Name
    records: dict[bytes, NSEC3]
    too_many: bool
    hashes: dict[dns.name.Name, bytes]

    def hash(self, name: dns.name.Name) -> bytes:
        if name not in self.hashes:
            first = next(iter(self.records.values()))
            text = dns.dnssec.nsec3_hash(name, first.salt, first.iterations, first.algorithm)
            self.hashes[name] = _from_base32(text)
        return self.hashes[name]

    def matching(self, name: dns.name.Name) -> NSEC3 | None:
        return self.records.get(self.hash(name))

    def covering(self, name: dns.name.Name) -> NSEC3 | None:
        wanted = self.hash(name)
        for owner, record in self.records.items():
            last = owner >= record.next
            if owner < wanted < record.next or (last and (wanted > owner or wanted < record.next)):
                return record
        return None

    def closest_encloser(self, name: dns.name.Name) -> tuple[dns.name.Name, NSEC3] | None:
        for candidate in _ancestors(name, self.zone):
            found = self.matching(candidate)
            if found is not None:
                types = _types(found)
                cut = dns.rdatatype.NS in types and dns.rdatatype.SOA not in types
                return None if cut or dns.rdatatype.DNAME in types else (candidate, found)
        return None


def _nsec3(denials: Sequence[dns.rrset.RRset], zone: dns.name.Name) -> _Nsec3 | None:
    records: dict[bytes, NSEC3] = {}
    parameters = None
    for rrset in denials[:_MOST_RECORDS]:
        if rrset.rdtype != dns.rdatatype.NSEC3 or rrset.name.parent() != zone:
            continue
        record = rrset[0]
        if record.algorithm != _SHA1 or record.flags & ~_OPT_OUT:
            continue
        parameters = parameters or (record.iterations, record.salt)
        if (record.iterations, record.salt) == parameters:
            owner = _from_base32(rrset.name.labels[0].decode("ascii", "replace"))
            records[owner] = record
    if not records or parameters is None:
        return None
    return _Nsec3(zone, records, parameters[0] > MOST_ITERATIONS, {})


def _absent_nsec3(  # noqa: PLR0911 - the steps of RFC 5155 section 8.4 to 8.7
    records: _Nsec3, name: dns.name.Name, rdtype: dns.rdatatype.RdataType, zone: dns.name.Name
) -> Proof:
    if records.too_many:
        return Proof.TOO_MANY_ITERATIONS
    exact = records.matching(name)
    if exact is not None:
        proven = _lacks(_types(exact), rdtype, at_apex=name == zone)
        return Proof.PROVEN if proven else Proof.UNPROVEN
    enclosing = records.closest_encloser(name)
    if enclosing is None:
        return Proof.UNPROVEN
    closest, _ = enclosing
    next_closer = _covered(records.covering(_below(closest, name)))
    if next_closer is not Proof.PROVEN:
        return next_closer
    wildcard = _wildcard(closest)
    if wildcard is None:
        return Proof.PROVEN  # it would be too long to exist
    at_wildcard = records.matching(wildcard)
    if at_wildcard is not None:
        proven = _lacks(_types(at_wildcard), rdtype, at_apex=False)
        return Proof.PROVEN if proven else Proof.UNPROVEN
    return _covered(records.covering(wildcard))


def _covered(record: NSEC3 | None) -> Proof:
    if record is None:
        return Proof.UNPROVEN
    return Proof.OPT_OUT if record.flags & _OPT_OUT else Proof.PROVEN


def _from_base32(text: str) -> bytes:
    try:
        return base64.b32hexdecode(text.upper() + "=" * (-len(text) % 8))
    except ValueError:
        return b""


# -- both ------------------------------------------------------------------------------------------


def _lacks(types: frozenset[int], rdtype: dns.rdatatype.RdataType, *, at_apex: bool) -> bool:
    """Whether a type bitmap denies a type; one from the wrong side of a zone cut does not."""
    if rdtype in types or dns.rdatatype.CNAME in types:
        return False
    if rdtype == dns.rdatatype.DS:
        return dns.rdatatype.SOA not in types  # the child's own record says nothing of its DS
    return at_apex or dns.rdatatype.NS not in types or dns.rdatatype.SOA in types


def _types(record: NSEC | NSEC3) -> frozenset[int]:
    return frozenset(
        (window << 8) + byte * 8 + bit
        for window, bitmap in record.windows
        for byte, octet in enumerate(bitmap)
        for bit in range(8)
        if octet & (0x80 >> bit)
    )


def _ancestors(name: dns.name.Name, zone: dns.name.Name) -> Iterator[dns.name.Name]:
    while name != zone and name.is_subdomain(zone):
        name = name.parent()
        yield name


def _wildcard(closest: dns.name.Name) -> dns.name.Name | None:
    try:
        return dns.name.Name((b"*", *closest.labels))
    except dns.name.NameTooLong:
        return None


def _below(ancestor: dns.name.Name, name: dns.name.Name) -> dns.name.Name:
    """Give the name on the way to `name` that is one label below `ancestor`."""
    return name.split(len(ancestor) + 1)[1]
