"""Every finding code, once: default severity, meaning, reference, and what `explain` tells.

The one source for the findings' severities and references, for `dns-preflight explain` and
for the documentation's page. Codes come in the order of the contract's table, which is
also the order in which findings of one severity are told.
"""

from __future__ import annotations

from certbot_dns_preflight.checks.catalogue.aliases import ENTRIES as ALIASES
from certbot_dns_preflight.checks.catalogue.authority import ENTRIES as AUTHORITY
from certbot_dns_preflight.checks.catalogue.delegation import ENTRIES as DELEGATION
from certbot_dns_preflight.checks.catalogue.entry import Entry, Remedy
from certbot_dns_preflight.checks.catalogue.records import ENTRIES as RECORDS
from certbot_dns_preflight.checks.catalogue.servers import ENTRIES as SERVERS
from certbot_dns_preflight.checks.catalogue.transport import ENTRIES as TRANSPORT

__all__ = ["BY_CODE", "ENTRIES", "Entry", "Remedy", "rank"]

ENTRIES: tuple[Entry, ...] = (
    *RECORDS,
    *ALIASES,
    *DELEGATION,
    *SERVERS,
    *TRANSPORT,
    *AUTHORITY,
)
BY_CODE = {entry.code: entry for entry in ENTRIES}


def rank(code: str) -> int:
    """Place of a code in the catalogue; unknown ones come last."""
    return next((i for i, entry in enumerate(ENTRIES) if entry.code == code), len(ENTRIES))
