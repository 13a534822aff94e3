"""Checks whether a negative answer has records that may prove it. Pure; ignores signatures.

This is enough to tell a server that finds its NSEC or NSEC3 records only for lower-case questions
from one that has none. The `dnssec` package decides what a proof is worth.
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

_MOST_ITERATIONS = 150  # the limit that validators use (RFC 9276 section 3.2)


def is_negative(reply: Reply) -> bool:
    """Return whether an authoritative server says that the name or type does not exist."""
    return (
        isinstance(reply, Response)
        and bool(reply.message.flags & dns.flags.AA)
        and reply.message.rcode() in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN)
        and not reply.message.answer
    )


def seems_proven(reply: Reply, owner: dns.name.Name) -> bool:
    """Return whether a negative answer has an NSEC or NSEC3 record covering the owner name."""
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
        return True  # no validator computes that many
    label = at.labels[0].decode("ascii", "replace").upper()
    names = [owner]
    if not exists:  # the name itself, or an ancestor that does not exist
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
