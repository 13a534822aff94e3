"""Bytes as if they had just come over a socket."""

from __future__ import annotations

import functools
from dataclasses import replace
from typing import TYPE_CHECKING

from certbot_dns_preflight.facts.answers import (
    NoResponse,
    NoResponseReason,
    Reply,
    Response,
    Transport,
)
from certbot_dns_preflight.resolve.messages import Match, match_response
from certbot_dns_preflight.resolve.queries import DEFAULT, Query, make_query

if TYPE_CHECKING:
    import dns.name
    import dns.rdatatype

_HEADER = 12
_EXACTLY = replace(DEFAULT, mixed_case=False)  # the same bytes must do the same each time


def reply(data: bytes, name: dns.name.Name, rdtype: dns.rdatatype.RdataType) -> Reply:
    """Read a message without a question as the reply to one, whose id and question are put in.

    No bytes at all are silence.
    """
    if not data:
        return NoResponse(NoResponseReason.TIMED_OUT, "no answer within 3 s", 3.0)
    query = _query(name, rdtype)
    head = data[:_HEADER].ljust(_HEADER, b"\0")
    header = query.wire[:2] + bytes([head[2] | 0x80, head[3]]) + b"\0\1" + head[6:]
    question = query.wire[_HEADER : _HEADER + len(query.sent) + 4]
    found = match_response(header + question + data[_HEADER:], query)
    if isinstance(found, Match):
        return Response(found.message, Transport.UDP, 0.01)
    return NoResponse(NoResponseReason.GARBAGE, found.what, 0.01)


@functools.cache
def _query(name: dns.name.Name, rdtype: dns.rdatatype.RdataType) -> Query:
    return make_query(name, rdtype, _EXACTLY)
