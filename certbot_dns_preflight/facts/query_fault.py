"""Failures seen only with a CA resolver's kind of query: with DO, or in mixed letter case. Facts.

`resolve` finds them by repeating a failed query in plainer forms; the rules in `checks` read them.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import dns.name
    import dns.rdatatype

    from certbot_dns_preflight.facts.dnssec import ServerAddress


class QueryFaultKind(enum.StrEnum):
    """How a query with DO fails (public contract)."""

    RCODE = "rcode"
    NO_ANSWER = "no-answer"
    TRUNCATED = "truncated"
    KEYS = "keys"
    DS = "ds"


@dataclass(frozen=True, slots=True)
class DnssecFault:
    """A query with DO gets no usable answer from an address that answers the plain one.

    For the kinds keys and ds: a signed zone's DNSKEY, or its DS at the parent zone, is not
    available there. `zone` is the zone that the server serves, `concerns` the name that cannot be
    looked up because of it, nor any name below; `detail` is safe to display: "SERVFAIL", "no
    answer".
    """

    zone: dns.name.Name
    place: ServerAddress
    owner: dns.name.Name
    rdtype: dns.rdatatype.RdataType
    concerns: dns.name.Name
    kind: QueryFaultKind
    detail: str


@dataclass(frozen=True, slots=True)
class CaseFault:
    """An address answers a question in mixed letter case differently from one in lower case.

    `mixed` and `exact` are the answers, safe to display: "NXDOMAIN", "2 TXT records". `zone` and
    `concerns` are as in `DnssecFault`.
    """

    zone: dns.name.Name
    place: ServerAddress
    owner: dns.name.Name
    rdtype: dns.rdatatype.RdataType
    concerns: dns.name.Name
    mixed: str
    exact: str


QueryFault: TypeAlias = DnssecFault | CaseFault
