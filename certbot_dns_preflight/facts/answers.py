"""What came back from one server address, and how it reads. Pure: no sockets, no clock.

The words for what one DNS message says about one owner name in one zone; `resolve.reading` decides
which of them holds. Which value was expected, and what other servers said, is for `survey` and
`checks`.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import dns.message
    import dns.name


class Transport(enum.StrEnum):
    """How a response travelled."""

    UDP = "udp"
    TCP = "tcp"


class NoResponseReason(enum.StrEnum):
    """Why there is no usable response."""

    TIMED_OUT = "timed out"
    UNREACHABLE = "unreachable"
    NO_ROUTE = "no route from this host"
    TRUNCATED = "truncated over UDP, and TCP does not answer"
    GARBAGE = "malformed"
    LIMIT = "a limit of this run was met"


@dataclass(frozen=True, slots=True, order=True)
class Endpoint:
    """One server address: an IP literal and a port.

    A resolver that is asked over TLS or by HTTPS has a `service`: ``tls://...`` or the URL, as
    options take it. Then `address` may be the URL's host name.
    """

    address: str
    port: int = 53
    service: str = ""

    @property
    def ipv6(self) -> bool:
        """Whether the address is an IPv6 one."""
        return ":" in self.address

    @property
    def family(self) -> int:
        """The address family, 4 or 6."""
        return 6 if self.ipv6 else 4


@dataclass(frozen=True, slots=True)
class Response:
    """A DNS message with our id and our question in it. `rtt` in seconds."""

    message: dns.message.Message
    transport: Transport
    rtt: float


@dataclass(frozen=True, slots=True)
class NoResponse:
    """Nothing usable came in time. `rtt` is the seconds spent; `detail` is fit to be shown."""

    reason: NoResponseReason
    detail: str
    rtt: float


Reply: TypeAlias = Response | NoResponse


# -- readings: the sum type of what a reply says about an owner name ---------------------------


@dataclass(frozen=True, slots=True)
class Values:
    """AA=1 and a TXT RRset at the owner name: each RR's character-strings joined."""

    texts: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Alias:
    """AA=1 and a CNAME at the owner name, or a DNAME above it (then `dname` is its owner).

    `conflict` says that other data stands beside the CNAME (RFC 1034 §3.6.2 forbids it): `texts`
    holds the TXT values among them, `others` the targets of more CNAMEs at the same name.
    """

    target: dns.name.Name
    dname: dns.name.Name | None = None
    conflict: bool = False
    texts: tuple[bytes, ...] = ()
    others: tuple[dns.name.Name, ...] = ()


@dataclass(frozen=True, slots=True)
class Absent:
    """AA=1 and a negative answer: NXDOMAIN, or NODATA; `soa` is the SOA's owner, if one came.

    `beside` holds TXT values that came all the same: resolvers believe the NXDOMAIN.
    """

    nxdomain: bool
    soa: dns.name.Name | None
    beside: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Referral:
    """AA=0 and an NS RRset strictly below the zone, at or above the owner name."""

    cut: dns.name.Name
    nameservers: frozenset[dns.name.Name]


@dataclass(frozen=True, slots=True)
class Refused:
    """REFUSED: the server is not configured for the zone."""


@dataclass(frozen=True, slots=True)
class Failing:
    """SERVFAIL, FORMERR, NOTIMP and the like.

    `alias` is what a server showed beside it. No resolver follows it; it may explain a loop.
    """

    rcode: str
    alias: Alias | None = None


@dataclass(frozen=True, slots=True)
class NotAuthoritative:
    """AA=0 where authority was due: a recursive resolver, or a referral that leads upwards."""

    recursive: bool
    upward: dns.name.Name | None = None


@dataclass(frozen=True, slots=True)
class Malformed:
    """What came is no answer to what was asked."""

    detail: str


@dataclass(frozen=True, slots=True)
class Unreachable:
    """No response; `reason` says how."""

    reason: NoResponseReason
    detail: str


@dataclass(frozen=True, slots=True)
class NotAsked:
    """An address that was left out; `reason` is fit to be shown.

    `limited`: because a limit of the run was met.
    """

    reason: str
    limited: bool = False


Answer: TypeAlias = Values | Alias | Absent
"""A usable answer: authoritative, right or wrong."""

Reading: TypeAlias = (
    Answer | Referral | Refused | Failing | NotAuthoritative | Malformed | Unreachable | NotAsked
)
