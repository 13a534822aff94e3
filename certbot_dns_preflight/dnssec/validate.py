"""Turn facts into an assessment: each zone, at each address, secure, insecure or bogus. Pure.

Follows the chain from the trust anchors (RFC 4035 section 5): DS at the parent, keys at the child,
signatures of the data. The time is a parameter. Knows no network and does no wording for people.
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

from certbot_dns_preflight.dnssec import delegation
from certbot_dns_preflight.dnssec.keys import is_zone_key
from certbot_dns_preflight.dnssec.messages import (
    MINIMISED,
    anchored_keys,
    answering,
    find,
    has_signatures,
    mismatch,
    signatures_of,
    usable,
)
from certbot_dns_preflight.dnssec.signatures import (
    Broken,
    CannotJudge,
    Valid,
    Verifier,
)
from certbot_dns_preflight.dnssec.signed_data import SignedData
from certbot_dns_preflight.dnssec.zone_result import ZoneResult
from certbot_dns_preflight.facts.dnssec import UNSUPPORTED, Assessment, Kind, Status, ZoneState

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from dns.rdtypes.ANY.DNSKEY import DNSKEY
    from dns.rdtypes.ANY.DS import DS
    from dns.rdtypes.ANY.RRSIG import RRSIG

    from certbot_dns_preflight.dnssec.anchors import Anchors
    from certbot_dns_preflight.dnssec.proof import Proof
    from certbot_dns_preflight.facts.dnssec import (
        Asked,
        Facts,
        ServerAddress,
        ServerReply,
        ZoneFacts,
    )


def validate(
    facts: Facts, anchors: Anchors, *, now: int, give_up: Callable[[], bool] = lambda: False
) -> Assessment:
    """Judge every zone of the chain at a moment, in seconds since 1970.

    `give_up` is called before every computation; once it returns true, the rest stays unjudged.
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
        """Go through delegation, keys and data; stop where nothing further can be determined."""
        if self.facts.parent is None:
            signers: Collection[DS] = anchors
        else:
            signers = self._delegation(parent)
        if self.status is Status.SECURE:
            signers = delegation.supported(signers)
            if not signers:
                self.status, self.reason = Status.INSECURE, UNSUPPORTED
        if self.status is Status.SECURE:
            self._keys(signers)
            self._each_delegation()
        if self.keys:
            for asked in self.facts.rrsets:
                if asked.rdtype == dns.rdatatype.DS:
                    continue  # it explains other answers
                apart = None if asked.rdtype == dns.rdatatype.SOA else asked.owner
                below = asked.rdtype == MINIMISED
                with self.notes.concerning(apart, asked.rdtype, and_below=below):
                    self._data(asked)
        return self

    def state(self) -> ZoneState:
        """Return the result; a zone is as bad as its worst address."""
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
        """Return the DS RRset at the parent's servers, or none if they prove that there is none."""
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
            self.status, self.reason = Status.INSECURE, delegation.UNSIGNED[unsigned[0]]
        elif parent.notes.faults:
            self.status, self.reason = Status.BOGUS, "its delegation cannot be validated"
        else:
            self.status, self.reason = Status.INDETERMINATE, "no usable answer about its DS"
        return ()

    def _delegated(self, parent: _Zone) -> list[Proof]:
        """Collect the parent's servers' DS RRsets; return what the denials that hold prove.

        A resolver takes the DS that comes with the referral, and asks for it only if there is none.
        BIND also asks if the referral denies it; Unbound does not always. So an answer to the query
        counts unless a referral of the same server has a believable DS, and a referral's denial
        counts if the query was not sent. An unbelievable answer does no harm if the referrals' DS
        can be believed.
        """
        apex = self.facts.apex
        referred = [
            found
            for reply in self.facts.referrals
            if (found := delegation.of_referral(parent.data_at(reply.place), reply, apex))
        ]
        asked = [
            found
            for reply in self.facts.ds
            if (found := delegation.of_answer(parent.data_at(reply.place), reply, apex))
        ]
        places = {one.place for one in asked}
        unasked = [one for one in referred if one.place not in places]
        referred = [one for one in referred if one.signers is not None or one in unasked]
        believed = {one.place for one in referred if one.signers is not None}
        counting = [*asked, *unasked]
        asked = [one for one in asked if one.place not in believed]
        for one in (*referred, *asked):
            if one.believed or (one in counting and not believed):
                parent.notes.take(one.notes)
            if one.signers is not None:
                serving = self.delegations.setdefault(one.signers, [])
                if one.place not in serving:
                    serving.append(one.place)
        return [d.proof for d in (*referred, *asked) if d.proof is not None and d.believed]

    def _each_delegation(self) -> None:
        """Try each DS RRset by itself if the parent's servers differ: a resolver has only one."""
        if len(self.delegations) == 1:
            return
        for given, places in self.delegations.items():
            signers = delegation.supported(given)
            unfit = [
                reply.place
                for reply in self.facts.dnskey
                if reply.place in self.keys and signers and not self._fits(reply, signers)
            ]
            if unfit:
                tags = tuple(sorted({ds.key_tag for ds in signers}))
                detail = "the zone above serves this DS on some of its servers only"
                places.sort(key=lambda place: (place.endpoint.ipv6, place.endpoint))
                self.notes.record(
                    places, self.notes.keys, Broken(Kind.DS_WITHOUT_KEY, detail, key_tags=tags)
                )

    def _fits(self, reply: ServerReply, signers: Collection[DS]) -> bool:
        message = usable(reply)
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
        """Judge this zone's data as an address serves it."""
        keys = self.keys_for(place)
        return SignedData(self.facts.apex, self.verifier, keys, place, self.notes)

    # -- DNSKEY ------------------------------------------------------------------------------------

    def _keys(self, signers: Collection[DS]) -> None:  # noqa: C901 - one branch a way to fail
        """Find the keys to trust, address by address."""
        apex = self.facts.apex
        tags = tuple(sorted({ds.key_tag for ds in signers}))
        unable = ""
        for reply in self.facts.dnskey:
            message = usable(reply)
            if message is None:
                self.notes.note(reply.place, Status.INDETERMINATE)
                continue
            keys = find(message.answer, apex, dns.rdatatype.DNSKEY)
            if keys is None:
                self.notes.fault(
                    reply.place, Kind.DS_WITHOUT_KEY, "the zone has no keys here", tags=tags
                )
                continue
            anchored = anchored_keys(keys, signers, apex)
            if not anchored:
                kind, detail, about = mismatch(keys, signers)
                self.notes.fault(reply.place, kind, detail, tags=about)
                continue
            signatures = signatures_of(message.answer, apex, dns.rdatatype.DNSKEY)
            by_anchored = {dns.dnssec.key_id(key) for key in anchored}
            signatures = [s for s in signatures if s.key_tag in by_anchored]
            match self.verifier.check(keys, signatures, anchored, zone=apex):
                case Valid() as valid:
                    self.keys[reply.place] = frozenset(filter(is_zone_key, keys))
                    self.notes.note(reply.place, Status.SECURE)
                    self.notes.ends(reply.place, keys, valid)
                case Broken(kind=Kind.MISSING):
                    named = ", ".join(map(str, sorted(by_anchored)))
                    detail = f"the key set is not signed by key {named}, which the DS names"
                    self.notes.fault(reply.place, Kind.MISSING, detail, keys, tags=tags)
                case Broken() as broken:
                    self.notes.broken(reply.place, keys, broken)
                case CannotJudge(detail=unable):
                    self.notes.note(reply.place, Status.INDETERMINATE)
        if not self.keys and not self.notes.faults:
            self.status = Status.INDETERMINATE
            self.reason = unable or "no usable answer about its keys"
        elif not self.keys:
            self.status, self.reason = Status.BOGUS, "none of its servers has keys to trust"

    def keys_for(self, place: ServerAddress) -> frozenset[DNSKEY]:
        """Return the keys that this address serves, or else those of all others."""
        return self.keys.get(place) or frozenset().union(*self.keys.values())

    # -- data --------------------------------------------------------------------------------------

    def _data(self, asked: Asked) -> None:
        sound: dict[ServerAddress, tuple[dns.rrset.RRset, list[RRSIG]]] = {}
        for reply in asked.said:
            message = usable(reply)
            if message is None:
                self.notes.note(reply.place, Status.INDETERMINATE)
                continue
            data = self.data_at(reply.place)
            if asked.rdtype == MINIMISED:
                data.passed(message, asked.owner)
                continue
            if not has_signatures(message) and delegation.may_be_below(
                data, self.facts, asked.owner
            ):
                self.notes.note(reply.place, Status.INSECURE)
                continue
            rrset = answering(message, asked.owner, asked.rdtype, self.facts.apex)
            if rrset is None:
                data.denied(message, asked.owner, asked.rdtype)
            elif data.is_sound(rrset, message.answer, message=message):
                sound[reply.place] = rrset, signatures_of(message.answer, rrset.name, rrset.rdtype)
        self._elsewhere(sound)

    def _elsewhere(self, sound: dict[ServerAddress, tuple[dns.rrset.RRset, list[RRSIG]]]) -> None:
        """Check with other addresses' keys too: a resolver may hold those (unfinished rollover)."""
        for place, (rrset, signatures) in sound.items():
            for other, keys in self.keys.items():
                if keys == self.keys.get(place) or self.notes.places[other] is not Status.SECURE:
                    continue
                checked = self.verifier.check(rrset, signatures, keys, zone=self.facts.apex)
                if isinstance(checked, Broken):
                    detail = f"{checked.detail} at {other.endpoint.address}"
                    self.notes.record((place,), rrset, replace(checked, detail=detail))
