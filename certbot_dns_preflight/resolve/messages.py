"""How bytes that came in become a message, and whether it is a response to what was asked. Pure.

Decides what is let in: within bounds, to this question, in class IN. What a message *says* is read
in `reading`; who sent it, and how long that took, is not known here.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import dns.exception
import dns.message
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from certbot_dns_preflight.escaping import printable
from certbot_dns_preflight.resolve import caa_wire
from certbot_dns_preflight.resolve.queries import HEADER
from certbot_dns_preflight.resolve.wire import OutOfBoundsError, check_bounds

if TYPE_CHECKING:
    from certbot_dns_preflight.resolve.queries import Query

MOST_RRSETS = 256
"""RRsets of a section that are kept: a hundred name servers with two addresses are fewer."""

_QR = 0x80


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


def match_response(wire: bytes, query: Query) -> Matched:
    """Parse what came back for a query, if it is a response to it.

    Names in it are in the letters of `query.name` again where they were copied from the question.
    Records of another class than IN say nothing about the internet, and are left out.
    """
    stray = _stray(wire, query)
    if stray is not None:
        return Mismatch(stray)
    end = HEADER + len(query.sent)
    exact = wire[HEADER:end] == query.sent
    if wire[HEADER:end].lower() == query.sent.lower():
        wire = wire[:HEADER] + query.given + wire[end:]
    try:
        check_bounds(wire)
        if _asks_something_else(wire, query):
            message = dns.message.from_wire(wire, question_only=True)
        else:
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
        kept = [rrset for rrset in section if rrset.rdclass == dns.rdataclass.IN]
        section[:] = kept[:MOST_RRSETS]
    if answered and not message.answer:
        return Mismatch("an answer of another class than IN")
    return Match(message, exact, bool(message.question))


def _stray(wire: bytes, query: Query) -> str | None:
    """Say what a message is that by its header is no response to the query."""
    if len(wire) < HEADER:
        return f"{len(wire)} bytes are no DNS message"
    (identity,) = struct.unpack_from("!H", wire)
    if identity != query.message.id:
        return "an answer with another id than the question's"
    return None if wire[2] & _QR else "a question in place of an answer"


def _asks_something_else(wire: bytes, query: Query) -> bool:
    """Whether the question that came back is another one, so that the rest need not be read."""
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
    """Give each of several CNAMEs, or DNAMEs, at one name an RRset of its own.

    A name must not have two (RFC 2181 section 10.1, RFC 6672 section 2.4), and dnspython keeps the
    last only. So whoever looks for one finds the first.
    """
    (records,) = struct.unpack_from("!H", wire, 6)
    if records == sum(map(len, message.answer)) or not any(map(_is_alias, message.answer)):
        return
    each = dns.message.from_wire(wire, raise_on_truncation=False, one_rr_per_rrset=True)
    kept = [rrset for rrset in message.answer if not _is_alias(rrset)]
    message.answer[:] = [*filter(_is_alias, each.answer), *kept]


def _is_alias(rrset: dns.rrset.RRset) -> bool:
    return rrset.rdtype in (dns.rdatatype.CNAME, dns.rdatatype.DNAME)
