"""Bytes as if they had just come over a socket."""

from __future__ import annotations

import dns.message
import dns.name
import dns.rdatatype

from certbot_dns_preflight.facts.answers import (
    NoResponse,
    NoResponseReason,
    Reply,
    Response,
    Transport,
)
from certbot_dns_preflight.resolve import exchange

_QUESTION = 12


def reply(
    data: bytes, name: dns.name.Name, rdtype: dns.rdatatype.RdataType, how: exchange.QueryOptions
) -> Reply:
    """Read a message without a question as the reply to one, whose id and question are put in."""
    query = exchange._query(name, rdtype, how)
    asked = query.to_wire()[_QUESTION:]
    asked = asked[: asked.index(0) + 5]
    flags, counts = data[2:4].ljust(2, b"\0"), data[6:12].ljust(6, b"\0")
    header = query.id.to_bytes(2) + bytes([flags[0] | 0x80, flags[1]]) + b"\0\1" + counts
    return _read(header + asked + data[_QUESTION:], query)


def any_reply(wire: bytes) -> Reply:
    """Read bytes as the reply to whatever question they hold; TXT where they hold none."""
    try:
        found = dns.message.from_wire(wire, raise_on_truncation=False)
    except Exception:  # noqa: BLE001 - what the parser refuses, it refuses
        return NoResponse(NoResponseReason.GARBAGE, "a message that does not parse", 0.0)
    return Response(found, Transport.UDP, 0.01)


def _read(wire: bytes, query: dns.message.QueryMessage) -> Reply:
    found, wrong = exchange._parse(wire, query)
    if found is None:
        return NoResponse(NoResponseReason.GARBAGE, wrong, 0.01)
    return Response(found, Transport.UDP, 0.01)
