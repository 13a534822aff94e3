"""Reads one DNS message: what it says about one owner name in one zone. Pure.

A reply to a TXT question is read as a `Reading`, one to a CAA question as a `Content`. This module
knows neither the expected value nor what other servers said; that is up to `checks`.
"""

from __future__ import annotations

from typing import TypeGuard

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from certbot_dns_preflight.dnssec.messages import has_signatures, is_final
from certbot_dns_preflight.facts.answers import (
    MISMATCHED,
    Absent,
    Alias,
    Failing,
    Malformed,
    NoResponse,
    NoResponseReason,
    NotAsked,
    NotAuthoritative,
    Reading,
    Referral,
    Refused,
    Reply,
    Response,
    Unreachable,
    Values,
)
from certbot_dns_preflight.facts.caa import (
    AliasTo,
    Content,
    Failed,
    NoProperties,
    NotAskable,
    Properties,
)
from certbot_dns_preflight.resolve.caa_wire import properties

_SILENT = frozenset({NoResponseReason.TIMED_OUT, NoResponseReason.UNREACHABLE})


def read_txt(reply: Reply, owner: dns.name.Name, zone: dns.name.Name) -> Reading:
    """Read a reply to ``owner TXT`` from a name server of `zone`."""
    match reply:
        case NoResponse(reason=NoResponseReason.GARBAGE, detail=detail):
            return Malformed(detail)
        case NoResponse(reason=NoResponseReason.LIMIT, detail=detail):
            return NotAsked(detail, limited=True)
        case NoResponse(reason=reason, detail=detail):
            return Unreachable(reason, detail)
        case Response(message=message):
            return _read_message(message, owner, zone)


def read_caa(reply: Reply, owner: dns.name.Name) -> Content:
    """Read a reply to ``owner CAA`` from an authoritative server."""
    match reply:
        case NoResponse(reason=NoResponseReason.NO_ROUTE | NoResponseReason.LIMIT, detail=detail):
            return NotAskable(detail)
        case NoResponse(reason=reason, detail=detail):
            return Failed(detail or reason.value)
        case Response(message=message):
            return _read_caa_message(message, owner)


def _read_caa_message(message: dns.message.Message, owner: dns.name.Name) -> Content:
    rcode = message.rcode()
    if rcode not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        return Failed(dns.rcode.to_text(rcode))
    if not is_final(message):
        return Failed("an answer without authority")
    alias = alias_at(message, owner)
    if alias is not None:
        return AliasTo(alias.target)
    rrset = rrset_at(message.answer, owner, dns.rdatatype.CAA)
    if rrset is not None:
        return Properties(properties(rrset))
    if message.answer:
        return Failed("an answer about something else")
    return NoProperties(nxdomain=rcode == dns.rcode.NXDOMAIN)


def is_sound(reply: Reply) -> TypeGuard[Response]:
    """Return whether a resolver accepts it as an answer, positive or negative, even without AA."""
    return (
        isinstance(reply, Response)
        and reply.message.rcode() in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN)
        and is_final(reply.message)
    )


def is_silence(reply: Reply) -> bool:
    """Return whether nothing came back at all."""
    return isinstance(reply, NoResponse) and reply.reason in _SILENT


def may_be_signed(reply: Reply, *, zone_signed: bool) -> bool:
    """Return whether a validator may accept it: EDNS, and a proof if it is negative and signed.

    In a zone that is known to be signed, it must have signatures.
    """
    if not isinstance(reply, Response) or reply.message.edns < 0:
        return False
    if zone_signed and not is_signed(reply):
        return False
    kinds = {rrset.rdtype for rrset in reply.message.authority}
    proves = not kinds.isdisjoint({dns.rdatatype.NSEC, dns.rdatatype.NSEC3})
    return bool(reply.message.answer) or proves or not is_signed(reply)


def is_signed(reply: Reply) -> bool:
    """Return whether signatures came with it."""
    return isinstance(reply, Response) and has_signatures(reply.message)


def rrset_at(
    section: list[dns.rrset.RRset], owner: dns.name.Name, rdtype: dns.rdatatype.RdataType
) -> dns.rrset.RRset | None:
    """Find the RRset of a type at the owner name itself, not at the target of its alias."""
    for rrset in section:
        if rrset.name == owner and rrset.rdtype == rdtype and rrset.rdclass == dns.rdataclass.IN:
            return rrset
    return None


def joined_texts(rrset: dns.rrset.RRset) -> tuple[bytes, ...]:
    """Return the strings of each TXT RR, joined without separators, in the order served."""
    return tuple(b"".join(rdata.strings) for rdata in rrset)


def alias_at(message: dns.message.Message, owner: dns.name.Name) -> Alias | None:
    """Read the CNAME at an owner name, or the DNAME above it, from the answer section."""
    targets = sorted(
        {
            rdata.target
            for rrset in message.answer
            if rrset.rdtype == dns.rdatatype.CNAME and rrset.name == owner
            for rdata in rrset
        }
    )
    dnames = [
        rrset
        for rrset in message.answer
        if rrset.rdtype == dns.rdatatype.DNAME
        and rrset.name != owner
        and owner.is_subdomain(rrset.name)
    ]
    if dnames:
        # The CNAME beside it is synthesised (RFC 6672 §3.1); the DNAME is what the zone holds.
        apex = dnames[0].name
        relative = owner.relativize(apex)
        suffixes = {rdata.target for rrset in dnames if rrset.name == apex for rdata in rrset}
        try:
            first, *others = sorted(relative.concatenate(suffix) for suffix in suffixes)
        except dns.name.NameTooLong:
            return None
        return Alias(first, dname=apex, conflict=bool(others), others=tuple(others))
    if not targets:
        return None
    txt = rrset_at(message.answer, owner, dns.rdatatype.TXT)
    return Alias(
        targets[0],
        conflict=txt is not None or len(targets) > 1,
        texts=() if txt is None else joined_texts(txt),
        others=tuple(targets[1:]),
    )


def _read_message(  # noqa: PLR0911 - one return a reading
    message: dns.message.Message, owner: dns.name.Name, zone: dns.name.Name
) -> Reading:
    rcode = message.rcode()
    authoritative = bool(message.flags & dns.flags.AA)
    alias = alias_at(message, owner)
    if rcode == dns.rcode.REFUSED:
        return Refused()
    if rcode not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        # A CNAME loop within one server's zones: BIND and PowerDNS return it with SERVFAIL.
        return Failing(dns.rcode.to_text(rcode), alias if authoritative else None)
    if not authoritative:
        return _read_unauthoritative(message, owner, zone)
    if alias:
        return alias
    txt = rrset_at(message.answer, owner, dns.rdatatype.TXT)
    if rcode == dns.rcode.NXDOMAIN:
        return Absent(
            nxdomain=True, soa=_soa(message), beside=() if txt is None else joined_texts(txt)
        )
    if txt is not None:
        return Values(joined_texts(txt))
    if message.answer:
        first = message.answer[0]
        return Malformed(
            f"{MISMATCHED}: it is for {first.name} {dns.rdatatype.to_text(first.rdtype)}, "
            f"not for {owner} TXT"
        )
    return Absent(nxdomain=False, soa=_soa(message))


def _soa(message: dns.message.Message) -> dns.name.Name | None:
    return next((r.name for r in message.authority if r.rdtype == dns.rdatatype.SOA), None)


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
