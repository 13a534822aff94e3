"""The texts of all zones of the world: root, registries, providers, customers.

Pure. Signing is not done here: `signing` does it with the texts of the root and the registries.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.world.shape import REGISTRY_ZONES, is_ipv6

if TYPE_CHECKING:
    from collections.abc import Iterable

    from benchmarks.world.shape import Customer, Group, NameServer, Shape

_DAY = 86400


def root_zone(shape: Shape, signers: Iterable[str] = ()) -> str:
    """Give the root: com and net with their glue, and `signers`, lines with their DS records."""
    lines = [_head(".", shape.root, ttl=_DAY)]
    for zone in REGISTRY_ZONES:
        lines += _names(zone, shape.registry)
    lines += [*_glue(shape.registry.servers), *_glue(shape.root.servers), *signers]
    return _text(lines)


def registry_zone(zone: str, shape: Shape, customers: Iterable[Customer]) -> str:
    """Give com or net: who serves the providers, the customers and the infrastructure."""
    lines = [_head(zone, shape.registry, ttl=_DAY)]
    for group in shape.groups:
        for child in group.zones:
            if child.endswith(f".{zone}"):
                lines += _names(child, group)
        lines += _glue(server for server in group.servers if server.host.endswith(f".{zone}"))
    for customer in customers:
        if f"{customer.domain}.".endswith(f".{zone}"):
            lines += _names(f"{customer.domain}.", customer.provider)
    return _text(lines)


def servers_zone(zone: str, group: Group) -> str:
    """Give the zone that holds the names of a group's name servers, those that are in it."""
    lines = [_head(zone, group, ttl=_DAY)]
    lines += _glue(server for server in group.servers if server.host.endswith(f".{zone}"))
    return _text(lines)


def customer_zone(customer: Customer, *, published: bool = True) -> str:
    """Give a customer's zone; `published`: with the TXT record of the challenge."""
    origin = f"{customer.domain}."
    lines = [_head(origin, customer.provider, ttl=3600, serial=1 + published)]
    lines += [f"{name} {address}" for name in (origin, f"www.{origin}") for address in _WEB]
    if customer.has_caa:
        lines.append(f'{origin} CAA 0 issue "letsencrypt.org"')
    if published:
        lines.append(f'{customer.owner} 300 TXT "{customer.value}"')
    return _text(lines)


_WEB = ("A 127.54.0.80", "AAAA fd00:54::80")


def _head(origin: str, group: Group, *, ttl: int, serial: int = 1) -> str:
    soa = f"{group.servers[0].host} hostmaster.{origin.lstrip('.')} {serial} 86400 3600 1209600 300"
    return "\n".join([f"$TTL {ttl}", f"{origin} SOA {soa}", *_names(origin, group)])


def _names(zone: str, group: Group) -> list[str]:
    return [f"{zone} NS {server.host}" for server in group.servers]


def _glue(servers: Iterable[NameServer]) -> list[str]:
    return [
        f"{server.host} {'AAAA' if is_ipv6(address) else 'A'} {address}"
        for server in servers
        for address in server.addresses
    ]


def _text(lines: Iterable[str]) -> str:
    return "\n".join(lines) + "\n"
