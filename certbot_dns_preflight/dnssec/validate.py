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

from certbot_dns_preflight.dnssec.messages import (
    MOST_KEYS,
    anchored_keys,
    answering,
    find,
    is_the_childs,
    mismatch,
    referral,
    signatures_of,
    usable,
)
from certbot_dns_preflight.dnssec.proof import Proof
from certbot_dns_preflight.dnssec.signatures import (
    KNOWN_ALGORITHMS,
    Broken,
    CannotJudge,
    Valid,
    Verifier,
    is_zone_key,
)
from certbot_dns_preflight.dnssec.signed_data import SignedData
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
            self.reason or self.notes.unable,
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
        with parent.notes.concerning(self.facts.apex, dns.rdatatype.DS, and_below=True):
            unsigned = self._delegated(parent)
        if self.delegations:
            return frozenset().union(*self.delegations)
        if unsigned:
            self.status, self.reason = Status.INSECURE, _UNSIGNED[unsigned[0]]
        elif parent.notes.faults:
            self.status, self.reason = Status.BOGUS, "its delegation cannot be validated"
        else:
            self.status, self.reason = Status.INDETERMINATE, "no usable answer about its DS"
        return ()

    def _delegated(self, parent: _Zone) -> list[Proof]:
        """Take the DS sets that the parent's servers give; else give what their denials prove.

        A resolver takes what comes with the referral, and asks for the DS only where that has none.
        So an answer to that question that cannot be believed harms nobody if the referrals can.
        """
        referred = [d for said in self.facts.referrals if (d := self._referred(parent, said))]
        asked = [d for said in self.facts.ds if (d := self._asked(parent, said))]
        believed = any(d.believed for d in referred)
        for delegation in (*referred, *asked):
            counts = delegation in asked and not believed
            if delegation.believed or counts or not asked:
                parent.notes.take(delegation.notes)
            if delegation.signers is not None:
                places = self.delegations.setdefault(delegation.signers, [])
                if delegation.place not in places:
                    places.append(delegation.place)
        return [d.proof for d in (*referred, *asked) if d.proof is not None and d.believed]

    def _referred(self, parent: _Zone, said: ServerReply) -> _Delegation | None:
        message = referral(said, self.facts.apex)
        if message is None:
            return None
        if not any(rrset.rdtype in _ABOUT_DS for rrset in message.authority):
            return None  # it says nothing: a resolver asks
        return _judge_delegation(parent.data_at(said.place), message.authority, self.facts.apex)

    def _asked(self, parent: _Zone, said: ServerReply) -> _Delegation | None:
        message = usable(said)
        if message is None or is_the_childs(message, self.facts.apex):
            return None
        data = parent.data_at(said.place)
        given = find(message.answer, self.facts.apex, dns.rdatatype.DS) is not None
        section = message.answer if given else message.authority
        return _judge_delegation(data, section, self.facts.apex)

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

    def data_at(self, place: ServerAddress) -> SignedData:
        """Judge data of this zone as an address serves it."""
        keys = self.keys_for(place)
        return SignedData(self.facts.apex, self.verifier, keys, place, self.notes)

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
                kind, detail, about = mismatch(keys, signers)
                self.notes.fault(said.place, kind, detail, tags=about)
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
            data = self.data_at(said.place)
            rrset = answering(message, asked.owner, asked.rdtype, self.facts.apex)
            if rrset is None:
                data.denied(message, asked.owner, asked.rdtype)
            elif data.is_sound(rrset, message.answer, message=message):
                sound[said.place] = rrset, signatures_of(message.answer, rrset.name, rrset.rdtype)
        self._elsewhere(sound)

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


@dataclass(frozen=True, slots=True, eq=False)
class _Delegation:
    """What one server of a zone says of a delegation: a DS set, or what its denial proves.

    Neither is believed where signatures do not hold or the proof does not fit; `notes` say why.
    """

    place: ServerAddress
    notes: ZoneResult
    signers: frozenset[DS] | None = None
    proof: Proof | None = None

    @property
    def believed(self) -> bool:
        """Whether a validator would go by it."""
        return self.signers is not None or self.proof in _UNSIGNED


def _judge_delegation(
    data: SignedData, section: Sequence[dns.rrset.RRset], child: dns.name.Name
) -> _Delegation:
    """Judge a DS set, or its denial, in a section of an answer or of a referral."""
    data = data.tentative()
    ds = find(section, child, dns.rdatatype.DS)
    if ds is None:
        proof = data.undelegated(section, child)
        return _Delegation(data.place, data.notes, proof=proof)
    signers = frozenset(ds) if data.is_sound(ds, section) else None
    return _Delegation(data.place, data.notes, signers=signers)


_ABOUT_DS = frozenset({dns.rdatatype.DS, dns.rdatatype.NSEC, dns.rdatatype.NSEC3})
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
    return sorted(known, key=lambda ds: ds.key_tag)
