"""One copy of one zone: what a right server answers from it, signed while it answers.

Referrals, aliases, wildcards, empty non-terminals and denials as RFC 1034, 4035, 5155 and 6672
have them. What a zone's owner can get wrong (keys, signatures, DS) is made here too, as it would
be in every server's copy; what one server gets wrong is in `serving`.
"""

from __future__ import annotations

import functools
import hashlib
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import dns.dnssec
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdataset
import dns.rdatatype
import dns.rrset
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from dns.rdatatype import CNAME, DNAME, DNSKEY, DS, NS, NSEC, NSEC3, NSEC3PARAM, RRSIG, SOA

from tests.differential.serving import PAYLOAD

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dns.name import Name
    from dns.rdataset import Rdataset
    from dns.rdatatype import RdataType
    from dns.rdtypes.ANY.DNSKEY import DNSKEY as KeyRecord  # noqa: N811 - a class
    from dns.rdtypes.ANY.RRSIG import RRSIG as Rrsig  # noqa: N811 - likewise
    from dns.rrset import RRset

TTL = 60
_DAY = 86400
_CHAIN = 20
_ED25519 = 15
_B32 = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", b"0123456789ABCDEFGHIJKLMNOPQRSTUV")


@dataclass(frozen=True, slots=True)
class Key:
    """A key pair."""

    private: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
    record: KeyRecord


@functools.cache
def key(label: str, algorithm: int, flags: int = 256) -> Key:
    """Make the key that goes by this label: always the same."""
    secret = hashlib.sha256(f"{label} {flags}".encode()).digest()
    private: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
    if algorithm == _ED25519:
        private = ed25519.Ed25519PrivateKey.from_private_bytes(secret)
    else:
        private = ec.derive_private_key(int.from_bytes(secret) >> 1, ec.SECP256R1())
    record = dns.dnssec.make_dnskey(private.public_key(), algorithm, flags)
    return Key(private, record)


@dataclass(slots=True)
class Answer:
    """What goes into a response: sections, rcode and AA."""

    answer: list[RRset] = field(default_factory=list)
    authority: list[RRset] = field(default_factory=list)
    additional: list[RRset] = field(default_factory=list)
    rcode: dns.rcode.Rcode = dns.rcode.NOERROR
    authoritative: bool = True


class Copy:
    """A zone's records by name and type, and how it is signed.

    `spoilt` is one word for what is wrong with keys and signatures: see `_times` and `_dnskeys`.
    `nearest` makes every NSEC end right behind its owner, for a zone that changes.
    """

    def __init__(  # noqa: PLR0913 - a zone's properties
        self,
        origin: Name,
        records: Iterable[tuple[Name, RdataType, str]],
        *,
        signing: str = "no",
        algorithm: int = 13,
        spoilt: str = "",
        nearest: bool = False,
    ) -> None:
        self.origin = origin
        self.signing = signing
        self.algorithm = algorithm
        self.spoilt = spoilt
        self.nearest = nearest
        self.data: dict[Name, dict[RdataType, Rdataset]] = {}
        self._signatures: dict[tuple[Name, RdataType], Rdataset] = {}
        for owner, rdtype, text in records:
            self.add(owner, rdtype, text)
        if signing != "no":
            self._prepare()

    # What there is

    def add(self, owner: Name, rdtype: RdataType, text: str) -> None:
        """Take up a record."""
        rdata = dns.rdata.from_text(
            dns.rdataclass.IN, rdtype, text, origin=dns.name.root, relativize=False
        )
        node = self.data.setdefault(owner, {})
        if rdtype not in node:
            node[rdtype] = dns.rdataset.Rdataset(dns.rdataclass.IN, rdtype, ttl=TTL)
        node[rdtype].add(rdata)

    @property
    def _label(self) -> str:
        """What the zone's keys go by: the same below every TLD, so that there are few."""
        labels = self.origin.labels
        return "root" if len(labels) < 2 else dns.name.Name(labels[:-2]).to_text()

    @property
    def keys(self) -> tuple[Key, Key]:
        """The KSK and the ZSK."""
        zone_flag = 0 if self.spoilt == "keys-without-zone-flag" else 256
        revoked = 128 if self.spoilt == "revoked-key" else 0
        label = self._label
        return (
            key(f"ksk {label}", self.algorithm, zone_flag | 1 | revoked),
            key(f"zsk {label}", self.algorithm, zone_flag),
        )

    def ds(self, kind: str) -> list[str]:
        """Give the DS data that the parent has."""
        right = _ds(self.origin, self.keys[0], "SHA256")
        other = _ds(self.origin, key(f"other {self._label}", self.algorithm, 257), "SHA256")
        tag, algorithm, digest_type, digest = right.split()
        many = [
            _ds(self.origin, key(f"old {n} {self._label}", self.algorithm, 257), "SHA256")
            for n in range(20)
        ]
        table: Mapping[str, list[str]] = {
            "right": [right],
            "none": [],
            "other-digest": [f"{tag} {algorithm} {digest_type} {digest[::-1]}"],
            "other-key": [other],
            "unknown-digest": [f"{tag} {algorithm} 200 {digest}"],
            "unknown-algorithm": [f"{tag} 200 {digest_type} {digest}"],
            "right-and-other": [right, other],
            "right-and-unknown": [right, f"{tag} 200 {digest_type} {digest}"],
            "right-among-many": [*many, right],
            "sha384": [_ds(self.origin, self.keys[0], "SHA384")],
        }
        return table[kind]

    def _prepare(self) -> None:
        for rdata in self._dnskeys():
            self.add(self.origin, DNSKEY, rdata)
        if self.signing != "nsec":
            self.add(self.origin, NSEC3PARAM, "1 0 0 -")

    def _dnskeys(self) -> list[str]:
        ksk, zsk = (one.record.to_text() for one in self.keys)
        match self.spoilt:
            case "ksk-missing":
                return [zsk]
            case "zsk-missing":
                return [ksk]
            case "dnskey-absent":
                return []
        return [ksk, zsk]

    @functools.cached_property
    def _cuts(self) -> set[Name]:
        return {name for name, node in self.data.items() if NS in node and name != self.origin}

    def _is_below_cut(self, name: Name) -> bool:
        return any(name != cut and name.is_subdomain(cut) for cut in self._cuts)

    @functools.cached_property
    def _names(self) -> set[Name]:
        """Every name that exists, empty non-terminals too."""
        names = {self.origin}
        for name in self.data:
            if self._is_below_cut(name):
                continue
            above = name
            while above != self.origin:
                names.add(above)
                above = above.parent()
        return names

    @functools.cached_property
    def _nsec_chain(self) -> list[Name]:
        return sorted(name for name in self.data if not self._is_below_cut(name))

    @functools.cached_property
    def _nsec3_chain(self) -> list[tuple[str, Name]]:
        chosen = []
        for name in self._names:
            node = self.data.get(name, {})
            insecure = name in self._cuts and DS not in node
            below = [other for other in self._names if other.is_subdomain(name)]
            only_insecure = all(
                other in self._cuts and DS not in self.data[other]
                for other in below
                if other in self.data
            )
            if self.signing == "opt-out" and (
                insecure or (name not in self.data and only_insecure)
            ):
                continue
            chosen.append((_hash(name), name))
        return sorted(chosen)

    # What is answered

    def answer(self, name: Name, rdtype: RdataType, *, do: bool) -> Answer:
        """Answer one question as a right server does."""
        answer = Answer()
        self._resolve(answer, name, rdtype, do=do and self.signing != "no")
        return answer

    def _resolve(self, answer: Answer, name: Name, rdtype: RdataType, *, do: bool) -> None:
        for _ in range(_CHAIN):
            target = self._step(answer, name, rdtype, do=do)
            if target is None or not target.is_subdomain(self.origin):
                return
            name = target

    def _step(self, answer: Answer, name: Name, rdtype: RdataType, *, do: bool) -> Name | None:
        cut = next((cut for cut in sorted(self._cuts) if name.is_subdomain(cut)), None)
        if cut is not None and not (cut == name and rdtype == DS):
            self._refer(answer, cut, do=do)
            return None
        for above in self._ancestors(name):
            if DNAME in self.data.get(above, {}):
                return self._rewrite(answer, name, above, do=do)
        if name in self._names:
            return self._from_node(answer, name, name, rdtype, do=do)
        encloser = next(above for above in self._ancestors(name) if above in self._names)
        wildcard = dns.name.Name((b"*", *encloser.labels))
        if wildcard in self._names:
            before = len(answer.answer)
            target = self._from_node(answer, wildcard, name, rdtype, do=do)
            if do:
                self._prove_absent(answer, name, encloser, expanded=len(answer.answer) > before)
            return target
        answer.rcode = dns.rcode.NXDOMAIN
        self._soa(answer, do=do)
        if do:
            self._prove_absent(answer, name, encloser, expanded=False)
            self._prove_no_wildcard(answer, encloser)
        return None

    def _ancestors(self, name: Name) -> list[Name]:
        found = []
        while name != self.origin:
            name = name.parent()
            found.append(name)
        return found

    def _refer(self, answer: Answer, cut: Name, *, do: bool) -> None:
        if not answer.answer:
            answer.authoritative = False
        answer.authority.append(self._rrset(cut, cut, NS))
        for rdata in self.data[cut][NS]:
            answer.additional += self._addresses(rdata.target)
        if not do:
            return
        if DS in self.data[cut]:
            self._put(answer.authority, cut, cut, DS, do=True)
        elif self.signing == "nsec":
            self._add_nsec(answer, cut)
        else:
            self._nsec3_nodata(answer, cut)

    def _addresses(self, host: Name) -> list[RRset]:
        node = self.data.get(host, {})
        return [
            self._rrset(host, host, family)
            for family in (dns.rdatatype.A, dns.rdatatype.AAAA)
            if family in node
        ]

    def _rewrite(self, answer: Answer, name: Name, above: Name, *, do: bool) -> Name | None:
        self._put(answer.answer, above, above, DNAME, do=do)
        target = self.data[above][DNAME][0].target
        rewritten = name.relativize(above).concatenate(target)
        answer.answer.append(dns.rrset.from_text(name, TTL, "IN", "CNAME", str(rewritten)))
        return rewritten

    def _from_node(
        self, answer: Answer, owner: Name, name: Name, rdtype: RdataType, *, do: bool
    ) -> Name | None:
        node = self.data.get(owner, {})
        if rdtype in node:
            self._put(answer.answer, owner, name, rdtype, do=do)
            if rdtype == NS:
                for rdata in node[NS]:
                    answer.additional += self._addresses(rdata.target)
            return None
        if rdtype == NSEC and self.signing == "nsec" and owner == name:
            answer.answer += self._nsec(owner, owner)
            return None
        if CNAME in node:
            self._put(answer.answer, owner, name, CNAME, do=do)
            target: Name = node[CNAME][0].target
            return target
        self._soa(answer, do=do)
        if do and self.signing == "nsec":
            if owner in self.data:
                self._add_nsec(answer, owner)
            else:
                self._add_nsec(answer, self._before(owner))
        elif do:
            self._nsec3_nodata(answer, owner)
        return None

    def _soa(self, answer: Answer, *, do: bool) -> None:
        self._put(answer.authority, self.origin, self.origin, SOA, do=do)

    def _put(
        self, section: list[RRset], owner: Name, name: Name, rdtype: RdataType, *, do: bool
    ) -> None:
        section.append(self._rrset(owner, name, rdtype))
        if do:
            section += self._signed(owner, name, rdtype, self.data[owner][rdtype])

    def _rrset(self, owner: Name, name: Name, rdtype: RdataType) -> RRset:
        return dns.rrset.from_rdata_list(name, TTL, list(self.data[owner][rdtype]))

    # Denial

    def _before(self, name: Name) -> Name:
        return max((other for other in self._nsec_chain if other < name), default=self.origin)

    def _nsec(self, owner: Name, name: Name) -> list[RRset]:
        index = self._nsec_chain.index(owner)
        following = self._nsec_chain[(index + 1) % len(self._nsec_chain)]
        if self.nearest:
            # In the letters of the zone, not of the question: a signature covers them.
            following = dns.name.Name((b"\0", *(label.lower() for label in owner.labels)))
        if self.spoilt == "nsec-leaves-zone" and following == self.origin:
            following = dns.name.Name((b"zzz", *self.origin.parent().labels))
        types = {*self.data[owner], NSEC, RRSIG}
        bitmap = " ".join(dns.rdatatype.to_text(one) for one in sorted(types))
        rrset = dns.rrset.from_text(name, TTL, "IN", "NSEC", f"{following} {bitmap}")
        return [rrset, *self._signed(owner, name, NSEC, rrset)]

    def _add_nsec(self, answer: Answer, owner: Name, name: Name | None = None) -> None:
        shown = owner if name is None else name
        if not any(rrset.rdtype == NSEC and rrset.name == shown for rrset in answer.authority):
            answer.authority += self._nsec(owner, shown)

    def _add_nsec3(self, answer: Answer, index: int) -> None:
        digest, name = self._nsec3_chain[index]
        following = self._nsec3_chain[(index + 1) % len(self._nsec3_chain)][0]
        owner = dns.name.Name((digest.lower().encode(), *self.origin.labels))
        if any(rrset.name == owner for rrset in answer.authority):
            return
        node = self.data.get(name, {})
        insecure = name in self._cuts and DS not in node
        types = set(node) | ({RRSIG} if node and not insecure else set())
        bitmap = " ".join(dns.rdatatype.to_text(one) for one in sorted(types))
        flags = 1 if self.signing == "opt-out" else 0
        text = f"1 {flags} 0 - {following} {bitmap}"
        rrset = dns.rrset.from_text(owner, TTL, "IN", "NSEC3", text)
        answer.authority += [rrset, *self._signed(owner, owner, NSEC3, rrset)]

    def _matching(self, name: Name) -> int | None:
        digest = _hash(name)
        return next((i for i, (one, _) in enumerate(self._nsec3_chain) if one == digest), None)

    def _covering(self, name: Name) -> int:
        digest = _hash(name)
        before = [i for i, (one, _) in enumerate(self._nsec3_chain) if one < digest]
        return before[-1] if before else len(self._nsec3_chain) - 1

    def _nsec3_nodata(self, answer: Answer, name: Name) -> None:
        matching = self._matching(name)
        if matching is not None:
            self._add_nsec3(answer, matching)
            return
        # Opt-out: the closest encloser, and what covers the next closer name.
        self._nsec3_encloser(answer, name)

    def _nsec3_encloser(self, answer: Answer, name: Name) -> Name:
        closer = name
        for above in self._ancestors(name):
            matching = self._matching(above)
            if matching is not None:
                self._add_nsec3(answer, matching)
                self._add_nsec3(answer, self._covering(closer))
                return above
            closer = above
        return self.origin

    def _prove_absent(self, answer: Answer, name: Name, encloser: Name, *, expanded: bool) -> None:
        if self.signing == "nsec":
            self._add_nsec(answer, self._before(name))
        elif not expanded:
            self._nsec3_encloser(answer, name)
        else:
            closer = name.split(len(encloser.labels) + 1)[1]
            self._add_nsec3(answer, self._covering(closer))

    def _prove_no_wildcard(self, answer: Answer, encloser: Name) -> None:
        wildcard = dns.name.Name((b"*", *encloser.labels))
        if self.signing == "nsec":
            self._add_nsec(answer, self._before(wildcard))
        else:
            self._add_nsec3(answer, self._covering(wildcard))

    # Signatures

    def _signed(
        self, owner: Name, name: Name, rdtype: RdataType, rdataset: Rdataset
    ) -> list[RRset]:
        made = self._signatures.get((owner, rdtype))
        if made is None:
            made = self._signatures[owner, rdtype] = self._sign(owner, rdtype, rdataset)
        return [dns.rrset.from_rdata_list(name, TTL, list(made))] if len(made) else []

    def _sign(self, owner: Name, rdtype: RdataType, rdataset: Rdataset) -> Rdataset:
        made = dns.rdataset.Rdataset(dns.rdataclass.IN, RRSIG, ttl=TTL)
        if self.spoilt == "unsigned":
            return made
        ksk, zsk = self.keys
        chosen = ksk if rdtype == DNSKEY else zsk
        if rdtype == DNSKEY and self.spoilt == "dnskey-signed-by-zsk":
            chosen = zsk
        begins, ends = self._times(rdtype)
        plain = dns.rdataset.from_rdata_list(TTL, list(rdataset))

        def sign(by: Key) -> Rrsig:
            return dns.dnssec.sign(
                (owner, plain),
                by.private,
                self.origin,
                by.record,
                inception=begins,
                expiration=ends,
                policy=dns.dnssec.allow_all_policy,
            )

        if self.spoilt == "signatures-by-absent-keys-too":
            for number in range(8):
                made.add(sign(key(f"absent {number} {self._label}", self.algorithm)))
        signature = sign(chosen)
        if self.spoilt == "txt-signature-broken" and rdtype == dns.rdatatype.TXT:
            zeros = bytes(len(signature.signature))
            made.add(signature.replace(signature=zeros))
        else:
            made.add(signature)
        return made

    def _times(self, rdtype: RdataType) -> tuple[int, int]:
        now = int(time.time())
        begins, ends = now - _DAY, now + 20 * _DAY
        past = now - 40 * _DAY, now - 10 * _DAY
        kind = "denial" if rdtype in (NSEC, NSEC3) else dns.rdatatype.to_text(rdtype).lower()
        match self.spoilt:
            case "future":
                return now + 10 * _DAY, now + 30 * _DAY
            case "serial-expiry":
                return begins, (now + 2**31 + 30 * _DAY) % 2**32
            case "serial-inception":
                return (now + 2**31 + 30 * _DAY) % 2**32, ends
        return past if self.spoilt in ("expired", f"{kind}-expired") else (begins, ends)


def respond(query: dns.message.Message, copy: Copy) -> dns.message.Message:
    """Answer a query from a copy."""
    question = query.question[0]
    response = dns.message.make_response(query, our_payload=PAYLOAD)
    answer = copy.answer(question.name, question.rdtype, do=bool(query.ednsflags & dns.flags.DO))
    response.answer = answer.answer
    response.authority = answer.authority
    response.additional = answer.additional
    response.set_rcode(answer.rcode)
    if answer.authoritative:
        response.flags |= dns.flags.AA
    return response


def _ds(origin: Name, of: Key, digest: str) -> str:
    made = dns.dnssec.make_ds(origin, of.record, digest, policy=dns.dnssec.allow_all_policy)
    return made.to_text()


@functools.lru_cache(maxsize=4096)
def _hash(name: Name) -> str:
    return dns.dnssec.nsec3_hash(name, b"", 0, 1)
