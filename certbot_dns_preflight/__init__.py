"""Certbot authenticator that looks before the certificate authority is told to.

`dns-preflight` wraps any DNS-01 authenticator, waits until the ``_acme-challenge`` TXT record
is visible on every authoritative name server, and otherwise says, server by server, what differs.

Where to look. A DNS answer comes in at `exchange` and is read in `responses`. `delegation` finds
the zone and its name servers, `txt_survey` asks them all, `beforehand` and `rounds` say when. What
was seen (`survey`, `environment`) is judged in `diagnosis` and weighed in `verdict`. The words of
a finding are made in `diagnosis` (`phrases`, `catalogue`), those around it, and the page, in
`report`. `authenticator` is certbot's side, `cli` the command's, `library` other programs'.

Importing this package loads nothing else: certbot imports every plugin at every start. What
`library` offers to other programs is loaded when it is first asked for.
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
