"""How a question is put into a message, and whether what came back is a response to it. Pure.

What a response *says* is read in `reading`; who sent it, and how long that took, is not known here.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rdatatype

from certbot_dns_preflight.escaping import printable
from certbot_dns_preflight.resolve import caa_wire

# The payload that fits every path without fragments (DNS flag day 2020).
PAYLOAD = 1232
_HEADER = 12
_QR = 0x80


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryOptions:
    """How to ask. `timeout` is for one try, in seconds; None takes the exchange's own.

    `edns` False sends plain DNS; `dnssec` sets DO; `tcp` goes straight to TCP; `recursion` sets
    RD and `checking_disabled` CD, both for recursive resolvers only.
    """

    tries: int = 2
    timeout: float | None = None
    edns: bool = True
    dnssec: bool = False
    tcp: bool = False
    recursion: bool = False
    checking_disabled: bool = False


SINGLE_TRY = QueryOptions(tries=1)
DEFAULT = QueryOptions()


def make_query(
    name: dns.name.Name, rdtype: dns.rdatatype.RdataType, how: QueryOptions
) -> dns.message.QueryMessage:
    """Make the message that asks one question."""
    flags = dns.flags.Flag(0)
    if how.recursion:
        flags |= dns.flags.RD
    if how.checking_disabled:
        flags |= dns.flags.CD
    query = dns.message.make_query(
        name,
        rdtype,
        use_edns=0 if how.edns else False,
        payload=PAYLOAD,
        want_dnssec=how.dnssec,
        flags=int(flags),
    )
    query.flags = flags  # releases differ in whether `flags` or RD wins
    return query


def match_response(
    wire: bytes, query: dns.message.QueryMessage
) -> tuple[dns.message.Message | None, str]:
    """Parse what came back for a query: the message, or None and what it is instead."""
    if len(wire) < _HEADER:
        return None, f"{len(wire)} bytes are no DNS message"
    (identity,) = struct.unpack("!H", wire[:2])
    if identity != query.id:
        return None, "an answer with another id than the question's"
    if not wire[2] & _QR:
        return None, "a question in place of an answer"
    try:
        message = _parse(wire, query)
    except Exception as error:  # noqa: BLE001 - hostile bytes: whatever the parser raises
        return None, f"a message that does not parse ({printable(type(error).__name__)})"
    if not query.is_response(message):
        asked = query.question[0]
        got = message.question[0] if message.question else None
        about = f"{got.name} {dns.rdatatype.to_text(got.rdtype)}" if got else "nothing"
        return None, (
            f"an answer to another question: {about}, "
            f"not {asked.name} {dns.rdatatype.to_text(asked.rdtype)}"
        )
    return message, ""


def _parse(wire: bytes, query: dns.message.QueryMessage) -> dns.message.Message:
    try:
        return dns.message.from_wire(wire, raise_on_truncation=False)
    except dns.exception.DNSException:
        if query.question[0].rdtype != dns.rdatatype.CAA:
            raise
        return caa_wire.read(wire)


def size(message: dns.message.Message) -> int:
    """Give the length of a message in bytes, names compressed."""
    try:
        return len(message.to_wire(max_size=65535))
    except dns.exception.DNSException:  # longer than a message can be
        return PAYLOAD + 1
