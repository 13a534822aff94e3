"""Provides the addresses of the root name servers, where every walk begins (RFC 9609).

The built-in list is IANA's, as of 2026; a file in zone-file format can replace it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import dns.exception
import dns.name
import dns.rdatatype
import dns.zonefile

from certbot_dns_preflight.errors import PreflightError
from certbot_dns_preflight.escaping import printable
from certbot_dns_preflight.facts.answers import Endpoint

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

Hints: TypeAlias = "Mapping[dns.name.Name, tuple[Endpoint, ...]]"

_MOST_BYTES = 1 << 20
_ROOT_SERVERS = {
    "a": ("198.41.0.4", "2001:503:ba3e::2:30"),
    "b": ("170.247.170.2", "2801:1b8:10::b"),
    "c": ("192.33.4.12", "2001:500:2::c"),
    "d": ("199.7.91.13", "2001:500:2d::d"),
    "e": ("192.203.230.10", "2001:500:a8::e"),
    "f": ("192.5.5.241", "2001:500:2f::f"),
    "g": ("192.112.36.4", "2001:500:12::d0d"),
    "h": ("198.97.190.53", "2001:500:1::53"),
    "i": ("192.36.148.17", "2001:7fe::53"),
    "j": ("192.58.128.30", "2001:503:c27::2:30"),
    "k": ("193.0.14.129", "2001:7fd::1"),
    "l": ("199.7.83.42", "2001:500:9f::42"),
    "m": ("202.12.27.33", "2001:dc3::35"),
}


class RootHintsError(PreflightError, ValueError):
    """The file contains no root hints; the message is one line, fit to be shown."""


def builtin() -> Hints:
    """Return the root name servers known when this release was made."""
    return {
        dns.name.from_text(f"{letter}.root-servers.net."): tuple(map(Endpoint, addresses))
        for letter, addresses in _ROOT_SERVERS.items()
    }


def read(path: Path) -> Hints:
    """Read root hints in zone-file format: NS records of the root, and A or AAAA for their names.

    Raises `RootHintsError` if the file cannot be read or contains no address.
    """
    try:
        with path.open(encoding="utf-8") as file:
            text = file.read(_MOST_BYTES)
        rrsets = dns.zonefile.read_rrsets(
            text, rdclass=None, origin=dns.name.root, relativize=False, default_ttl=3600
        )
    except (OSError, UnicodeError, ValueError, dns.exception.DNSException) as error:
        message = f"{printable(str(path))} holds no root hints: {printable(str(error))}"
        raise RootHintsError(message) from error
    names = [
        rdata.target
        for rrset in rrsets
        if rrset.name == dns.name.root and rrset.rdtype == dns.rdatatype.NS
        for rdata in rrset
    ]
    hints = {
        name: tuple(
            Endpoint(rdata.address)
            for rrset in rrsets
            if rrset.name == name and rrset.rdtype in (dns.rdatatype.A, dns.rdatatype.AAAA)
            for rdata in rrset
        )
        for name in names
    }
    if not any(hints.values()):
        message = (
            f"{printable(str(path))} holds no root hints: it takes NS records of the root "
            "and A or AAAA records of their names, in zone-file form"
        )
        raise RootHintsError(message)
    return hints
