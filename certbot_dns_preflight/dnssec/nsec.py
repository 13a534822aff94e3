"""Check proofs by NSEC (RFC 4035 section 5.4, RFC 6840 section 4). Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

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
    from collections.abc import Iterable, Sequence

    from dns.rdtypes.ANY.NSEC import NSEC

Records: TypeAlias = "Sequence[tuple[dns.name.Name, NSEC]]"


def records_of(denials: Iterable[dns.rrset.RRset], zone: dns.name.Name) -> Records:
    """Return a zone's NSEC records, without those whose next name leaves the zone."""
    found = [
        (rrset.name, record)
        for rrset in denials
        if rrset.rdtype == dns.rdatatype.NSEC and rrset.name.is_subdomain(zone)
        for record in rrset
        if record.next.is_subdomain(zone)
    ]
    return found[:MOST_RECORDS]


def absent(
    records: Records, name: dns.name.Name, rdtype: dns.rdatatype.RdataType, *, nxdomain: bool
) -> Proof:
    """Return whether the records prove that a name has no such type, or does not exist at all."""
    for owner, record in records:
        if owner == name:
            return _nodata(record, rdtype, nxdomain=nxdomain)
    for owner, record in records:
        if not _covers(owner, record, name):
            continue
        if record.next.is_subdomain(name):  # an empty non-terminal
            return Proof.OTHER_RCODE if nxdomain else Proof.PROVEN
        wildcard = wildcard_at(_closest_encloser(owner, record, name))
        if wildcard is None:
            return Proof.PROVEN if nxdomain else Proof.OTHER_RCODE
        for other, second in records:
            if other == wildcard:
                return _nodata(second, rdtype, nxdomain=nxdomain)
            if _covers(other, second, wildcard):
                is_empty = second.next.is_subdomain(wildcard)
                return Proof.PROVEN if nxdomain or is_empty else Proof.OTHER_RCODE
    return Proof.UNPROVEN


def no_closer(records: Records, name: dns.name.Name, wildcard: dns.name.Name) -> Proof:
    """Return whether nothing exists between a name and the wildcard it was expanded from."""
    found = any(
        _covers(owner, record, name)
        and not record.next.is_subdomain(name)
        and _closest_encloser(owner, record, name) == wildcard.parent()
        for owner, record in records
    )
    return Proof.PROVEN if found else Proof.UNPROVEN


def no_ds(records: Records, name: dns.name.Name) -> Proof:
    """Return whether there is a delegation without a DS."""
    for owner, record in records:
        if owner == name:
            return unsigned(types_of(record))
    denied = absent(records, name, dns.rdatatype.DS, nxdomain=True)
    return Proof.UNPROVEN if denied is Proof.UNPROVEN else Proof.NOT_DELEGATED


def _nodata(record: NSEC, rdtype: dns.rdatatype.RdataType, *, nxdomain: bool) -> Proof:
    if not lacks(types_of(record), rdtype):
        return Proof.UNPROVEN
    return Proof.OTHER_RCODE if nxdomain else Proof.PROVEN


def _covers(owner: dns.name.Name, record: NSEC, name: dns.name.Name) -> bool:
    if name == owner or (name.is_subdomain(owner) and hides_below(types_of(record))):
        return False
    if owner < record.next:
        return bool(owner < name < record.next)
    # The last one points back to the apex; it may be the only one.
    return bool(name > owner and name != record.next and name.is_subdomain(record.next))


def _closest_encloser(owner: dns.name.Name, record: NSEC, name: dns.name.Name) -> dns.name.Name:
    return max(_common(name, owner), _common(name, record.next), key=len)


def _common(one: dns.name.Name, other: dns.name.Name) -> dns.name.Name:
    _, _, labels = one.fullcompare(other)
    return one.split(labels)[1]
