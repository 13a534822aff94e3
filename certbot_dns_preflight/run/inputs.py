"""What a run reads before it asks anything: by which trust anchors it judges DNSSEC.

The built-in anchors are the public root's. Where discovery goes elsewhere, through a resolver or to
another root, they say nothing, and without an anchor of its own DNSSEC is not judged there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import dns.name

from certbot_dns_preflight.dnssec import anchors
from certbot_dns_preflight.resolve import root_hints

if TYPE_CHECKING:
    from certbot_dns_preflight.dnssec.anchors import Anchors
    from certbot_dns_preflight.settings import Settings

_PUBLIC = dns.name.from_text("root-servers.net.")


def anchors_of(settings: Settings) -> Anchors | None:
    """Give the trust anchors that fit where discovery begins; None where none are known to.

    Raises `anchors.TrustAnchorError` or `RootHintsError` for a bad file.
    """
    if settings.trust_anchor is not None:
        return anchors.read(settings.trust_anchor)
    if settings.resolver:
        return None
    if settings.root_hints is not None:
        hints = root_hints.read(settings.root_hints)
        if not all(name.is_subdomain(_PUBLIC) for name in hints):
            return None
    return anchors.builtin()
