"""The shape of the internet: who serves what at which addresses, and how far away they are.

Pure: names, addresses and round-trip times, the same at every run. What the figures stand for: the
root and "com" have 13 servers with an IPv4 and an IPv6 address each, and DNS providers run from two
name servers with two addresses to eight with six.
"""

from __future__ import annotations

import base64
import hashlib
import itertools
import math
import random
from dataclasses import dataclass

LETTERS = "abcdefghijklm"
NEAREST, FARTHEST = 0.008, 0.25
"""Round-trip times, in seconds."""

ROOT, REGISTRY, RESOLVER = "root", "registry", "resolver"
REGISTRY_ZONES = ("com.", "net.")

# Name, name servers, addresses of each, and the zones in which their names are.
_PROVIDERS = (
    ("alfa", 2, 2, ("com.",)),
    ("bravo", 2, 6, ("net.",)),
    ("charlie", 3, 4, ("com.",)),
    ("delta", 4, 2, ("net.", "com.")),
    ("echo", 6, 4, ("com.",)),
    ("foxtrot", 8, 2, ("com.", "net.")),
)


@dataclass(frozen=True, slots=True)
class NameServer:
    """A name server: its name and its addresses, half of them IPv4."""

    host: str
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Name servers that serve the same zones; `zones` are those with the servers' own names."""

    name: str
    servers: tuple[NameServer, ...]
    zones: tuple[str, ...]

    @property
    def addresses(self) -> tuple[str, ...]:
        """Where each of them answers."""
        return tuple(address for server in self.servers for address in server.addresses)


@dataclass(frozen=True, slots=True)
class Customer:
    """A domain at a provider, and the value that is in its challenge's TXT record."""

    domain: str
    provider: Group
    value: str
    has_caa: bool

    @property
    def owner(self) -> str:
        """The name of the TXT record."""
        return f"_acme-challenge.{self.domain}."


@dataclass(frozen=True, slots=True)
class Shape:
    """All groups of name servers."""

    root: Group
    registry: Group
    providers: tuple[Group, ...]

    @property
    def groups(self) -> tuple[Group, ...]:
        """Each of them; a group's place here is its number in the network's counts."""
        return (self.root, self.registry, *self.providers)


def make_shape() -> Shape:
    """Lay out the root, the registry of com and net, and the providers."""
    return Shape(
        root=_letters(ROOT, 1, "root-servers.net."),
        registry=_letters(REGISTRY, 2, "gtld-servers.net."),
        providers=tuple(
            _provider(number, *figures) for number, figures in enumerate(_PROVIDERS, start=3)
        ),
    )


def make_customers(shape: Shape, count: int) -> tuple[Customer, ...]:
    """Name `count` domains under com, at the providers in turn, every other one with CAA."""
    providers = itertools.cycle(shape.providers)
    return tuple(
        Customer(
            domain=f"shop{number:05}.com",
            provider=next(providers),
            value=_digest(f"value {number}"),
            has_caa=number // len(shape.providers) % 2 == 0,
        )
        for number in range(count)
    )


def round_trip(address: str) -> float:
    """Say how far away an address is, in seconds: anything alike in order of magnitude."""
    chance = random.Random(address).random()  # noqa: S311 - a distance, no secret
    return NEAREST * math.exp(chance * math.log(FARTHEST / NEAREST))


def is_ipv6(address: str) -> bool:
    """Tell the family of an address."""
    return ":" in address


def _letters(name: str, number: int, zone: str) -> Group:
    servers = tuple(
        NameServer(f"{letter}.{zone}", _addresses(number, place, 2))
        for place, letter in enumerate(LETTERS, start=1)
    )
    return Group(name, servers, (zone,))


def _provider(
    number: int, name: str, servers: int, addresses: int, registries: tuple[str, ...]
) -> Group:
    zones = tuple(f"{name}-dns.{registry}" for registry in registries)
    return Group(
        name,
        tuple(
            NameServer(
                f"ns{place + 1}.{zones[place % len(zones)]}",
                _addresses(number, place + 1, addresses),
            )
            for place in range(servers)
        ),
        zones,
    )


def _addresses(group: int, server: int, count: int) -> tuple[str, ...]:
    half = range(1, count // 2 + 1)
    return (
        *(f"127.54.{group}.{16 * server + each - 16}" for each in half),
        *(f"fd00:54:{group}:{server}::{each}" for each in half),
    )


def _digest(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
