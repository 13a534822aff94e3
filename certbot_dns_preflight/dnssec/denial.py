"""Check proofs that something does not exist, by NSEC or NSEC3 as the zone has it. Pure.

The given records are already validated; this module only decides what they prove.
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
    """Return whether the records prove that `name` has no such type, or does not exist at all.

    `nxdomain` is what the server's RCODE says, and the proof must match it. With NSEC, Unbound
    tolerates a mismatch for the queried name and type. But on its way it queries other types (RFC
    9156), stops at an NXDOMAIN that a signed zone returns for those, and then rejects it.
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
    """Return whether nothing closer to `name` exists, so that `wildcard` had to be expanded."""
    if not wildcard.is_subdomain(zone):
        return Proof.UNPROVEN
    hashed = nsec3.records_of(denials, zone)
    if hashed is not None:
        return hashed.no_closer(name, wildcard)
    return nsec.no_closer(nsec.records_of(denials, zone), name, wildcard)


def no_ds(denials: Sequence[dns.rrset.RRset], name: dns.name.Name, *, zone: dns.name.Name) -> Proof:
    """Return whether the parent `zone` proves that it delegates `name`, and unsigned.

    The lack of a DS is not enough: where nothing is delegated, a resolver takes what it gets for
    the parent's own data and expects it signed as such.
    """
    if not name.is_subdomain(zone):
        return Proof.UNPROVEN
    hashed = nsec3.records_of(denials, zone)
    if hashed is not None:
        return hashed.no_ds(name)
    return nsec.no_ds(nsec.records_of(denials, zone), name)
