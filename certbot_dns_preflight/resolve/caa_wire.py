"""Reads CAA records from the wire, including those that dnspython rejects. Pure.

RFC 8659 allows only letters and digits in a tag; for others, such as `contact-email`, dnspython
drops the whole message. CAs treat such tags as unknown, and so does this module.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import dns.message
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import dns.wire

from certbot_dns_preflight.facts.caa import Property

if TYPE_CHECKING:
    from dns.rdtypes.ANY.CAA import CAA

_CAA = dns.rdatatype.CAA
# One of the types for private use (RFC 6895 section 3.1): dnspython leaves their RDATA alone.
_STAND_IN = dns.rdatatype.RdataType(0xFF3E)
_POINTER = 0xC0
_COUNTS = 4  # offset of the section counts in a message


def read(wire: bytes) -> dns.message.Message:
    """Read a message whose CAA records may violate the RFC.

    Raises what `dns.message.from_wire` raises if the message is unreadable even so, and
    `ValueError` for a CAA record without a tag and value.
    """
    message = dns.message.from_wire(_disguised(wire), raise_on_truncation=False)
    for section in (message.answer, message.authority, message.additional):
        section[:] = [_undisguised(rrset) for rrset in section]
    return message


def properties(rrset: dns.rrset.RRset) -> tuple[Property, ...]:
    """Return the properties of a CAA RRset, sorted and without duplicates."""
    return tuple(sorted({_property(rdata) for rdata in rrset}))


def _property(rdata: CAA | dns.rdata.GenericRdata) -> Property:
    if isinstance(rdata, dns.rdata.GenericRdata):
        return _split(rdata.data)
    return Property(rdata.flags, rdata.tag, rdata.value)


def _split(data: bytes) -> Property:
    parser = dns.wire.Parser(data)
    return Property(parser.get_uint8(), parser.get_counted_bytes(), parser.get_remaining())


def _disguised(wire: bytes) -> bytes:
    """Change the type of the CAA records, and leave everything else as it is."""
    changed = bytearray(wire)
    parser = dns.wire.Parser(wire, _COUNTS)
    questions, *records = parser.get_struct("!HHHH")
    for _ in range(questions):
        _skip_name(parser)
        parser.get_struct("!HH")
    for _ in range(sum(records)):
        _skip_name(parser)
        at = parser.current
        rdtype, _, _, length = parser.get_struct("!HHIH")
        parser.get_bytes(length)
        if rdtype == _CAA:
            changed[at : at + 2] = _STAND_IN.to_bytes(2)
    return bytes(changed)


def _skip_name(parser: dns.wire.Parser) -> None:
    """Skip a name, compressed or not, without following it (RFC 1035 section 4.1.4)."""
    while length := parser.get_uint8():
        if length >= _POINTER:
            parser.get_uint8()
            return
        parser.get_bytes(length)


def _undisguised(rrset: dns.rrset.RRset) -> dns.rrset.RRset:
    if rrset.rdtype != _STAND_IN or rrset.rdclass != dns.rdataclass.IN:
        return rrset
    found = dns.rrset.RRset(rrset.name, rrset.rdclass, _CAA)
    for rdata in rrset:
        _split(rdata.data)
        generic = dns.rdata.GenericRdata(rrset.rdclass, _CAA, rdata.data)  # type: ignore[no-untyped-call,unused-ignore] # in older releases
        found.add(generic, rrset.ttl)
    return found
