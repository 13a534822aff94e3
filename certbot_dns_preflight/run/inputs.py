"""Read what a run needs before its first query: root hints and trust anchors.

Only this module knows which files the settings name and how to report a bad one. The built-in trust
anchors are those of the public root. They do not apply where discovery goes elsewhere, through a
resolver or to another root; without its own anchor, DNSSEC is not judged there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import dns.name

from certbot_dns_preflight.dnssec import anchors
from certbot_dns_preflight.errors import PreflightError
from certbot_dns_preflight.resolve import encrypted, root_hints

if TYPE_CHECKING:
    from certbot_dns_preflight.dnssec.anchors import Anchors
    from certbot_dns_preflight.resolve.root_hints import Hints
    from certbot_dns_preflight.settings import Settings

_PUBLIC = dns.name.from_text("root-servers.net.")


class InputError(PreflightError, ValueError):
    """A file that an option names does not hold what it must.

    `option` is the option's name without leading dashes, `reason` one line, fit to be shown.
    """

    def __init__(self, option: str, reason: str) -> None:
        """Take the option, such as ``root-hints``, and the reason."""
        super().__init__(f"{option}: {reason}")
        self.option = option
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Inputs:
    """What was read. `anchors` is None if no trust anchor fits where discovery begins."""

    hints: Hints
    anchors: Anchors | None


def load(settings: Settings) -> Inputs:
    """Read the files that the settings name, or use the built-in data.

    Raises `InputError` for a bad file, or if a library that an option needs is missing.
    """
    if any(one.is_https for one in settings.resolver) and not encrypted.can_ask_by_https():
        raise InputError("resolver", encrypted.MISSING)
    try:
        hints = (
            root_hints.builtin()
            if settings.root_hints is None
            else root_hints.read(settings.root_hints)
        )
    except root_hints.RootHintsError as error:
        raise InputError("root-hints", str(error)) from error
    try:
        return Inputs(hints, _anchors(settings, hints))
    except anchors.TrustAnchorError as error:
        raise InputError("trust-anchor", str(error)) from error


def _anchors(settings: Settings, hints: Hints) -> Anchors | None:
    if settings.asks_resolvers:
        return None  # DNSSEC is what the resolvers say it is
    if settings.trust_anchor is not None:
        return anchors.read(settings.trust_anchor)
    public = all(name.is_subdomain(_PUBLIC) for name in hints)
    return anchors.builtin() if public and not settings.resolver else None
