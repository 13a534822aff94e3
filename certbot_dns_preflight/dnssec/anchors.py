"""Load the trust anchors: the root zone's keys, as DS data (RFC 9718). No network.

The built-in ones are IANA's KSK-2017 and KSK-2024; a file in master file format can replace them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import dns.dnssec
import dns.exception
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.zonefile
from dns.rdtypes.ANY.DS import DS

from certbot_dns_preflight.errors import PreflightError
from certbot_dns_preflight.escaping import printable

if TYPE_CHECKING:
    from pathlib import Path

Anchors: TypeAlias = "tuple[DS, ...]"

_MOST_BYTES = 1 << 20
_ROOT = (
    "20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D",
    "38696 8 2 683D2D0ACB8C9B712A1948B27F741219298D0A450D612C483AF444A4C0FB2B16",
)


class TrustAnchorError(PreflightError, ValueError):
    """A file holds no trust anchor; the message is one line, fit to be shown."""


def builtin() -> Anchors:
    """Return the root's trust anchors as known when this release was made."""
    found = (dns.rdata.from_text(dns.rdataclass.IN, dns.rdatatype.DS, text) for text in _ROOT)
    return tuple(rdata for rdata in found if isinstance(rdata, DS))


def read(path: Path) -> Anchors:
    """Read DS or DNSKEY records of the root from a master file.

    Raises `TrustAnchorError` if the file cannot be read or holds neither.
    """
    try:
        with path.open(encoding="utf-8") as file:
            text = file.read(_MOST_BYTES)
        rrsets = dns.zonefile.read_rrsets(
            text, origin=dns.name.root, relativize=False, default_ttl=3600, rdclass=None
        )
        anchors = tuple(
            rdata
            if isinstance(rdata, DS)
            else dns.dnssec.make_ds(dns.name.root, rdata, "SHA256", validating=True)
            for rrset in rrsets
            for rdata in rrset
            if rrset.name == dns.name.root
            and rrset.rdtype in (dns.rdatatype.DS, dns.rdatatype.DNSKEY)
        )
    except (OSError, UnicodeError, ValueError, dns.exception.DNSException) as error:
        message = f"{printable(str(path))} holds no trust anchor: {printable(str(error))}"
        raise TrustAnchorError(message) from error
    if not anchors:
        message = (
            f"{printable(str(path))} holds no trust anchor: it takes DS or DNSKEY records of the "
            "root, in zone-file form"
        )
        raise TrustAnchorError(message)
    return anchors
