"""What came back from one server address, and how it reads. Pure: no sockets, no clock.

Decides what one DNS message says about one owner name in one zone. It does not know which
value was expected, nor what other servers said; that is `survey` and `diagnosis`.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TypeAlias

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset


class Transport(enum.StrEnum):
    """How a response travelled."""

    UDP = "udp"
    TCP = "tcp"


class Silence(enum.StrEnum):
    """Why there is no usable response."""

    TIMED_OUT = "timed out"
    UNREACHABLE = "unreachable"
    NO_ROUTE = "no route from this host"
    TRUNCATED = "truncated over UDP, and TCP does not answer"
    GARBAGE = "malformed"


@dataclass(frozen=True, slots=True, order=True)
class Endpoint:
    """One server address: an IP literal and a port."""

    address: str
    port: int = 53

    @property
    def ipv6(self) -> bool:
        """Whether the address is an IPv6 one."""
        return ":" in self.address


@dataclass(frozen=True, slots=True)
class Response:
    """A DNS message with our id and our question in it. `rtt` in seconds."""

    message: dns.message.Message
    transport: Transport
    rtt: float


@dataclass(frozen=True, slots=True)
class NoResponse:
    """Nothing usable came in time. `rtt` is the seconds spent; `detail` is fit to be shown."""

    reason: Silence
    detail: str
    rtt: float


Reply: TypeAlias = Response | NoResponse


# -- readings: the sum type of what a reply says about an owner name ---------------------------


@dataclass(frozen=True, slots=True)
class Values:
    """AA=1 and a TXT RRset at the owner name: each RR's character-strings joined."""

    texts: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Alias:
    """AA=1 and a CNAME at the owner name, or a DNAME above it (then `dname` is its owner).

    `conflict` says that other data stands beside the CNAME (RFC 1034 §3.6.2 forbids it), and
    `texts` holds the TXT values among them.
    """

    target: dns.name.Name
    dname: dns.name.Name | None = None
    conflict: bool = False
    texts: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Absent:
    """AA=1 and a negative answer: NXDOMAIN, or NODATA; `soa` is the SOA's owner, if one came."""

    nxdomain: bool
    soa: dns.name.Name | None


@dataclass(frozen=True, slots=True)
class Referral:
    """AA=0 and an NS RRset strictly below the zone, at or above the owner name."""

    cut: dns.name.Name
    nameservers: frozenset[dns.name.Name]


@dataclass(frozen=True, slots=True)
class Refused:
    """REFUSED: the server is not configured for the zone."""


@dataclass(frozen=True, slots=True)
class Failing:
    """SERVFAIL, FORMERR, NOTIMP and the like."""

    rcode: str


@dataclass(frozen=True, slots=True)
class NotAuthoritative:
    """AA=0 where authority was due: a recursive resolver, or a referral that leads upwards."""

    recursive: bool
    upward: dns.name.Name | None = None


@dataclass(frozen=True, slots=True)
class Malformed:
    """What came is no answer to what was asked."""

    detail: str


@dataclass(frozen=True, slots=True)
class Unreachable:
    """No response; `reason` says how."""

    reason: Silence
    detail: str


@dataclass(frozen=True, slots=True)
class NotAsked:
    """An address that was left out; `reason` is fit to be shown."""

    reason: str


Answer: TypeAlias = Values | Alias | Absent
"""A usable answer: authoritative, right or wrong."""

Reading: TypeAlias = (
    Answer | Referral | Refused | Failing | NotAuthoritative | Malformed | Unreachable | NotAsked
)


def read_txt(reply: Reply, owner: dns.name.Name, zone: dns.name.Name) -> Reading:
    """Read a reply to ``owner TXT`` that was asked of a name server of `zone`."""
    match reply:
        case NoResponse(reason=Silence.GARBAGE, detail=detail):
            return Malformed(detail)
        case NoResponse(reason=reason, detail=detail):
            return Unreachable(reason, detail)
        case Response(message=message):
            return _read_message(message, owner, zone)


def rrset_at(
    section: list[dns.rrset.RRset], owner: dns.name.Name, rdtype: dns.rdatatype.RdataType
) -> dns.rrset.RRset | None:
    """Find the RRset of a type at an owner name itself, not at the target of its alias."""
    for rrset in section:
        if rrset.name == owner and rrset.rdtype == rdtype and rrset.rdclass == dns.rdataclass.IN:
            return rrset
    return None


def joined_texts(rrset: dns.rrset.RRset) -> tuple[bytes, ...]:
    """Each TXT RR's character-strings, joined with nothing between, in the order served."""
    return tuple(b"".join(rdata.strings) for rdata in rrset)


def alias_at(message: dns.message.Message, owner: dns.name.Name) -> Alias | None:
    """Read the CNAME at an owner name, or the DNAME above it, in the answer section."""
    cname = rrset_at(message.answer, owner, dns.rdatatype.CNAME)
    dname = next(
        (
            rrset
            for rrset in message.answer
            if rrset.rdtype == dns.rdatatype.DNAME
            and rrset.name != owner
            and owner.is_subdomain(rrset.name)
        ),
        None,
    )
    if dname is not None:
        # The CNAME beside it is synthesised (RFC 6672 §3.1); the DNAME is what the zone holds.
        suffix = dname[0].target
        try:
            target = owner.relativize(dname.name).concatenate(suffix)
        except dns.name.NameTooLong:
            return None
        return Alias(target, dname=dname.name)
    if cname is None:
        return None
    txt = rrset_at(message.answer, owner, dns.rdatatype.TXT)
    texts = () if txt is None else joined_texts(txt)
    return Alias(cname[0].target, conflict=txt is not None, texts=texts)


def _read_message(  # noqa: PLR0911 - one return a reading
    message: dns.message.Message, owner: dns.name.Name, zone: dns.name.Name
) -> Reading:
    rcode = message.rcode()
    authoritative = bool(message.flags & dns.flags.AA)
    alias = alias_at(message, owner)
    if rcode == dns.rcode.REFUSED:
        return Refused()
    if rcode not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        # A CNAME loop inside one server's zones: BIND and PowerDNS say SERVFAIL beside it.
        return alias if alias and authoritative else Failing(dns.rcode.to_text(rcode))
    if not authoritative:
        return _read_unauthoritative(message, owner, zone)
    if alias:
        return alias
    txt = rrset_at(message.answer, owner, dns.rdatatype.TXT)
    if txt is not None:
        return Values(joined_texts(txt))
    if message.answer:
        first = message.answer[0]
        return Malformed(
            f"the answer is about {first.name} {dns.rdatatype.to_text(first.rdtype)}, "
            f"not about {owner} TXT"
        )
    soa = next((r.name for r in message.authority if r.rdtype == dns.rdatatype.SOA), None)
    return Absent(nxdomain=rcode == dns.rcode.NXDOMAIN, soa=soa)


def _read_unauthoritative(
    message: dns.message.Message, owner: dns.name.Name, zone: dns.name.Name
) -> Referral | NotAuthoritative:
    recursive = bool(message.flags & dns.flags.RA)
    ns = next((r for r in message.authority if r.rdtype == dns.rdatatype.NS), None)
    if message.answer or ns is None:
        return NotAuthoritative(recursive=recursive)
    if ns.name != zone and ns.name.is_subdomain(zone) and owner.is_subdomain(ns.name):
        return Referral(ns.name, frozenset(rdata.target for rdata in ns))
    return NotAuthoritative(recursive=recursive, upward=ns.name)
