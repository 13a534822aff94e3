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
    from collections.abc import Sequence

    from dns.rdtypes.ANY.NSEC3 import NSEC3

    from certbot_dns_preflight.facts.answers import Reply

MOST_ITERATIONS_IN_ALL = 200_000
"""Iterations of the hash in one run: a tenth of a second's. Each hash counts once more."""

_MOST_ITERATIONS = 150  # the limit that validators use (RFC 9276 section 3.2)
_MOST_RECORDS = 16


def is_negative(reply: Reply) -> bool:
    """Return whether an authoritative server says that the name or type does not exist."""
    return (
        isinstance(reply, Response)
        and bool(reply.message.flags & dns.flags.AA)
        and reply.message.rcode() in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN)
        and not reply.message.answer
    )


class Hashes:
    """Computes the NSEC3 hashes of a run, each once, and no more than costs little altogether.

    Whoever runs a zone chooses how many it takes to read its answers (CVE-2023-50868).
    """

    def __init__(self) -> None:
        """Start with nothing spent."""
        self._known: dict[tuple[dns.name.Name, bytes, int, int], str] = {}
        self._left = MOST_ITERATIONS_IN_ALL

    @property
    def are_spent(self) -> bool:
        """Whether no more are computed."""
        return self._left < 0

    def of(self, names: Sequence[dns.name.Name], nsec3: NSEC3) -> list[str]:
        """Return the hashes of some names by a record's parameters; none if that is too much."""
        self._left -= len(names) * (nsec3.iterations + 1)
        if self._left < 0:
            return []
        return [self._of(name, nsec3) for name in names]

    def _of(self, name: dns.name.Name, nsec3: NSEC3) -> str:
        key = (name, nsec3.salt, nsec3.iterations, nsec3.algorithm)
        if key in self._known:
            self._left += nsec3.iterations + 1
        else:
            self._known[key] = dns.dnssec.nsec3_hash(*key)
        return self._known[key]


def seems_proven(reply: Reply, owner: dns.name.Name, hashes: Hashes) -> bool:
    """Return whether a negative answer has an NSEC or NSEC3 record covering the owner name.

    Of NSEC3, only as many records count as validators read. Where no validator would compute the
    hashes, or `hashes` has computed too many, the answer counts as proven: nothing hangs on it.
    """
    if not isinstance(reply, Response):
        return False
    message = reply.message
    exists = message.rcode() == dns.rcode.NOERROR
    by_parameters: dict[tuple[int, bytes, int, int], list[str]] = {}
    hashed = 0
    for rrset in message.authority:
        if rrset.rdtype == dns.rdatatype.NSEC:
            following = rrset[0].next
            covers = rrset.name < owner and (owner < following or following <= rrset.name)
            if rrset.name == owner or covers:
                return True
        if rrset.rdtype == dns.rdatatype.NSEC3 and hashed < _MOST_RECORDS:
            hashed += 1
            nsec3 = rrset[0]
            if nsec3.iterations > _MOST_ITERATIONS or hashes.are_spent:
                return True
            key = (nsec3.algorithm, nsec3.salt, nsec3.iterations, len(rrset.name))
            if key not in by_parameters:
                names = [owner] if exists else _upwards(owner, len(rrset.name))
                try:
                    by_parameters[key] = hashes.of(names, nsec3)
                except (dns.exception.DNSException, ValueError):
                    return True
            if _matches(rrset.name, nsec3, by_parameters[key], exists):
                return True
    return False


def _upwards(owner: dns.name.Name, length: int) -> list[dns.name.Name]:
    """List the name itself and its ancestors below the zone, one of which does not exist."""
    names = [owner]
    while len(names[-1]) > length:
        names.append(names[-1].parent())
    return names


def _matches(at: dns.name.Name, nsec3: NSEC3, hashes: Sequence[str], exists: bool) -> bool:  # noqa: FBT001
    if not hashes:
        return True
    label = at.labels[0].decode("ascii", "replace").upper()
    if exists:
        return label in hashes
    following = base64.b32hexencode(nsec3.next).decode()
    wraps = following <= label
    return any(
        (label < hashed and (hashed < following or wraps)) or (wraps and hashed < following)
        for hashed in hashes
    )
