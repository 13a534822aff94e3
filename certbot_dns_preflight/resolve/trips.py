"""What sending one query came to: an answer and its size, or why there is none. Pure."""

from __future__ import annotations

import errno
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING

import dns.rcode

from certbot_dns_preflight.escaping import printable
from certbot_dns_preflight.facts.answers import NoResponse, NoResponseReason, Reply, Response
from certbot_dns_preflight.resolve.encrypted import tls_words

if TYPE_CHECKING:
    from certbot_dns_preflight.facts.limits import LimitMet

NOT_UNDERSTOOD = frozenset({dns.rcode.FORMERR, dns.rcode.NOTIMP})
"""What servers answer that do not understand a query."""
_NO_ROUTE = frozenset(
    {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.EINVAL}
)


@dataclass(frozen=True, slots=True)
class Trip:
    """The outcome of a query sent `sent` times. `size` is the answer's length in bytes.

    `exact` False: the answer has the question in a different letter case.
    """

    reply: Reply
    sent: int = 1
    size: int = 0
    exact: bool = True


def rejects_edns(reply: Reply) -> bool:
    """Return whether a server rejects EDNS: such an error has no OPT record of its own."""
    return (
        isinstance(reply, Response)
        and reply.message.edns < 0
        and reply.message.rcode() in NOT_UNDERSTOOD
    )


def over_limit(limit: LimitMet, elapsed: float = 0.0) -> NoResponse:
    """Say that an answer exceeds a limit of the run."""
    return NoResponse(NoResponseReason.LIMIT, f"the run's limit of {limit.budget}", elapsed)


def failed(error: OSError, elapsed: float) -> NoResponse:
    """Say why a socket could not be used."""
    reason = NoResponseReason.NO_ROUTE if error.errno in _NO_ROUTE else NoResponseReason.UNREACHABLE
    if isinstance(error, ssl.SSLError):  # its number is not an errno
        return NoResponse(NoResponseReason.UNREACHABLE, tls_words(error), elapsed)
    return NoResponse(reason, printable(error.strerror or str(error)).lower(), elapsed)
