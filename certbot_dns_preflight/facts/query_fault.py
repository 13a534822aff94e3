"""What fails at a server only as a CA's resolver asks it: with DO, or in mixed letter case. Facts.

`resolve` finds them by asking in plainer ways where that failed; the rules in `checks` read them.
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
    """How a question with DO fails (the contract's words)."""

    RCODE = "rcode"
    NO_ANSWER = "no-answer"
    TRUNCATED = "truncated"
    KEYS = "keys"
    DS = "ds"


@dataclass(frozen=True, slots=True)
class DnssecFault:
    """A question with DO gets no usable answer at an address where the plain one does.

    Of kind keys or ds: a signed zone's DNSKEY, or its DS at the zone above, cannot be had there.
    `zone` is the zone whose server it is, `concerns` the name that cannot be looked up for it, nor
    any below it; `detail` is fit to be shown: "SERVFAIL", "no answer".
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
    """An address answers otherwise to a question in mixed letter case than in small letters.

    `mixed` and `exact` say, fit to be shown, what came: "NXDOMAIN", "2 TXT records". `zone` and
    `concerns` as in `DnssecFault`.
    """

    zone: dns.name.Name
    place: ServerAddress
    owner: dns.name.Name
    rdtype: dns.rdatatype.RdataType
    concerns: dns.name.Name
    mixed: str
    exact: str


QueryFault: TypeAlias = DnssecFault | CaseFault
