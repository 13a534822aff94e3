"""Check proofs by NSEC3 (RFC 5155 section 8). Pure."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import dns.dnssec
import dns.name
import dns.rdatatype
import dns.rrset

from certbot_dns_preflight.dnssec.proof import (
    MOST_RECORDS,
    Proof,
    hides_below,
    lacks,
    types_of,
    unsigned,
    wildcard_at,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dns.rdtypes.ANY.NSEC3 import NSEC3

MOST_ITERATIONS = 150  # RFC 9276 section 3.2: more may be treated as insecure, as Unbound does
_OPT_OUT = 1
_SHA1 = 1
_HASH_BYTES = 20
_MOST_PARAMETERS = 2  # while a zone changes its salt, an answer may hold both of them


@dataclass(slots=True)
class Records:
    """The NSEC3 records of one answer that validators use: hashed owner name, record."""

    zone: dns.name.Name
    records: list[tuple[bytes, NSEC3]]
    _hashes: dict[tuple[dns.name.Name, int, bytes], bytes] = field(default_factory=dict)

    def absent(  # noqa: PLR0911 - the steps of RFC 5155 section 8.4 to 8.7
        self, name: dns.name.Name, rdtype: dns.rdatatype.RdataType, *, nxdomain: bool
    ) -> Proof:
        """Return whether they prove that a name has no such type, or does not exist at all."""
        if self._has_too_many_iterations():
            return Proof.TOO_MANY_ITERATIONS
        exact = self._matching(name)
        if exact is not None:
            return _nodata(exact, rdtype, nxdomain=nxdomain)
        closest = self._closest_encloser(name)
        next_closer = self._covering(_below(closest, name)) if closest is not None else None
        if closest is None or next_closer is None:
            return Proof.UNPROVEN
        opted_out = bool(next_closer.flags & _OPT_OUT)
        proven = Proof.OPT_OUT if opted_out else Proof.PROVEN
        wildcard = wildcard_at(closest)
        at_wildcard = self._matching(wildcard) if wildcard is not None else None
        if at_wildcard is not None:
            lacking = _nodata(at_wildcard, rdtype, nxdomain=nxdomain)
            return proven if lacking is Proof.PROVEN else lacking
        if opted_out and not nxdomain:
            return Proof.OPT_OUT  # the wildcard is not checked (RFC 5155 section 8.6)
        if wildcard is not None and self._covering(wildcard) is None:
            return Proof.UNPROVEN
        return proven if nxdomain else Proof.OTHER_RCODE

    def no_closer(self, name: dns.name.Name, wildcard: dns.name.Name) -> Proof:
        """Return whether nothing exists between a name and the wildcard it was expanded from."""
        if self._has_too_many_iterations():
            return Proof.TOO_MANY_ITERATIONS
        covering = self._covering(_below(wildcard.parent(), name))
        if covering is None:
            return Proof.UNPROVEN
        return Proof.OPT_OUT if covering.flags & _OPT_OUT else Proof.PROVEN

    def no_ds(self, name: dns.name.Name) -> Proof:
        """Return whether there is a delegation without a DS; with opt-out, there may be one."""
        if self._has_too_many_iterations():
            return Proof.TOO_MANY_ITERATIONS
        exact = self._matching(name)
        if exact is not None:
            return unsigned(types_of(exact))
        closest = self._closest_encloser(name)
        covering = self._covering(_below(closest, name)) if closest is not None else None
        if covering is None:
            return Proof.UNPROVEN
        return Proof.OPT_OUT if covering.flags & _OPT_OUT else Proof.NOT_DELEGATED

    def _has_too_many_iterations(self) -> bool:
        return any(record.iterations > MOST_ITERATIONS for _, record in self.records)

    def _hash(self, name: dns.name.Name, record: NSEC3) -> bytes:
        known = (name, record.iterations, record.salt)
        if known not in self._hashes:
            text = dns.dnssec.nsec3_hash(name, record.salt, record.iterations, record.algorithm)
            self._hashes[known] = from_base32(text)
        return self._hashes[known]

    def _matching(self, name: dns.name.Name) -> NSEC3 | None:
        return next((r for owner, r in self.records if owner == self._hash(name, r)), None)

    def _covering(self, name: dns.name.Name) -> NSEC3 | None:
        for owner, record in self.records:
            wanted = self._hash(name, record)
            last = owner >= record.next
            if owner < wanted < record.next or (last and (wanted > owner or wanted < record.next)):
                return record
        return None

    def _closest_encloser(self, name: dns.name.Name) -> dns.name.Name | None:
        for candidate in _ancestors(name, self.zone):
            found = self._matching(candidate)
            if found is not None:
                return None if hides_below(types_of(found)) else candidate
        return None


def records_of(denials: Iterable[dns.rrset.RRset], zone: dns.name.Name) -> Records | None:
    """Return a zone's NSEC3 records; ignore unknown hashes and flags (RFC 5155 § 8.1-2)."""
    found: list[tuple[bytes, NSEC3]] = []
    parameters: set[tuple[int, bytes]] = set()
    for rrset in denials:
        if rrset.rdtype != dns.rdatatype.NSEC3 or not _is_one_below(rrset.name, zone):
            continue
        owner = from_base32(rrset.name.labels[0].decode("ascii", "replace"))
        for record in rrset:
            if (
                record.algorithm != _SHA1
                or record.flags & ~_OPT_OUT
                or len(owner) != _HASH_BYTES
                or len(record.next) != _HASH_BYTES
            ):
                continue
            own = (record.iterations, record.salt)
            if own not in parameters and len(parameters) >= _MOST_PARAMETERS:
                continue
            parameters.add(own)
            found.append((owner, record))
    return Records(zone, found[:MOST_RECORDS]) if found else None


def _nodata(record: NSEC3, rdtype: dns.rdatatype.RdataType, *, nxdomain: bool) -> Proof:
    if not lacks(types_of(record), rdtype):
        return Proof.UNPROVEN
    return Proof.OTHER_RCODE if nxdomain else Proof.PROVEN


def from_base32(text: str) -> bytes:
    """Return the hash in an owner name's label; empty if it is not one."""
    try:
        return base64.b32hexdecode(text.upper() + "=" * (-len(text) % 8))
    except ValueError:
        return b""


def _is_one_below(name: dns.name.Name, zone: dns.name.Name) -> bool:
    return len(name) == len(zone) + 1 and name.is_subdomain(zone)


def _ancestors(name: dns.name.Name, zone: dns.name.Name) -> Iterator[dns.name.Name]:
    while name != zone and name.is_subdomain(zone):
        name = name.parent()
        yield name


def _below(ancestor: dns.name.Name, name: dns.name.Name) -> dns.name.Name:
    """Return the name on the way to `name` that is one label below `ancestor`."""
    return name.split(len(ancestor) + 1)[1]
