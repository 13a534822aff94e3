"""Every finding code, once: default severity, meaning, reference, and what `explain` tells.

The one source for the findings' severities and references, for `dns-preflight explain` and
for the documentation's page. Codes come in the order of the contract's table, which is
also the order in which findings of one severity are told.
"""

from __future__ import annotations

from certbot_dns_preflight.diagnosis.catalogue import (
    aliases,
    authority,
    delegation,
    records,
    servers,
    transport,
)
from certbot_dns_preflight.diagnosis.catalogue.entry import Entry, Remedy

__all__ = ["BY_CODE", "ENTRIES", "Entry", "Remedy", "rank"]

ENTRIES: tuple[Entry, ...] = (
    *records.ENTRIES,
    *aliases.ENTRIES,
    *delegation.ENTRIES,
    *servers.ENTRIES,
    *transport.ENTRIES,
    *authority.ENTRIES,
)
BY_CODE = {entry.code: entry for entry in ENTRIES}


def rank(code: str) -> int:
    """Place of a code in the catalogue; unknown ones come last."""
    return next((i for i, entry in enumerate(ENTRIES) if entry.code == code), len(ENTRIES))
