"""Whether a negative answer has records that may prove it. Pure; signatures are not looked at.

Enough to tell a server that finds its NSEC or NSEC3 records for small letters only from one that
has none. What a proof is worth is decided in the room `dnssec`.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import dns.dnssec
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype

from certbot_dns_preflight.facts.answers import Response

if TYPE_CHECKING:
    from dns.rdtypes.ANY.NSEC3 import NSEC3

    from certbot_dns_preflight.facts.answers import Reply

_MOST_ITERATIONS = 150  # as validators compute (RFC 9276 section 3.2)


def is_negative(reply: Reply) -> bool:
    """Whether an authoritative server says that there is no such name or type."""
    return (
        isinstance(reply, Response)
        and bool(reply.message.flags & dns.flags.AA)
        and reply.message.rcode() in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN)
        and not reply.message.answer
    )


def seems_proven(reply: Reply, owner: dns.name.Name) -> bool:
    """Whether a negative answer has an NSEC or NSEC3 record that is about the owner name."""
    if not isinstance(reply, Response):
        return False
    message = reply.message
    exists = message.rcode() == dns.rcode.NOERROR
    for rrset in message.authority:
        if rrset.rdtype == dns.rdatatype.NSEC:
            following = rrset[0].next
            covers = rrset.name < owner and (owner < following or following <= rrset.name)
            if rrset.name == owner or covers:
                return True
        if rrset.rdtype == dns.rdatatype.NSEC3 and _matches(rrset.name, rrset[0], owner, exists):
            return True
    return False


def _matches(at: dns.name.Name, nsec3: NSEC3, owner: dns.name.Name, exists: bool) -> bool:  # noqa: FBT001
    if nsec3.iterations > _MOST_ITERATIONS:
        return True  # nobody computes that
    label = at.labels[0].decode("ascii", "replace").upper()
    names = [owner]
    if not exists:  # the name itself, or the closest one above it that does not exist
        while len(names[-1]) > len(at):
            names.append(names[-1].parent())
    try:
        hashes = [
            dns.dnssec.nsec3_hash(name, nsec3.salt, nsec3.iterations, nsec3.algorithm)
            for name in names
        ]
    except (dns.exception.DNSException, ValueError):
        return True
    if exists:
        return label in hashes
    following = base64.b32hexencode(nsec3.next).decode()
    wraps = following <= label
    return any(
        (label < hashed and (hashed < following or wraps)) or (wraps and hashed < following)
        for hashed in hashes
    )
