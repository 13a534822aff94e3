"""What a server of one zone says of a zone below: signed by which keys, or unsigned. Pure.

It is read from the answer to the question for the DS, or from a referral, which has the same in
its authority section. What differing servers amount to is for `validate`.
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
    from certbot_dns_preflight.facts.dnssec import ServerAddress, ServerReply

UNSIGNED = {
    Proof.PROVEN: "its parent proves that it has no DS",
    Proof.OPT_OUT: "its parent proves that it has no DS (opt-out)",
    Proof.TOO_MANY_ITERATIONS: "its parent's NSEC3 has more iterations than validators compute",
}
_ABOUT_DS = frozenset({dns.rdatatype.DS, dns.rdatatype.NSEC, dns.rdatatype.NSEC3})
_DIGESTS = frozenset({1, 2, 4})  # SHA-1, SHA-256, SHA-384


@dataclass(frozen=True, slots=True, eq=False)
class Delegation:
    """A DS set, or what its denial proves, at one address of the zone above.

    Neither is there where signatures do not hold; `notes` say why, and are not the zone's own yet.
    """

    place: ServerAddress
    notes: ZoneResult
    signers: frozenset[DS] | None = None
    proof: Proof | None = None

    @property
    def believed(self) -> bool:
        """Whether a validator would go by it."""
        return self.signers is not None or self.proof in UNSIGNED


def judge(
    data: SignedData,
    section: Sequence[dns.rrset.RRset],
    child: dns.name.Name,
    *,
    denied: bool = False,
) -> Delegation:
    """Judge the DS set, or its denial, in a section of an answer or of a referral.

    `data` holds the keys of the zone above, and the address that this came from. `denied`: that
    says that there is not even the name.
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
    """Judge what comes with a referral; None where it says nothing, so that a resolver asks."""
    message = referral(reply, child)
    if message is None or not any(rrset.rdtype in _ABOUT_DS for rrset in message.authority):
        return None
    return judge(data, message.authority, child)


def of_answer(data: SignedData, reply: ServerReply, child: dns.name.Name) -> Delegation | None:
    """Judge the answer to the question for the DS; None if it is not to be relied on."""
    message = usable(reply)
    if message is None or is_the_childs(message, child):
        return None
    given = find(message.answer, child, dns.rdatatype.DS) is not None
    denied = message.rcode() == dns.rcode.NXDOMAIN
    return judge(data, message.answer if given else message.authority, child, denied=denied)


def supported(signers: Collection[DS]) -> list[DS]:
    """Leave what validators support (RFC 4035 section 5.2).

    SHA-1 counts beside SHA-256 too: Unbound reads the SHOULD of RFC 4509 section 3 so.
    """
    known = [
        ds for ds in signers if ds.algorithm in KNOWN_ALGORITHMS and ds.digest_type in _DIGESTS
    ]
    return sorted(known, key=lambda ds: ds.key_tag)
