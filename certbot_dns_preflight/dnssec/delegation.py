"""Judge what a server of one zone says of a child zone: signed by which keys, or unsigned. Pure.

Reads it from the answer to the DS query, or from the authority section of a referral, which holds
the same. `validate` decides what differing servers amount to.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

from certbot_dns_preflight.dnssec.keys import KNOWN_ALGORITHMS
from certbot_dns_preflight.dnssec.messages import find, is_the_childs, referral, usable
from certbot_dns_preflight.dnssec.proof import Proof

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from dns.rdtypes.ANY.DS import DS

    from certbot_dns_preflight.dnssec.signed_data import SignedData
    from certbot_dns_preflight.dnssec.zone_result import ZoneResult
    from certbot_dns_preflight.facts.dnssec import ServerAddress, ServerReply, ZoneFacts

UNSIGNED = {
    Proof.PROVEN: "its parent proves that it has no DS",
    Proof.OPT_OUT: "its parent proves that it has no DS (opt-out)",
    Proof.TOO_MANY_ITERATIONS: "its parent's NSEC3 has more iterations than validators compute",
}
_ABOUT_DS = frozenset({dns.rdatatype.DS, dns.rdatatype.NSEC, dns.rdatatype.NSEC3})
_DIGESTS = frozenset({1, 2, 4})  # SHA-1, SHA-256, SHA-384


@dataclass(frozen=True, slots=True, eq=False)
class Delegation:
    """A DS RRset, or what its denial proves, at one address of the parent zone.

    Neither is present if signatures do not hold; `notes` say why, and are not yet the zone's own.
    """

    place: ServerAddress
    notes: ZoneResult
    signers: frozenset[DS] | None = None
    proof: Proof | None = None

    @property
    def believed(self) -> bool:
        """Whether a validator would rely on it."""
        return self.signers is not None or self.proof in UNSIGNED


def judge(
    data: SignedData,
    section: Sequence[dns.rrset.RRset],
    child: dns.name.Name,
    *,
    denied: bool = False,
) -> Delegation:
    """Judge the DS RRset, or its denial, in a section of an answer or of a referral.

    `data` holds the parent zone's keys, and the address that this came from. `denied` means that
    the response says that not even the name exists.
    """
    data = data.tentative()
    ds = find(section, child, dns.rdatatype.DS)
    if ds is None:
        return Delegation(
            data.place, data.notes, proof=data.undelegated(section, child, denied=denied)
        )
    signers = frozenset(ds) if data.is_sound(ds, section) else None
    return Delegation(data.place, data.notes, signers=signers)


def of_referral(data: SignedData, reply: ServerReply, child: dns.name.Name) -> Delegation | None:
    """Judge a referral; None if it says nothing of the DS, so that a resolver asks for it."""
    message = referral(reply, child)
    if message is None or not any(rrset.rdtype in _ABOUT_DS for rrset in message.authority):
        return None
    return judge(data, message.authority, child)


def of_answer(data: SignedData, reply: ServerReply, child: dns.name.Name) -> Delegation | None:
    """Judge the answer to the DS query; None if it is unusable."""
    message = usable(reply)
    if message is None or is_the_childs(message, child):
        return None
    given = find(message.answer, child, dns.rdatatype.DS) is not None
    denied = message.rcode() == dns.rcode.NXDOMAIN
    return judge(data, message.answer if given else message.authority, child, denied=denied)


def may_be_below(data: SignedData, facts: ZoneFacts, owner: dns.name.Name) -> bool:
    """Return whether an unsigned zone may begin at or above a name, by the same server's proof.

    Where that server was not asked (a registry has many), any other's counts.
    """
    return any(
        (found := of_answer(data, reply, asked.owner)) is not None and found.proof in UNSIGNED
        for asked in facts.rrsets
        if asked.rdtype == dns.rdatatype.DS and owner.is_subdomain(asked.owner)
        for reply in [one for one in asked.said if one.place == data.place] or asked.said
    )


def supported(signers: Collection[DS]) -> list[DS]:
    """Return the DS records that validators support (RFC 4035 section 5.2).

    SHA-1 counts beside SHA-256 too: that is how Unbound reads the SHOULD of RFC 4509 section 3.
    """
    known = [
        ds for ds in signers if ds.algorithm in KNOWN_ALGORITHMS and ds.digest_type in _DIGESTS
    ]
    return sorted(known, key=lambda ds: ds.key_tag)
