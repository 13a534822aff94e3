"""Proofs that something does not exist, by NSEC or NSEC3 as the zone has it. Pure.

The records given are validated already; here only what they prove is decided.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.dnssec import nsec, nsec3
from certbot_dns_preflight.dnssec.proof import Proof

if TYPE_CHECKING:
    from collections.abc import Sequence

    import dns.name
    import dns.rdatatype
    import dns.rrset


def absent(
    denials: Sequence[dns.rrset.RRset],
    name: dns.name.Name,
    rdtype: dns.rdatatype.RdataType,
    *,
    zone: dns.name.Name,
    nxdomain: bool,
) -> Proof:
    """Whether the records prove that `name` has no such type, or does not exist at all.

    `nxdomain` is what the server says by its rcode, and the proof must be one of that. With NSEC
    Unbound forgives it for the name and type asked for. But it asks for other types on its way
    (RFC 9156), ends at an NXDOMAIN that a signed zone gives to those, and does not believe it then.
    """
    if not name.is_subdomain(zone):
        return Proof.UNPROVEN
    hashed = nsec3.records_of(denials, zone)
    if hashed is not None:
        return hashed.absent(name, rdtype, nxdomain=nxdomain)
    return nsec.absent(nsec.records_of(denials, zone), name, rdtype, nxdomain=nxdomain)


def no_closer(
    denials: Sequence[dns.rrset.RRset],
    name: dns.name.Name,
    wildcard: dns.name.Name,
    *,
    zone: dns.name.Name,
) -> Proof:
    """Whether an answer made from `wildcard` was due: nothing closer to `name` exists."""
    if not wildcard.is_subdomain(zone):
        return Proof.UNPROVEN
    hashed = nsec3.records_of(denials, zone)
    if hashed is not None:
        return hashed.no_closer(name, wildcard)
    return nsec.no_closer(nsec.records_of(denials, zone), name, wildcard)


def no_ds(denials: Sequence[dns.rrset.RRset], name: dns.name.Name, *, zone: dns.name.Name) -> Proof:
    """Whether the parent `zone` proves that it delegates `name`, and unsigned.

    To lack a DS is not enough: where nothing is delegated, a resolver holds what it gets for the
    parent's own and wants it signed so.
    """
    if not name.is_subdomain(zone):
        return Proof.UNPROVEN
    hashed = nsec3.records_of(denials, zone)
    if hashed is not None:
        return hashed.no_ds(name)
    return nsec.no_ds(nsec.records_of(denials, zone), name)
