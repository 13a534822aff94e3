"""What one server address answered, and how it reads. Pure: no sockets, no clock.

These types describe what one DNS message says about one owner name in one zone; `resolve.reading`
decides which one applies. The expected values and the answers of other servers belong to `survey`
and `checks`.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import dns.message
    import dns.name


class Transport(enum.StrEnum):
    """The transport of a response."""

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


_DNS_PORT = 53
CERTIFICATE = "its certificate is not accepted"
HTTP_STATUS = "HTTP status"
HTTP_CONTENT = "content of type"
PROXY = "the proxy"
TLS_FAILS = "TLS fails"
"""How the descriptions begin of what keeps an encrypted resolver from answering."""
NO_ROOTS = "SSL_CERT_FILE names"
"""How it goes on where the environment's own certificates cannot be used."""
MISMATCHED = "the reply does not match the query"
"""How the description begins of a reply that is to another query."""


@dataclass(frozen=True, slots=True, order=True)
class Endpoint:
    """One server address: an IP literal and a port.

    A resolver queried over TLS or HTTPS has a `service`: ``tls://...`` or the URL, as options spell
    it. `address` may then be the host name of the URL.
    """

    address: str
    port: int = _DNS_PORT
    service: str = ""

    @property
    def ipv6(self) -> bool:
        """Whether the address is IPv6."""
        return ":" in self.address

    @property
    def family(self) -> int:
        """The address family, 4 or 6."""
        return 6 if self.ipv6 else 4

    @property
    def spelling(self) -> str:
        """How options spell it: the service, or the address with any port other than 53."""
        if self.service:
            return self.service
        return self.address if self.port == _DNS_PORT else f"{self.address}#{self.port}"


@dataclass(frozen=True, slots=True)
class Response:
    """A DNS message with our message ID and our question. `rtt` is in seconds."""

    message: dns.message.Message
    transport: Transport
    rtt: float


@dataclass(frozen=True, slots=True)
class NoResponse:
    """No usable response arrived in time. `rtt` is in seconds; `detail` is safe to display."""

    reason: NoResponseReason
    detail: str
    rtt: float


Reply: TypeAlias = Response | NoResponse


# -- readings: the sum type of what a reply says about an owner name ---------------------------


@dataclass(frozen=True, slots=True)
class Values:
    """AA=1 and a TXT RRset at the owner name: each RR's character-strings concatenated."""

    texts: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Alias:
    """AA=1 and a CNAME at the owner name, or a DNAME above it (then `dname` is its owner).

    `conflict` means that other data exists beside the CNAME, which RFC 1034 §3.6.2 forbids: `texts`
    holds the TXT values among it, `others` the targets of further CNAMEs at the same name.
    """

    target: dns.name.Name
    dname: dns.name.Name | None = None
    conflict: bool = False
    texts: tuple[bytes, ...] = ()
    others: tuple[dns.name.Name, ...] = ()


@dataclass(frozen=True, slots=True)
class Absent:
    """AA=1 and a negative answer, NXDOMAIN or NODATA; `soa` is the SOA owner, if any.

    `beside` holds TXT values in the same message; resolvers believe the NXDOMAIN.
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

    `alias` is an alias in the same message. Resolvers do not follow it, but it may explain a loop.
    """

    rcode: str
    alias: Alias | None = None


@dataclass(frozen=True, slots=True)
class NotAuthoritative:
    """AA=0 where an authoritative answer was due: a recursive resolver, or an upward referral."""

    recursive: bool
    upward: dns.name.Name | None = None


@dataclass(frozen=True, slots=True)
class Malformed:
    """The message does not answer the question; `detail` says why, of "the reply"."""

    detail: str

    @property
    def mismatched(self) -> bool:
        """Whether it can be read, but answers another query."""
        return self.detail.startswith(MISMATCHED)


@dataclass(frozen=True, slots=True)
class Unreachable:
    """No response; `reason` says why."""

    reason: NoResponseReason
    detail: str


@dataclass(frozen=True, slots=True)
class NotAsked:
    """An address that was skipped; `reason` is safe to display.

    `limited` means that a limit of the run was reached.
    """

    reason: str
    limited: bool = False


Answer: TypeAlias = Values | Alias | Absent
"""A usable answer: authoritative, right or wrong."""

Reading: TypeAlias = (
    Answer | Referral | Refused | Failing | NotAuthoritative | Malformed | Unreachable | NotAsked
)
