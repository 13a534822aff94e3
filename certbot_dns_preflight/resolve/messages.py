"""Turns received bytes into a message, and checks that it responds to the question. Pure.

Accepts only messages within bounds, for this question, in class IN. `reading` decides what a
message *says*; who sent it, and how long that took, is not known here.
"""

from __future__ import annotations

import copy
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import dns.exception
import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from certbot_dns_preflight.escaping import printable
from certbot_dns_preflight.facts.answers import MISMATCHED
from certbot_dns_preflight.resolve import caa_wire
from certbot_dns_preflight.resolve.queries import HEADER
from certbot_dns_preflight.resolve.wire import OutOfBoundsError, check_bounds, without_servers

if TYPE_CHECKING:
    from certbot_dns_preflight.resolve.queries import Query
    from certbot_dns_preflight.resolve.wire import Record

MOST_RRSETS = 256
"""RRsets of a section that are kept: a hundred name servers with two addresses are fewer."""

_QR, _OPCODE = 0x80, 0x78
_ONE = b"\0\1"
_MOST_KEPT, _LARGEST_KEPT = 256, 4096  # messages, bytes
_WITHOUT_QUESTION = frozenset(
    {dns.rcode.FORMERR, dns.rcode.SERVFAIL, dns.rcode.NOTIMP, dns.rcode.REFUSED}
)


@dataclass(frozen=True, slots=True)
class Match:
    """A response to a query. `exact`: the question came back in the letter case sent.

    `echoed` False: it came back without the question, as some errors do.
    """

    message: dns.message.Message
    exact: bool
    echoed: bool = True


@dataclass(frozen=True, slots=True)
class Mismatch:
    """The received bytes do not answer the query; `what` is fit to be shown."""

    what: str


Matched: TypeAlias = Match | Mismatch


class ParsedMessages:
    """Caches parsed messages by their bytes: servers of a zone send identical answers.

    Keeps only small messages, and only the latest.
    """

    def __init__(self) -> None:
        """Start empty."""
        self._known: dict[bytes, dns.message.Message] = {}

    def get(self, key: bytes) -> dns.message.Message | None:
        """Return a message parsed from the same bytes, with its own copy of the sections."""
        known = self._known.get(key)
        return None if known is None else _copied(known)

    def keep(self, key: bytes, message: dns.message.Message) -> None:
        """Keep a message, and drop the oldest one."""
        if len(key) > _LARGEST_KEPT:
            return
        if len(self._known) >= _MOST_KEPT:
            del self._known[next(iter(self._known))]
        self._known[key] = _copied(message)


def match_response(wire: bytes, query: Query, parsed: ParsedMessages | None = None) -> Matched:
    """Parse the bytes received for a query, if they are a response to it.

    Names copied from the question get the letter case of `query.name` back. Records of a class
    other than IN say nothing about the internet: beside an answer they are left out, and in it they
    make it none.
    """
    stray = _stray(wire, query)
    if stray is not None:
        return Mismatch(stray)
    end = HEADER + len(query.sent)
    exact = wire[HEADER:end] == query.sent
    if wire[HEADER:end].lower() == query.sent.lower():
        wire = wire[:HEADER] + query.given + wire[end:]
    kept = parsed if _asks_the_same(wire, query) else None
    known = kept.get(wire[2:]) if kept is not None else None
    if known is not None:
        return Match(known, exact)
    message = _read(wire, query)
    if isinstance(message, Mismatch):
        return message
    if kept is not None:
        kept.keep(wire[2:], message)
    return Match(message, exact, bool(message.question))


def _read(wire: bytes, query: Query) -> dns.message.Message | Mismatch:
    """Parse a message, and check that it answers the query."""
    try:
        behind = check_bounds(wire)
        if _asks_something_else(wire, query):
            message = dns.message.from_wire(wire, question_only=True)
        else:
            message = _parse(_without_unread(wire, query, behind), query)
    except OutOfBoundsError as error:
        return Mismatch(f"the reply is too costly to read: {error}")
    except Exception as error:  # noqa: BLE001 - hostile bytes: whatever the parser raises
        return Mismatch(
            f"the reply is malformed: it does not parse ({printable(type(error).__name__)})"
        )
    if not _is_about(message, query):
        got = message.question[0] if message.question else None
        about = f"{got.name} {dns.rdatatype.to_text(got.rdtype)}" if got is not None else "nothing"
        return Mismatch(
            f"{MISMATCHED}: it is for {about}, not for {query.name} "
            f"{dns.rdatatype.to_text(query.rdtype)}"
        )
    if any(rrset.rdclass != dns.rdataclass.IN for rrset in message.answer):
        # BIND drops such a message; Unbound follows a CNAME of any class.
        return Mismatch(f"{MISMATCHED}: its class is not IN")
    for section in (message.answer, message.authority, message.additional):
        kept = [rrset for rrset in section if rrset.rdclass == dns.rdataclass.IN]
        section[:] = kept[:MOST_RRSETS]
    return message


def _without_unread(wire: bytes, query: Query, behind: tuple[Record, ...]) -> bytes:
    """Leave out what is told of name servers beside an answer: only referrals are read for that."""
    flags, _, answers = struct.unpack_from("!HHH", wire, 2)
    authoritative = flags & dns.flags.AA and not flags & dns.flags.RD
    if not answers or not authoritative or query.rdtype == dns.rdatatype.NS:
        return wire
    return without_servers(wire, behind)


def _copied(message: dns.message.Message) -> dns.message.Message:
    """Copy a message so that callers cannot change each other's; records are immutable."""
    made = copy.copy(message)
    made.sections = [section[:] for section in message.sections]
    return made


def _asks_the_same(wire: bytes, query: Query) -> bool:
    """Return whether the question equals the query's byte for byte, its letter case restored."""
    question = query.given + struct.pack("!HH", query.rdtype, dns.rdataclass.IN)
    return wire[4:6] == _ONE and not wire[2] & _OPCODE and wire.startswith(question, HEADER)


def _is_about(message: dns.message.Message, query: Query) -> bool:
    """Return whether it answers the query; errors may omit the question."""
    if message.opcode() != dns.opcode.QUERY:
        return False
    if not message.question:
        return message.rcode() in _WITHOUT_QUESTION
    return [(q.name, q.rdtype, q.rdclass) for q in message.question] == [
        (query.name, query.rdtype, dns.rdataclass.IN)
    ]


def _stray(wire: bytes, query: Query) -> str | None:
    """Describe a message whose header shows it is no response to the query."""
    if len(wire) < HEADER:
        return f"the reply is malformed: {len(wire)} bytes are too few for a DNS message"
    (identity,) = struct.unpack_from("!H", wire)
    if identity != query.identity:
        return f"{MISMATCHED}: the IDs differ"
    return None if wire[2] & _QR else f"{MISMATCHED}: it is a query, not a response"


def _asks_something_else(wire: bytes, query: Query) -> bool:
    """Return whether the question in it is another one, so the rest need not be read."""
    (questions,) = struct.unpack_from("!H", wire, 4)
    return questions > 0 and not wire.startswith(query.given, HEADER)


def _parse(wire: bytes, query: Query) -> dns.message.Message:
    try:
        message = dns.message.from_wire(wire, raise_on_truncation=False)
    except dns.exception.DNSException:
        if query.rdtype != dns.rdatatype.CAA:
            raise
        return caa_wire.read(wire)
    _keep_every_alias(message, wire)
    return message


def _keep_every_alias(message: dns.message.Message, wire: bytes) -> None:
    """Split several CNAMEs, or DNAMEs, at one name into one RRset each.

    A name must not have two (RFC 2181 section 10.1, RFC 6672 section 2.4), and dnspython keeps only
    the last. After the split, a lookup finds the first.
    """
    (records,) = struct.unpack_from("!H", wire, 6)
    if records == sum(map(len, message.answer)) or not any(map(_is_alias, message.answer)):
        return
    each = dns.message.from_wire(wire, raise_on_truncation=False, one_rr_per_rrset=True)
    kept = [rrset for rrset in message.answer if not _is_alias(rrset)]
    message.answer[:] = [*filter(_is_alias, each.answer), *kept]


def _is_alias(rrset: dns.rrset.RRset) -> bool:
    return rrset.rdtype in (dns.rdatatype.CNAME, dns.rdatatype.DNAME)
