"""From facts to an assessment: each zone, at each address, secure, insecure or bogus. Pure.

Follows the chain from the trust anchors (RFC 4035 section 5): DS at the parent, keys at the child,
signatures of the data. The time is a parameter. It knows no network and words nothing for people.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import dns.dnssec
import dns.message
import dns.name
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from certbot_dns_preflight.dnssec import denial
from certbot_dns_preflight.dnssec.denial import Proof
from certbot_dns_preflight.dnssec.messages import (
    MOST_KEYS,
    anchored_keys,
    answering,
    find,
    is_another_zones,
    is_the_childs,
    signatures_of,
    usable,
)
from certbot_dns_preflight.dnssec.signatures import (
    KNOWN_ALGORITHMS,
    Broken,
    CannotJudge,
    Valid,
    Verifier,
    is_zone_key,
)
from certbot_dns_preflight.dnssec.zone_result import ZoneResult
from certbot_dns_preflight.facts.dnssec import UNSUPPORTED, Assessment, Kind, Status, ZoneState

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from dns.rdtypes.ANY.DNSKEY import DNSKEY
    from dns.rdtypes.ANY.DS import DS
    from dns.rdtypes.ANY.RRSIG import RRSIG

    from certbot_dns_preflight.dnssec.anchors import Anchors
    from certbot_dns_preflight.facts.dnssec import (
        Asked,
        Facts,
        ServerAddress,
        ServerReply,
        ZoneFacts,
    )

_DIGESTS = frozenset({1, 2, 4})  # SHA-1, SHA-256, SHA-384
_MOST_DS = 16


def validate(
    facts: Facts, anchors: Anchors, *, now: int, give_up: Callable[[], bool] = lambda: False
) -> Assessment:
    """Judge every zone of the chain at a moment, in seconds since 1970.

    `give_up` is asked before every computation; what is not judged when it says so stays open.
    """
    verifier = Verifier(now, give_up=give_up)
    trusted: dict[dns.name.Name, _Zone] = {}
    for zone in facts.zones:
        parent = trusted.get(zone.parent) if zone.parent is not None else None
        notes = ZoneResult(zone.apex, now)
        trusted[zone.apex] = _Zone(zone, verifier, notes).judge(parent, anchors)
    return Assessment(tuple(zone.state() for zone in trusted.values()), now)


@dataclass(slots=True)
class _Zone:
    """One zone while it is judged."""

    facts: ZoneFacts
    verifier: Verifier
    notes: ZoneResult
    status: Status = Status.SECURE
    reason: str = ""
    keys: dict[ServerAddress, frozenset[DNSKEY]] = field(default_factory=dict)
    delegations: dict[frozenset[DS], list[ServerAddress]] = field(default_factory=dict)

    def judge(self, parent: _Zone | None, anchors: Anchors) -> _Zone:
        """Go through delegation, keys and data; stop where nothing further can be told."""
        if self.facts.parent is None:
            signers: Collection[DS] = anchors
        else:
            signers = self._delegation(parent)
        if self.status is Status.SECURE:
            signers = _supported(signers)
            if not signers:
                self.status, self.reason = Status.INSECURE, UNSUPPORTED
        if self.status is Status.SECURE:
            self._keys(signers)
            self._each_delegation()
        if self.keys:
            for asked in self.facts.rrsets:
                apart = None if asked.rdtype == dns.rdatatype.SOA else asked.owner
                with self.notes.concerning(apart, asked.rdtype):
                    self._data(asked)
        return self

    def state(self) -> ZoneState:
        """Give the result; a zone is as bad as its worst address."""
        status = self.notes.worst if self.status is Status.SECURE else self.status
        return ZoneState(
            self.facts.apex,
            status,
            self.reason,
            tuple(self.notes.places.items()),
            self.notes.merged_faults(),
            self.notes.merged_expiring(),
        )

    # -- DS ----------------------------------------------------------------------------------------

    def _delegation(self, parent: _Zone | None) -> Collection[DS]:
        """Read the DS set at the parent's servers, or the proof that there is none."""
        if parent is None or parent.status is not Status.SECURE or not parent.keys:
            self.status = Status.INDETERMINATE if parent is None else parent.status
            if parent is not None and self.status is Status.SECURE:
                self.status = Status.BOGUS
            self.reason = parent.reason if parent is not None else "nothing is known of its parent"
            return ()
        unsigned: list[str] = []
        with parent.notes.concerning(self.facts.apex, dns.rdatatype.DS, and_below=True):
            for said in self.facts.ds:
                proof = self._delegated(parent, said)
                if proof is not None and proof is not Proof.UNPROVEN:
                    unsigned.append(_UNSIGNED[proof])
        if self.delegations:
            return frozenset().union(*self.delegations)
        if unsigned:
            self.status, self.reason = Status.INSECURE, unsigned[0]
        elif parent.notes.faults:
            self.status, self.reason = Status.BOGUS, "its delegation cannot be validated"
        else:
            self.status, self.reason = Status.INDETERMINATE, "no usable answer about its DS"
        return ()

    def _delegated(self, parent: _Zone, said: ServerReply) -> Proof | None:
        """Take the DS set that one server of the parent gives; else what its denial proves."""
        message = usable(said)
        if message is None or is_the_childs(message, self.facts.apex):
            return None
        keys = parent.keys_for(said.place)
        ds = find(message.answer, self.facts.apex, dns.rdatatype.DS)
        if ds is None:
            return parent.denied(message, self.facts.apex, dns.rdatatype.DS, keys, said.place)
        if parent.signed(ds, message.answer, keys, said.place):
            self.delegations.setdefault(frozenset(ds), []).append(said.place)
        return None

    def _each_delegation(self) -> None:
        """Try each DS set by itself, where the parent's servers differ: a resolver has but one."""
        if len(self.delegations) == 1:
            return
        for given, places in self.delegations.items():
            signers = _supported(given)
            unfit = [
                said.place
                for said in self.facts.dnskey
                if said.place in self.keys and signers and not self._fits(said, signers)
            ]
            if unfit:
                tags = tuple(sorted({ds.key_tag for ds in signers}))
                detail = "the zone above serves this DS on some of its servers only"
                self.notes.record(
                    places, self.notes.keys, Broken(Kind.DS_WITHOUT_KEY, detail, key_tags=tags)
                )

    def _fits(self, said: ServerReply, signers: Collection[DS]) -> bool:
        message = usable(said)
        if message is None:
            return True
        keys = find(message.answer, self.facts.apex, dns.rdatatype.DNSKEY)
        if keys is None:
            return True
        anchored = anchored_keys(keys, signers, self.facts.apex)
        signatures = signatures_of(message.answer, self.facts.apex, dns.rdatatype.DNSKEY)
        checked = self.verifier.check(keys, signatures, anchored, zone=self.facts.apex)
        return not isinstance(checked, Broken)

    # -- DNSKEY ------------------------------------------------------------------------------------

    def _keys(self, signers: Collection[DS]) -> None:  # noqa: C901 - one branch a way to fail
        """Find the keys to trust, address by address."""
        apex = self.facts.apex
        tags = tuple(sorted({ds.key_tag for ds in signers}))
        unable = ""
        for said in self.facts.dnskey:
            message = usable(said)
            if message is None:
                self.notes.note(said.place, Status.INDETERMINATE)
                continue
            keys = find(message.answer, apex, dns.rdatatype.DNSKEY)
            if keys is None:
                self.notes.fault(
                    said.place, Kind.DS_WITHOUT_KEY, "the zone has no keys here", tags=tags
                )
                continue
            anchored = anchored_keys(keys, signers, apex)
            if not anchored:
                served = sorted({dns.dnssec.key_id(key) for key in list(keys)[:MOST_KEYS]})
                detail = f"keys here: {', '.join(map(str, served[:8]))}"
                self.notes.fault(said.place, Kind.DS_WITHOUT_KEY, detail, tags=tags)
                continue
            signatures = signatures_of(message.answer, apex, dns.rdatatype.DNSKEY)
            by_anchored = {dns.dnssec.key_id(key) for key in anchored}
            signatures = [s for s in signatures if s.key_tag in by_anchored]
            match self.verifier.check(keys, signatures, anchored, zone=apex):
                case Valid() as valid:
                    self.keys[said.place] = frozenset(
                        key for key in list(keys)[:MOST_KEYS] if is_zone_key(key)
                    )
                    self.notes.note(said.place, Status.SECURE)
                    self.notes.ends(said.place, keys, valid)
                case Broken(kind=Kind.MISSING):
                    named = ", ".join(map(str, sorted(by_anchored)))
                    detail = f"the key set is not signed by key {named}, which the DS names"
                    self.notes.fault(said.place, Kind.MISSING, detail, keys, tags=tags)
                case Broken() as broken:
                    self.notes.broken(said.place, keys, broken)
                case CannotJudge(detail=unable):
                    self.notes.note(said.place, Status.INDETERMINATE)
        if not self.keys and not self.notes.faults:
            self.status = Status.INDETERMINATE
            self.reason = unable or "no usable answer about its keys"
        elif not self.keys:
            self.status, self.reason = Status.BOGUS, "none of its servers has keys to trust"

    def keys_for(self, place: ServerAddress) -> frozenset[DNSKEY]:
        """Give the keys that this address serves, or else those of all others."""
        return self.keys.get(place) or frozenset().union(*self.keys.values())

    # -- data --------------------------------------------------------------------------------------

    def _data(self, asked: Asked) -> None:
        sound: dict[ServerAddress, tuple[dns.rrset.RRset, list[RRSIG]]] = {}
        for said in asked.said:
            message = usable(said)
            if message is None:
                self.notes.note(said.place, Status.INDETERMINATE)
                continue
            keys = self.keys_for(said.place)
            rrset = answering(message, asked.owner, asked.rdtype, self.facts.apex)
            if rrset is None:
                self.denied(message, asked.owner, asked.rdtype, keys, said.place)
            elif self.signed(rrset, message.answer, keys, said.place, message=message):
                sound[said.place] = rrset, signatures_of(message.answer, rrset.name, rrset.rdtype)
        self._elsewhere(sound)

    def signed(
        self,
        rrset: dns.rrset.RRset,
        section: Sequence[dns.rrset.RRset],
        keys: Collection[DNSKEY],
        place: ServerAddress,
        *,
        message: dns.message.Message | None = None,
    ) -> bool:
        """Whether an RRset of this zone is validly signed; notes what is wrong if not."""
        signatures = signatures_of(section, rrset.name, rrset.rdtype)
        match self.verifier.check(rrset, signatures, keys, zone=self.facts.apex):
            case Broken() as broken:
                self.notes.broken(place, rrset, broken)
                return False
            case CannotJudge(detail=detail):
                self.notes.note(place, Status.INDETERMINATE)
                self.reason = self.reason or detail
                return False
            case Valid(wildcard=wildcard) as valid:
                self.notes.ends(place, rrset, valid)
        if wildcard is None or message is None:
            self.notes.note(place, Status.SECURE)
            return True
        denials, sound = self._denials(message, keys, place)
        if sound and denial.no_closer(denials, rrset.name, wildcard, zone=self.facts.apex) is (
            Proof.UNPROVEN
        ):
            detail = f"made from {wildcard} without the proof that nothing closer exists"
            self.notes.fault(place, Kind.MISSING, detail, rrset)
            return False
        self.notes.note(place, Status.SECURE)
        return sound

    def denied(
        self,
        message: dns.message.Message,
        name: dns.name.Name,
        rdtype: dns.rdatatype.RdataType,
        keys: Collection[DNSKEY],
        place: ServerAddress,
    ) -> Proof | None:
        """Find what a negative answer of this zone proves; None where its signatures are broken."""
        denials, sound = self._denials(message, keys, place)
        if not sound:
            return None
        proof = denial.absent(denials, name, rdtype, zone=self.facts.apex)
        match proof:
            case Proof.UNPROVEN:
                about = dns.rrset.RRset(name, dns.rdataclass.IN, rdtype)
                if denials:
                    detail = "the proof that it does not exist does not fit"
                    self.notes.fault(place, Kind.INVALID, detail, about)
                else:
                    detail = "a negative answer without a signed proof"
                    self.notes.fault(place, Kind.MISSING, detail, about)
            case Proof.PROVEN:
                self.notes.note(place, Status.SECURE)
            case Proof.OPT_OUT | Proof.TOO_MANY_ITERATIONS:
                self.notes.note(
                    place, Status.SECURE if rdtype == dns.rdatatype.DS else Status.INSECURE
                )
        return proof

    def _denials(
        self, message: dns.message.Message, keys: Collection[DNSKEY], place: ServerAddress
    ) -> tuple[list[dns.rrset.RRset], bool]:
        """Give the NSEC and NSEC3 records whose signatures hold, and whether all (and SOA) do.

        Where an alias leads into a zone below on the same server, its records are there as well.
        """
        good, sound = [], True
        for rrset in message.authority[:MOST_KEYS]:
            if rrset.rdtype not in _DENYING or not rrset.name.is_subdomain(self.facts.apex):
                continue
            signatures = signatures_of(message.authority, rrset.name, rrset.rdtype)
            if is_another_zones(rrset, signatures, self.facts.apex):
                continue
            match self.verifier.check(rrset, signatures, keys, zone=self.facts.apex):
                case Valid() as valid:
                    self.notes.ends(place, rrset, valid)
                    if rrset.rdtype != dns.rdatatype.SOA:
                        good.append(rrset)
                case Broken() as broken:
                    self.notes.broken(place, rrset, broken)
                    sound = False
                case CannotJudge(detail=detail):
                    self.notes.note(place, Status.INDETERMINATE)
                    self.reason = self.reason or detail
                    sound = False
        return good, sound

    def _elsewhere(self, sound: dict[ServerAddress, tuple[dns.rrset.RRset, list[RRSIG]]]) -> None:
        """Check with other addresses' keys too: a resolver may have those (half-done rollovers)."""
        for place, (rrset, signatures) in sound.items():
            for other, keys in self.keys.items():
                if keys == self.keys.get(place) or self.notes.places[other] is not Status.SECURE:
                    continue
                checked = self.verifier.check(rrset, signatures, keys, zone=self.facts.apex)
                if isinstance(checked, Broken):
                    detail = f"{checked.detail} at {other.endpoint.address}"
                    self.notes.record((place,), rrset, replace(checked, detail=detail))


_DENYING = frozenset({dns.rdatatype.NSEC, dns.rdatatype.NSEC3, dns.rdatatype.SOA})
_UNSIGNED = {
    Proof.PROVEN: "its parent proves that it has no DS",
    Proof.OPT_OUT: "its parent proves that it has no DS (opt-out)",
    Proof.TOO_MANY_ITERATIONS: "its parent's NSEC3 has more iterations than validators compute",
}


def _supported(signers: Collection[DS]) -> list[DS]:
    """Leave what validators support (RFC 4035 section 5.2).

    SHA-1 counts beside SHA-256 too: Unbound reads the SHOULD of RFC 4509 section 3 so.
    """
    known = [
        ds for ds in signers if ds.algorithm in KNOWN_ALGORITHMS and ds.digest_type in _DIGESTS
    ]
    return sorted(known, key=lambda ds: ds.key_tag)[:_MOST_DS]
