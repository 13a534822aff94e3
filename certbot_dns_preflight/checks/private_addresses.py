"""Addresses of name servers that mean something only inside a network or a host. Pure."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import phrases

if TYPE_CHECKING:
    from collections.abc import Iterable

_INTERNAL = tuple(
    map(
        ipaddress.ip_network,
        (
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "169.254.0.0/16",
            "172.16.0.0/12",
            "192.168.0.0/16",
            "::/127",
            "fc00::/7",
            "fe80::/10",
        ),
    )
)


def sentence(addresses: Iterable[str]) -> str:
    """Say which addresses cannot be reached from outside, as a sentence to append; or ""."""
    inside = internal(addresses)
    if not inside:
        return ""
    are = phrases.verb(len(inside), "is a", "are")
    kind = "loopback" if all(map(_is_loopback, inside)) else "private"
    noun = phrases.verb(len(inside), "address", "addresses")
    them = phrases.verb(len(inside), "it", "them")
    return f" {phrases.listed(inside)} {are} {kind} {noun}: no resolver outside can reach {them}."


def internal(addresses: Iterable[str]) -> list[str]:
    """Give those of some addresses that mean something only inside a network or a host."""
    return [address for address in dict.fromkeys(addresses) if not _is_public(address)]


def _is_public(address: str) -> bool:
    read = ipaddress.ip_address(address)
    return not any(read in network for network in _INTERNAL if network.version == read.version)


def _is_loopback(address: str) -> bool:
    return ipaddress.ip_address(address).is_loopback
