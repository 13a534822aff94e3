"""Judge a zone's data, or its denial, as one address serves it, and note the result. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from certbot_dns_preflight.dnssec import denial
from certbot_dns_preflight.dnssec.messages import (
    MINIMISED,
    has_signatures,
    is_another_zones,
    signatures_of,
)
from certbot_dns_preflight.dnssec.proof import Proof
from certbot_dns_preflight.dnssec.signatures import Broken, CannotJudge, Valid
from certbot_dns_preflight.facts.dnssec import WITHOUT_PROOF, Kind, Status

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from dns.rdtypes.ANY.DNSKEY import DNSKEY

    from certbot_dns_preflight.dnssec.signatures import Verifier
    from certbot_dns_preflight.dnssec.zone_result import ZoneResult
    from certbot_dns_preflight.facts.dnssec import ServerAddress

_MOST_RRSETS = 64  # per section; a denial has a handful
_DENYING = frozenset({dns.rdatatype.NSEC, dns.rdatatype.NSEC3, dns.rdatatype.SOA})


@dataclass(frozen=True, slots=True)
class SignedData:
    """What a zone's keys say of what one address serves; the result goes into `notes`."""

    apex: dns.name.Name
    verifier: Verifier
    keys: Collection[DNSKEY]
    place: ServerAddress
    notes: ZoneResult

    def tentative(self) -> SignedData:
        """Return the same with notes that may turn out not to matter."""
        return replace(self, notes=self.notes.tentative())

    def is_sound(
        self,
        rrset: dns.rrset.RRset,
        section: Sequence[dns.rrset.RRset],
        *,
        message: dns.message.Message | None = None,
    ) -> bool:
        """Return whether an RRset is validly signed; `message` holds the proof for a wildcard."""
        signatures = signatures_of(section, rrset.name, rrset.rdtype)
        match self.verifier.check(rrset, signatures, self.keys, zone=self.apex):
            case Broken() as broken:
                self.notes.broken(self.place, rrset, broken)
                return False
            case CannotJudge(detail=detail):
                self.notes.cannot_judge(self.place, detail)
                return False
            case Valid(wildcard=wildcard) as valid:
                self.notes.ends(self.place, rrset, valid)
        if wildcard is None or message is None:
            self.notes.note(self.place, Status.SECURE)
            return True
        denials, sound = self._denials(message.authority)
        proof = denial.no_closer(denials, rrset.name, wildcard, zone=self.apex)
        if sound and proof is Proof.UNPROVEN:
            detail = f"made from {wildcard} without the proof that nothing closer exists"
            kind = Kind.DENIAL_INVALID if denials else Kind.MISSING
            self.notes.fault(self.place, kind, detail, rrset)
            return False
        self.notes.note(self.place, Status.SECURE if proof is Proof.PROVEN else Status.INSECURE)
        return sound

    def denied(
        self, message: dns.message.Message, name: dns.name.Name, rdtype: dns.rdatatype.RdataType
    ) -> None:
        """Judge a negative answer."""
        denials, sound = self._denials(message.authority)
        if not sound:
            return
        nxdomain = message.rcode() == dns.rcode.NXDOMAIN
        proof = denial.absent(denials, name, rdtype, zone=self.apex, nxdomain=nxdomain)
        self._note(proof, bool(denials), dns.rrset.RRset(name, dns.rdataclass.IN, rdtype))

    def passed(self, message: dns.message.Message, name: dns.name.Name) -> None:
        """Judge the answer for a name on the way to the data, where a signed NXDOMAIN is the end.

        At the apex, which is on the way to the keys, any NXDOMAIN is. Whatever else it says, a
        resolver goes on.
        """
        ends = has_signatures(message) or name == self.apex
        if message.rcode() == dns.rcode.NXDOMAIN and ends and not message.answer:
            self.denied(message, name, MINIMISED)

    def undelegated(
        self, section: Sequence[dns.rrset.RRset], child: dns.name.Name, *, denied: bool
    ) -> Proof | None:
        """Judge the denial of a DS; None if its signatures do not hold.

        `denied` means that the server says that the name does not exist. Then there is no
        delegation that opt-out could hide: for a delegated name, the server says NODATA.
        """
        denials, sound = self._denials(section)
        if not sound:
            return None
        proof = denial.no_ds(denials, child, zone=self.apex)
        if denied and proof is Proof.OPT_OUT:
            proof = Proof.NOT_DELEGATED
        about = dns.rrset.RRset(child, dns.rdataclass.IN, dns.rdatatype.DS)
        self._note(proof, bool(denials), about)
        return proof

    def _note(self, proof: Proof, has_denials: bool, about: dns.rrset.RRset) -> None:  # noqa: FBT001 - private
        match proof:
            case Proof.PROVEN:
                self.notes.note(self.place, Status.SECURE)
            case Proof.OPT_OUT | Proof.TOO_MANY_ITERATIONS:
                delegation = about.rdtype == dns.rdatatype.DS
                self.notes.note(self.place, Status.SECURE if delegation else Status.INSECURE)
            case Proof.UNPROVEN if not has_denials:
                self.notes.fault(self.place, Kind.MISSING, WITHOUT_PROOF, about)
            case Proof.UNPROVEN | Proof.NOT_DELEGATED | Proof.OTHER_RCODE:
                self.notes.fault(self.place, Kind.DENIAL_INVALID, _UNFIT[proof], about)

    def _denials(self, section: Sequence[dns.rrset.RRset]) -> tuple[list[dns.rrset.RRset], bool]:
        """Return the NSEC and NSEC3 records whose signatures hold, and whether all (and SOA) do.

        If an alias leads into a child zone on the same server, the answer has that zone's records
        too.
        """
        good, sound = [], True
        for rrset in section[:_MOST_RRSETS]:
            if rrset.rdtype not in _DENYING or not rrset.name.is_subdomain(self.apex):
                continue
            signatures = signatures_of(section, rrset.name, rrset.rdtype)
            if is_another_zones(rrset, signatures, self.apex):
                continue
            match self.verifier.check(rrset, signatures, self.keys, zone=self.apex):
                case Valid() as valid:
                    self.notes.ends(self.place, rrset, valid)
                    if rrset.rdtype != dns.rdatatype.SOA:
                        good += _as_signed(rrset, valid.wildcard)
                case Broken() as broken:
                    self.notes.broken(self.place, rrset, broken)
                    sound = False
                case CannotJudge(detail=detail):
                    self.notes.cannot_judge(self.place, detail)
                    sound = False
        return good, sound


def _as_signed(rrset: dns.rrset.RRset, wildcard: dns.name.Name | None) -> list[dns.rrset.RRset]:
    """Return a denial with the owner name that it was signed for.

    A wildcard's own NSEC, served under another name, says nothing about that name. A hashed owner
    name is never expanded from a wildcard.
    """
    if wildcard is None:
        return [rrset]
    if rrset.rdtype != dns.rdatatype.NSEC:
        return []
    return [dns.rrset.from_rdata_list(wildcard, rrset.ttl, list(rrset))]


_UNFIT = {
    Proof.UNPROVEN: "the proof that it does not exist does not fit",
    Proof.NOT_DELEGATED: "the zone above proves that no zone begins here",
    Proof.OTHER_RCODE: "of proof and answer, one says that the name exists, one that it does not",
}
