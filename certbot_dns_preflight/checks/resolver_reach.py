"""Say what helps where a resolver gives no DNS answer: certificate, proxy, path or port.

Knows how reasons begin, and nothing of who was asked. None of these is a firewall: something was
reached.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import phrases
from certbot_dns_preflight.facts import answers

if TYPE_CHECKING:
    from collections.abc import Iterable

_FIXES = (
    (answers.CERTIFICATE, phrases.PRIVATE_CA),
    (
        answers.PROXY,
        "Check the proxy set in HTTPS_PROXY or ALL_PROXY, or list the resolver's host in NO_PROXY",
    ),
    (
        f"{answers.HTTP_STATUS} 5",
        "Try again later: the resolver's host was reached, and reports an error of its own",
    ),
    (
        (answers.HTTP_STATUS, answers.HTTP_CONTENT),
        "Check the path of the resolver's URL: its host was reached, but not for DNS",
    ),
    (
        answers.TLS_FAILS,
        "Check the resolver's port: DNS over TLS uses 853, HTTPS uses 443, and 53 is plain",
    ),
)


def spoke(reason: str) -> bool:
    """Return whether the resolver's host has answered by HTTPS, but not with DNS."""
    return reason.startswith((answers.HTTP_STATUS, answers.HTTP_CONTENT))


def fixes(reasons: Iterable[str]) -> str:
    """Return what to do about these reasons; empty where none of them says that."""
    return ". ".join(filter(None, dict.fromkeys(map(_fix, reasons))))


def _fix(reason: str) -> str:
    if answers.NO_ROOTS in reason:
        return "Correct SSL_CERT_FILE: it must name a readable file with CA certificates (PEM)"
    return next((fix for begins, fix in _FIXES if reason.startswith(begins)), "")
