"""Zones made record by record, for answers that no name server and no signer would make.

A `Zone` signs what it is asked for as it answers; a case replaces single answers. Two addresses
serve them: one the zones above (`top`), one the rest (`leaf`).
"""

from __future__ import annotations

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
import dns.rdatatype
import dns.rrset
from cryptography.hazmat.primitives.asymmetric import ed25519

from certbot_dns_preflight.dnssec.nsec3 import from_base32
from tests.lab.misbehaving import Authoritative

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from dns.rdtypes.ANY.DNSKEY import DNSKEY
    from dns.rdtypes.ANY.DS import DS

    from tests.lab.misbehaving import Question

ED25519 = 15
DAY = 86400
_SIGNED_APART = frozenset({dns.rdatatype.NS})


def name(text: str) -> dns.name.Name:
    return dns.name.from_text(text)


def rrset(owner: str | dns.name.Name, rdtype: str, *datas: str) -> dns.rrset.RRset:
    return dns.rrset.from_text(str(owner), 300, "IN", rdtype, *datas)


def nsec(owner: str, following: str, *types: str) -> dns.rrset.RRset:
    return rrset(owner, "NSEC", f"{following} {' '.join(types)}")


@dataclass(slots=True)
class Key:
    """A zone's key."""

    private: ed25519.Ed25519PrivateKey = field(default_factory=ed25519.Ed25519PrivateKey.generate)
    flags: int = 257

    @property
    def dnskey(self) -> DNSKEY:
        return dns.dnssec.make_dnskey(self.private.public_key(), ED25519, flags=self.flags)

    @property
    def tag(self) -> int:
        return dns.dnssec.key_id(self.dnskey)

    def ds(self, origin: dns.name.Name, digest: str = "SHA256") -> DS:
        return dns.dnssec.make_ds(origin, self.dnskey, digest, policy=dns.dnssec.allow_all_policy)

    def sign(
        self,
        data: dns.rrset.RRset,
        signer: dns.name.Name,
        *,
        begins: float = -DAY,
        ends: float = 10 * DAY,
    ) -> dns.rrset.RRset:
        now = int(time.time())
        made = dns.dnssec.sign(
            data,
            self.private,
            signer,
            self.dnskey,
            inception=(now + begins) % (1 << 32),
            expiration=(now + ends) % (1 << 32),
            policy=dns.dnssec.allow_all_policy,
        )
        return dns.rrset.from_rdata(data.name, 300, made)


@dataclass(slots=True)
class Reply:
    """One answer: its sections and flags."""

    answer: list[dns.rrset.RRset] = field(default_factory=list)
    authority: list[dns.rrset.RRset] = field(default_factory=list)
    rcode: dns.rcode.Rcode = dns.rcode.NOERROR
    aa: bool = True
    ra: bool = False


class Zone:
    """A zone that signs with one key; it denies by an NSEC at the name asked for.

    `replies` has the answers that a case replaces, by name and type; `referrals` by zone.
    """

    def __init__(self, origin: str, *, signed: bool = True) -> None:
        self.origin = name(origin)
        self.key = Key()
        self.signed = signed
        self.keys = [self.key.dnskey]
        self.data: dict[tuple[dns.name.Name, str], dns.rrset.RRset] = {}
        self.replies: dict[tuple[dns.name.Name, str], Callable[[], Reply]] = {}
        self.referrals: dict[dns.name.Name, Callable[[], Reply]] = {}
        self.cuts: dict[dns.name.Name, Sequence[DS]] = {}
        self.add(self.origin, "SOA", f"ns.{origin.lstrip('.')} h.test. 1 3600 900 99999 60")

    def add(self, owner: str | dns.name.Name, rdtype: str, *datas: str) -> dns.rrset.RRset:
        made = rrset(self.at(owner), rdtype, *datas)
        self.data[made.name, rdtype] = made
        return made

    def at(self, owner: str | dns.name.Name) -> dns.name.Name:
        if isinstance(owner, dns.name.Name):
            return owner
        return dns.name.from_text(owner, self.origin)

    def delegate(self, child: Zone, address: str, *, ds: Sequence[DS] | None = None) -> None:
        host = f"ns.{child.origin.to_text()}"
        self.add(child.origin, "NS", host)
        self.add(name(host), "A", address)
        signers = [child.key.ds(child.origin)] if child.signed else []
        self.cuts[child.origin] = signers if ds is None else ds

    def serve(self, host: str, address: str) -> None:
        self.add(self.origin, "NS", host)
        self.add(name(host), "A", address)

    # What is answered

    def reply(self, owner: dns.name.Name, rdtype: str) -> Reply:
        made = self.replies.get((owner, rdtype))
        return made() if made is not None else self.usual(owner, rdtype)

    def usual(self, owner: dns.name.Name, rdtype: str) -> Reply:
        cut = self.cut_above(owner, rdtype)
        if cut is not None:
            made = self.referrals.get(cut)
            return made() if made is not None else self.referral(cut)
        if rdtype == "DNSKEY" and owner == self.origin and self.signed:
            keys = dns.rrset.from_rdata_list(owner, 300, self.keys)
            return Reply([keys, self.key.sign(keys, self.origin)])
        if rdtype == "DS" and self.cuts.get(owner):
            return Reply(self.with_signature(self.ds_of(owner)))
        if (owner, rdtype) in self.data:
            return Reply(self.with_signature(self.data[owner, rdtype]))
        types = sorted({kind for at, kind in self.data if at == owner})
        return self.nodata(nsec(str(owner), f"\\000.{owner}", *types, "RRSIG", "NSEC"))

    def referral(self, cut: dns.name.Name) -> Reply:
        about = (
            self.ds_of(cut)
            if self.cuts[cut]
            else nsec(str(cut), f"\\000.{cut}", "NS", "RRSIG", "NSEC")
        )
        signed = self.with_signature(about) if self.signed else []
        return Reply(authority=[self.data[cut, "NS"], *signed], aa=False)

    def ds_of(self, cut: dns.name.Name) -> dns.rrset.RRset:
        return dns.rrset.from_rdata_list(cut, 300, list(self.cuts[cut]))

    def nodata(self, *denials: dns.rrset.RRset) -> Reply:
        return Reply(authority=[*self.soa(), *self.with_signatures(denials)])

    def nxdomain(self, *denials: dns.rrset.RRset) -> Reply:
        made = self.nodata(*denials)
        made.rcode = dns.rcode.NXDOMAIN
        return made

    def soa(self) -> list[dns.rrset.RRset]:
        return self.with_signature(self.data[self.origin, "SOA"])

    def with_signature(self, data: dns.rrset.RRset) -> list[dns.rrset.RRset]:
        return [data, self.key.sign(data, self.origin)] if self.signed else [data]

    def with_signatures(self, datas: Iterable[dns.rrset.RRset]) -> list[dns.rrset.RRset]:
        return [one for data in datas for one in self.with_signature(data)]

    def expanded(self, made: dns.rrset.RRset, owner: str | dns.name.Name) -> list[dns.rrset.RRset]:
        """Sign an RRset of a wildcard, and put it at a name that the wildcard matches."""
        return [
            dns.rrset.from_rdata_list(self.at(owner), 300, list(one))
            for one in (made, self.key.sign(made, self.origin))
        ]

    def nsec3(  # noqa: PLR0913 - an NSEC3's fields
        self,
        owner: str | dns.name.Name,
        *types: str,
        before: int = 0,
        after: int = 1,
        flags: int = 0,
        iterations: int = 0,
        algorithm: int = 1,
        whole: bool = False,
    ) -> dns.rrset.RRset:
        """Make the NSEC3 that begins `before` a name's hash and ends `after` it.

        With `before` 0 it matches the name. `whole`: it is the only one of its zone, and covers
        everything but itself.
        """
        number = self.hash(owner, iterations)
        first = (number - before) % (1 << 160)
        last = first if whole else (number + after) % (1 << 160)
        label = _base32(first)
        data = dns.rdata.from_text(
            dns.rdataclass.IN,
            dns.rdatatype.NSEC3,
            f"{algorithm} {flags} {iterations} - {_base32(last)} {' '.join(types)}",
        )
        return dns.rrset.from_rdata(dns.name.from_text(label, self.origin), 300, data)

    def hash(self, owner: str | dns.name.Name, iterations: int = 0) -> int:
        """Give a name's hash, without salt, as a number."""
        text = dns.dnssec.nsec3_hash(self.at(owner), b"", iterations, 1)
        return int.from_bytes(from_base32(text))

    def cut_above(self, owner: dns.name.Name, rdtype: str) -> dns.name.Name | None:
        for cut in self.cuts:
            if owner.is_subdomain(cut) and not (owner == cut and rdtype == "DS"):
                return cut
        return None


def _base32(number: int) -> str:
    from base64 import b32hexencode  # noqa: PLC0415 - beside its one use

    return b32hexencode(number.to_bytes(20)).decode().lower()


class Server(Authoritative):
    """Serves zones; the closest one to the question answers, for a DS the one above."""

    def __init__(self, address: str) -> None:
        super().__init__([address], {})
        self.crafted: list[Zone] = []

    def respond(self, question: Question) -> dns.message.Message:
        response = dns.message.make_response(question.message, our_payload=4096)
        owner, rdtype = question.name, dns.rdatatype.to_text(question.kind)
        lowered = owner.canonicalize()
        zones = [
            z
            for z in self.crafted
            if lowered.is_subdomain(z.origin)
            and not (rdtype == "DS" and lowered == z.origin != dns.name.root)
        ]
        if not zones:
            response.set_rcode(dns.rcode.REFUSED)
            return response
        made = max(zones, key=lambda z: len(z.origin)).reply(lowered, rdtype)
        response.set_rcode(made.rcode)
        if made.aa:
            response.flags |= dns.flags.AA
        if made.ra:
            response.flags |= dns.flags.RA
        response.answer, response.authority = list(made.answer), list(made.authority)
        for zone in zones:
            for ns in made.authority:
                if ns.rdtype == dns.rdatatype.NS and (ns[0].target, "A") in zone.data:
                    response.additional.append(zone.data[ns[0].target, "A"])
        return response
