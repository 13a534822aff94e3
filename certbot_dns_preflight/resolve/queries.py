"""How a question is put into a message, and whether what came back is a response to it. Pure.

A question is asked as a CA's resolver asks it: with EDNS and room for 1232 bytes, with DO, and in
letters whose case is drawn anew each time, which a forger would have to guess. What a response
*says* is read in `reading`; who sent it, and how long that took, is not known here.
"""

from __future__ import annotations

import secrets
import struct
from dataclasses import dataclass, replace
from typing import TypeAlias

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from certbot_dns_preflight.escaping import printable
from certbot_dns_preflight.resolve import caa_wire
from certbot_dns_preflight.resolve.wire import OutOfBoundsError, check_bounds

# The payload that fits every path without fragments (DNS flag day 2020).
PAYLOAD = 1232
_HEADER = 12
_QR = 0x80
_UPPER = 0x20  # what a small letter of ASCII has more than its capital


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryOptions:
    """How to ask. `timeout` is for one try, in seconds; None takes the exchange's own.

    `edns` False sends plain DNS, `dnssec` sets DO, `mixed_case` draws the case of each letter.
    `tcp` goes straight to TCP; `recursion` sets RD and `checking_disabled` CD, both for recursive
    resolvers only.
    """

    tries: int = 2
    timeout: float | None = None
    edns: bool = True
    dnssec: bool = True
    mixed_case: bool = True
    tcp: bool = False
    recursion: bool = False
    checking_disabled: bool = False


DEFAULT = QueryOptions()
SINGLE_TRY = replace(DEFAULT, tries=1)
# What tells why a server fails: without one of the things that a CA's resolver asks with.
EXACT_CASE = replace(SINGLE_TRY, mixed_case=False)
WITHOUT_DNSSEC = replace(EXACT_CASE, dnssec=False)
WITHOUT_EDNS = replace(WITHOUT_DNSSEC, edns=False)
# A resolver asks in its own way whatever it is asked.
RECURSIVE = replace(DEFAULT, recursion=True, dnssec=False, mixed_case=False)


@dataclass(frozen=True, slots=True)
class Query:
    """One question as it is sent. `given` is its name on the wire, `sent` in the letters sent."""

    name: dns.name.Name
    rdtype: dns.rdatatype.RdataType
    message: dns.message.QueryMessage
    wire: bytes
    given: bytes
    sent: bytes


@dataclass(frozen=True, slots=True)
class Match:
    """A response to a query. `exact`: the question came back in the letters that were sent.

    `echoed` False: it came back without the question, as some errors do.
    """

    message: dns.message.Message
    exact: bool
    echoed: bool = True


@dataclass(frozen=True, slots=True)
class Mismatch:
    """What came back is no response to the query; `what` is fit to be shown."""

    what: str


Matched: TypeAlias = Match | Mismatch


def make_query(name: dns.name.Name, rdtype: dns.rdatatype.RdataType, how: QueryOptions) -> Query:
    """Make the message that asks one question."""
    flags = dns.flags.Flag(0)
    if how.recursion:
        flags |= dns.flags.RD
    if how.checking_disabled:
        flags |= dns.flags.CD
    asked = mixed_case(name) if how.mixed_case else name
    message = dns.message.make_query(
        asked,
        rdtype,
        use_edns=0 if how.edns else False,
        payload=PAYLOAD,
        want_dnssec=how.edns and how.dnssec,
        flags=int(flags),
    )
    message.flags = flags  # releases differ in whether `flags` or RD wins
    wire = message.to_wire()
    given = name.to_wire()
    assert given is not None  # it has not been written to a file
    return Query(name, rdtype, message, wire, given, wire[_HEADER : _HEADER + len(given)])


def mixed_case(name: dns.name.Name) -> dns.name.Name:
    """Write each letter small or as a capital, by chance; never all of them as they were."""
    letters = [byte for label in name.labels for byte in label if _is_letter(byte)]
    if not letters:
        return name
    while True:
        draws = secrets.randbits(len(letters))
        if draws:
            break
    labels = []
    for label in name.labels:
        mixed = bytearray(label)
        for index, byte in enumerate(label):
            if _is_letter(byte):
                if draws & 1:
                    mixed[index] = byte ^ _UPPER
                draws >>= 1
        labels.append(bytes(mixed))
    return dns.name.Name(labels)


def match_response(wire: bytes, query: Query) -> Matched:
    """Parse what came back for a query, if it is a response to it.

    Names in it are in the letters of `query.name` again where they were copied from the question.
    Records of another class than IN say nothing about the internet, and are left out.
    """
    stray = _stray(wire, query)
    if stray is not None:
        return Mismatch(stray)
    end = _HEADER + len(query.sent)
    exact = wire[_HEADER:end] == query.sent
    if wire[_HEADER:end].lower() == query.sent.lower():
        wire = wire[:_HEADER] + query.given + wire[end:]
    try:
        check_bounds(wire)
        message = _parse(wire, query)
    except OutOfBoundsError as error:
        return Mismatch(f"a message that is too costly to read: {error}")
    except Exception as error:  # noqa: BLE001 - hostile bytes: whatever the parser raises
        return Mismatch(f"a message that does not parse ({printable(type(error).__name__)})")
    if not query.message.is_response(message):
        got = message.question[0] if message.question else None
        about = f"{got.name} {dns.rdatatype.to_text(got.rdtype)}" if got is not None else "nothing"
        return Mismatch(
            f"an answer to another question: {about}, "
            f"not {query.name} {dns.rdatatype.to_text(query.rdtype)}"
        )
    answered = bool(message.answer)
    for section in (message.answer, message.authority, message.additional):
        section[:] = [rrset for rrset in section if rrset.rdclass == dns.rdataclass.IN]
    if answered and not message.answer:
        return Mismatch("an answer of another class than IN")
    return Match(message, exact, bool(message.question))


def _stray(wire: bytes, query: Query) -> str | None:
    """Say what a message is that by its header is no response to the query."""
    if len(wire) < _HEADER:
        return f"{len(wire)} bytes are no DNS message"
    (identity,) = struct.unpack_from("!H", wire)
    if identity != query.message.id:
        return "an answer with another id than the question's"
    return None if wire[2] & _QR else "a question in place of an answer"


def _parse(wire: bytes, query: Query) -> dns.message.Message:
    try:
        message = dns.message.from_wire(wire, raise_on_truncation=False)
    except dns.exception.DNSException:
        if query.rdtype != dns.rdatatype.CAA:
            raise
        return caa_wire.read(wire)
    _keep_every_cname(message, wire)
    return message


def _keep_every_cname(message: dns.message.Message, wire: bytes) -> None:
    """Give each of several CNAMEs at one name an RRset of its own: dnspython keeps the last only.

    A name must not have two (RFC 2181 section 10.1), so whoever looks for one finds the first.
    """
    (records,) = struct.unpack_from("!H", wire, 6)
    if records == sum(map(len, message.answer)) or not any(map(_is_cname, message.answer)):
        return
    each = dns.message.from_wire(wire, raise_on_truncation=False, one_rr_per_rrset=True)
    kept = [rrset for rrset in message.answer if not _is_cname(rrset)]
    message.answer[:] = [*filter(_is_cname, each.answer), *kept]


def _is_cname(rrset: dns.rrset.RRset) -> bool:
    return rrset.rdtype == dns.rdatatype.CNAME


def _is_letter(byte: int) -> bool:
    return 0x61 <= byte | _UPPER <= 0x7A  # noqa: PLR2004 - a to z
