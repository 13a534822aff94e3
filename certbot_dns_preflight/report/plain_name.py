"""Names as people write them. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.escaping import show_name

if TYPE_CHECKING:
    import dns.name


def plain_name(name: dns.name.Name) -> str:
    """Write a name without its final dot; the root stays a dot."""
    return show_name(name).removesuffix(".") or "."
