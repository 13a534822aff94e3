"""Certbot authenticator that checks the records before the certificate authority does.

`dns-preflight` wraps any DNS-01 authenticator, waits until the ``_acme-challenge`` TXT record
is visible on every authoritative name server, and otherwise says, server by server, what differs.

The rooms, in the order in which an answer passes through them: `resolve` asks (a datagram comes in
at `resolve.sockets`, becomes a message in `resolve.messages` and is read in `resolve.reading`),
`facts` says what was observed, `checks` judges it, with the words of each finding beside its rule,
and `report` tells it. `run` says when to ask again and when to stop. `plugin` is certbot's side,
`cli` the command's, `api` other programs'.

Importing this package loads nothing else: certbot imports every plugin at every start. What
`api` offers to other programs is loaded when it is first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from certbot_dns_preflight.api import (
        ChallengeOutcome,
        Finding,
        InvalidDomainError,
        InvalidOptionError,
        Outcome,
        Progress,
        Severity,
        Verdict,
        as_json,
        as_text,
        preflight,
        preflight_sync,
    )

__all__ = [
    "ChallengeOutcome",
    "Finding",
    "InvalidDomainError",
    "InvalidOptionError",
    "Outcome",
    "Progress",
    "Severity",
    "Verdict",
    "as_json",
    "as_text",
    "preflight",
    "preflight_sync",
]


def __getattr__(name: str) -> object:
    """Load the library at the first use of one of its names (PEP 562)."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from certbot_dns_preflight import api  # noqa: PLC0415 - it loads dnspython

    return getattr(api, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
