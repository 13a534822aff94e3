"""What one server gets wrong: which faults there are, whether one applies, and what it does.

A fault changes the copy that a server has (`spoil_copy`), the message that it would send
(`spoil_message`), or whether and how it is sent (`Sending`).
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset
from dns.rdatatype import CNAME, DS, NS, NSEC, NSEC3, RRSIG, SOA

if TYPE_CHECKING:
    from dns.name import Name
    from dns.rdatatype import RdataType

    from tests.differential.worlds import Fault

RCODES = {
    "servfail": dns.rcode.SERVFAIL,
    "refused": dns.rcode.REFUSED,
    "formerr": dns.rcode.FORMERR,
    "notimp": dns.rcode.NOTIMP,
}
DELAY = 0.4
"""Seconds that a slow server takes."""

FAILING = (*RCODES, "silent", "truncated-without-tcp", "garbage")
"""No usable answer."""
CONTENT = (
    "nxdomain",
    "nodata",
    "not-authoritative",
    "without-soa",
    "bare-denial",
    "upward-referral",
)
"""Another answer."""
UNSIGNED = ("without-signatures", "without-denial", "plain", "broken-signatures")
"""An answer that lacks what a validator wants."""
DENIALS = ("flipped-rcode", "without-wildcard-proof", "expanded-nsec", "cname-for-ds")
"""An answer that proves something else than it says."""
REFERRALS = ("without-additional", "referral-without-ds")
COPIES = ("stale", "old-value", "expired-copy", "unsigned-copy", "forgets-delegation")
"""A copy of the zone that is not the others'."""
MANNERS = (
    "slow",
    "no-tcp",
    "small-without-tcp",
    "lower-case",
    "formerr-to-edns",
    "ignores-edns",
)
"""Manners that resolvers bear, or not."""
ACTIONS = (*FAILING, *CONTENT, *UNSIGNED, *DENIALS, *REFERRALS, *COPIES, *MANNERS)


class Sending(enum.Enum):
    """How a response goes out."""

    NORMALLY = "normally"
    LATE = "late"
    TRUNCATED = "truncated"
    GARBAGE = "garbage"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as faults look at it; `name` as it came, `tcp` and the address's number."""

    name: Name
    rdtype: RdataType
    do: bool
    tcp: bool
    edns: bool
    address: int


def applies(fault: Fault, asked: Asked, tld: Name) -> bool:
    """Tell whether a fault concerns a question."""
    return _concerns(fault, asked, tld) and _happens(fault.when, asked)


def _concerns(fault: Fault, asked: Asked, tld: Name) -> bool:
    if fault.kinds and dns.rdatatype.to_text(asked.rdtype) not in fault.kinds:
        return False
    if fault.address is not None and fault.address != asked.address:
        return False
    return not fault.at or asked.name.is_subdomain(dns.name.from_text(fault.at, tld))


def _happens(when: str, asked: Asked) -> bool:
    match when:
        case "do":
            return asked.do
        case "no-do":
            return not asked.do
        case "mixed":
            return any(label != label.lower() for label in asked.name.labels)
        case "udp":
            return not asked.tcp
    return True


def sending(action: str, *, tcp: bool) -> Sending:
    """Say how a response goes out under a fault."""
    match action:
        case "silent":
            return Sending.NEVER
        case "garbage":
            return Sending.GARBAGE
        case "slow":
            return Sending.LATE
        case "truncated-without-tcp" if not tcp:
            return Sending.TRUNCATED
        case "truncated-without-tcp" | "no-tcp" | "small-without-tcp" if tcp:
            return Sending.NEVER
    return Sending.NORMALLY


def spoil_message(  # noqa: C901, PLR0912, PLR0915 - one case each
    action: str, asked: Asked, query: dns.message.Message, response: dns.message.Message
) -> dns.message.Message:
    """Do to a response what the fault does."""
    if action in RCODES:
        return _failed(query, RCODES[action])
    match action:
        case "nxdomain" | "nodata":
            soa = [rrset for rrset in response.authority if rrset.rdtype == SOA]
            response.answer, response.authority, response.additional = [], soa, []
            response.flags |= dns.flags.AA
            response.set_rcode(dns.rcode.NXDOMAIN if action == "nxdomain" else dns.rcode.NOERROR)
        case "not-authoritative":
            response.flags &= ~dns.flags.AA
        case "without-soa":
            response.authority = [r for r in response.authority if not _is(r, SOA)]
        case "bare-denial" if not response.answer and not is_referral(response):
            response.flags &= ~dns.flags.AA
            response.authority = [r for r in response.authority if not _is(r, SOA)]
        case "upward-referral":
            response = dns.message.make_response(query)
            response.authority.append(dns.rrset.from_text(".", 3600, "IN", "NS", "a.dns."))
        case "without-signatures":
            _keep(response, lambda rrset: rrset.rdtype != RRSIG)
        case "without-denial":
            _keep(response, lambda rrset: not (_is(rrset, NSEC) or _is(rrset, NSEC3)))
        case "plain":
            _keep(response, lambda rrset: rrset.rdtype not in (RRSIG, NSEC, NSEC3))
        case "broken-signatures":
            response.answer = [_broken(rrset) for rrset in response.answer]
            response.authority = [_broken(rrset) for rrset in response.authority]
        case "flipped-rcode":
            if not response.answer and response.flags & dns.flags.AA:
                denied = response.rcode() == dns.rcode.NXDOMAIN
                response.set_rcode(dns.rcode.NOERROR if denied else dns.rcode.NXDOMAIN)
        case "without-wildcard-proof":
            if response.rcode() == dns.rcode.NXDOMAIN:
                response.authority = _without_last_denial(response.authority)
        case "expanded-nsec":
            response.authority = [_expanded(rrset, asked.name) for rrset in response.authority]
        case "cname-for-ds":
            response.answer = [dns.rrset.from_text(asked.name, 60, "IN", CNAME, "a.dns.")]
            response.authority = []
            response.flags |= dns.flags.AA
            response.set_rcode(dns.rcode.NOERROR)
        case "without-additional":
            response.additional = []
        case "referral-without-ds":
            if not response.flags & dns.flags.AA and not response.answer:
                response.authority = [r for r in response.authority if not _is(r, DS)]
        case "lower-case":
            lower = dns.name.Name([label.lower() for label in asked.name.labels])
            response.question = [
                dns.rrset.RRset(lower, dns.rdataclass.IN, response.question[0].rdtype)
            ]
        case "formerr-to-edns" if asked.edns:
            return _failed(query, dns.rcode.FORMERR, edns=False)
        case "ignores-edns":
            _keep(response, lambda rrset: rrset.rdtype not in (RRSIG, NSEC, NSEC3))
            response.use_edns(-1)
    return response


def is_referral(response: dns.message.Message) -> bool:
    """Tell whether a response refers further down."""
    return any(rrset.rdtype == NS for rrset in response.authority)


def refused(query: dns.message.Message) -> dns.message.Message:
    """Answer as a server does that has no zone for the name."""
    return _failed(query, dns.rcode.REFUSED)


def _failed(
    query: dns.message.Message, rcode: dns.rcode.Rcode, *, edns: bool = True
) -> dns.message.Message:
    response = dns.message.make_response(query)
    if not edns:
        response.use_edns(-1)
    response.set_rcode(rcode)
    return response


def _is(rrset: dns.rrset.RRset, rdtype: RdataType) -> bool:
    """Tell whether it is of a type, or a signature over that."""
    return rrset.rdtype == rdtype or (rrset.rdtype == RRSIG and rrset[0].type_covered == rdtype)


def _keep(response: dns.message.Message, wanted: object) -> None:
    assert callable(wanted)
    response.answer = [rrset for rrset in response.answer if wanted(rrset)]
    response.authority = [rrset for rrset in response.authority if wanted(rrset)]


def _broken(rrset: dns.rrset.RRset) -> dns.rrset.RRset:
    if rrset.rdtype != RRSIG:
        return rrset
    spoilt = [rdata.replace(signature=bytes(len(rdata.signature))) for rdata in rrset]
    return dns.rrset.from_rdata_list(rrset.name, rrset.ttl, spoilt)


def _without_last_denial(authority: list[dns.rrset.RRset]) -> list[dns.rrset.RRset]:
    denials = [rrset for rrset in authority if rrset.rdtype in (NSEC, NSEC3)]
    if len(denials) < 2:
        return authority
    last = denials[-1].name
    return [r for r in authority if r.name != last or not (_is(r, NSEC) or _is(r, NSEC3))]


def _expanded(rrset: dns.rrset.RRset, name: Name) -> dns.rrset.RRset:
    if not rrset.name.is_wild() or not _is(rrset, NSEC):
        return rrset
    return dns.rrset.from_rdata_list(name, rrset.ttl, list(rrset))
