"""Certbot authenticator that checks the records before the certificate authority does.

`dns-preflight` wraps any DNS-01 authenticator and waits until the ``_acme-challenge`` TXT record is
visible on every authoritative name server. If it never is, it reports the differences server by
server.

The packages, in the order in which an answer passes through them: `resolve` sends the queries
(`resolve.sockets` receives a datagram, `resolve.messages` parses it, `resolve.reading` interprets
it), `facts` holds what was observed, `checks` judges it, with the wording of each finding next to
its rule, and `report` renders it. `run` decides when to query again and when to stop. `plugin` is
the certbot side, `cli` the command line and `api` the library interface.

Importing this package loads nothing else, because certbot imports every plugin on every start. The
names in `api` are loaded on first use.
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
    """Load the library on first use of one of its names (PEP 562)."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from certbot_dns_preflight import api  # noqa: PLC0415 - it loads dnspython

    return getattr(api, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
