"""CAA records as they come: also those that dnspython refuses to read. Pure.

RFC 8659 wants tags of letters and digits, and dnspython drops a whole message for one that is not,
`contact-email` say. CAs read such a record as one with an unknown tag, and so is it read here.
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
# Of the types for private use (RFC 6895 section 3.1): dnspython leaves their data alone.
_STAND_IN = dns.rdatatype.RdataType(0xFF3E)
_POINTER = 0xC0
_COUNTS = 4  # where the counts of a message's sections begin


def read(wire: bytes) -> dns.message.Message:
    """Read a message whose CAA records need not be as the RFC wants them.

    Raises what `dns.message.from_wire` raises if it cannot be read so either, and `ValueError`
    for a CAA record that has no tag and value.
    """
    message = dns.message.from_wire(_disguised(wire), raise_on_truncation=False)
    for section in (message.answer, message.authority, message.additional):
        section[:] = [_undisguised(rrset) for rrset in section]
    return message


def properties(rrset: dns.rrset.RRset) -> tuple[Property, ...]:
    """Give the properties of a CAA RRset, sorted, each once."""
    return tuple(sorted({_property(rdata) for rdata in rrset}))


def _property(rdata: CAA | dns.rdata.GenericRdata) -> Property:
    if isinstance(rdata, dns.rdata.GenericRdata):
        return _split(rdata.data)
    return Property(rdata.flags, rdata.tag, rdata.value)


def _split(data: bytes) -> Property:
    parser = dns.wire.Parser(data)
    return Property(parser.get_uint8(), parser.get_counted_bytes(), parser.get_remaining())


def _disguised(wire: bytes) -> bytes:
    """Give the records of type CAA another type, and leave all else."""
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
    """Go past a name, compressed or not, without following it (RFC 1035 section 4.1.4)."""
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
