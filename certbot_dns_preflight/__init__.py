"""Certbot authenticator that looks before the certificate authority is told to.

`dns-preflight` wraps any DNS-01 authenticator, waits until the ``_acme-challenge`` TXT record
is visible on every authoritative name server, and otherwise says, server by server, what differs.

Where to look: a DNS answer comes in at `exchange` and is read in `responses`; the way to the
name servers is `delegation`; `rounds` repeats until ready; `diagnosis` judges; `report` finds
the words; `authenticator` is certbot's side and `cli` the command's.

Importing this package loads nothing else: certbot imports every plugin at every start. What
`library` offers to other programs is loaded when it is first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from certbot_dns_preflight.library import (
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
    from certbot_dns_preflight import library  # noqa: PLC0415 - it loads dnspython

    return getattr(library, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
