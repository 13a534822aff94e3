"""Hostile zones in a simulated internet: no sockets and no seconds, only what is asked and when."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import dns.name

from tests.simulated.internet import Internet

if TYPE_CHECKING:
    from collections.abc import Callable

    from dns.name import Name
    from dns.rdatatype import RdataType

    from certbot_dns_preflight.facts.answers import Endpoint
    from tests.simulated.internet import Asked


def name(text: str) -> Name:
    """Make an absolute name."""
    return dns.name.from_text(text)


@dataclass(frozen=True, slots=True)
class Zone:
    """A zone below test., its name servers, in `hosts` or itself, and each one's addresses."""

    apex: str
    servers: int
    addresses: int
    records: tuple[tuple[str, RdataType, str], ...] = ()
    hosts: str = ""

    @property
    def nameservers(self) -> list[Name]:
        """Name its servers."""
        return [name(f"ns{number}.{self.hosts or self.apex}") for number in range(self.servers)]


@dataclass(slots=True)
class Hostile(Internet):
    """Some zones, and the questions that nobody answers."""

    zones: tuple[Zone, ...] = field(default=(), kw_only=True)
    silent: Callable[[Asked], bool] = field(default=lambda _: False, kw_only=True)

    def __post_init__(self) -> None:
        """Make it all."""
        numbers = itertools.count(1)
        roots, tlds = [name("a.root-servers.net.")], [name("a.nic.test.")]
        self._place(roots[0], next(numbers), 2, "root")
        self._place(tlds[0], next(numbers), 2, "tld")
        for zone in self.zones:
            for host in zone.nameservers:
                self._place(host, next(numbers), zone.addresses, "provider")
        for zone in self.zones:
            records = [(name(owner), rdtype, text) for owner, rdtype, text in zone.records]
            self._zone(name(zone.apex), zone.nameservers, records, "no")
        self._zone(name("test."), tlds, [], "no")
        self._zone(name("root-servers.net."), roots, [], "no")
        self._zone(dns.name.root, roots, [], "nsec")

    def receive(self, endpoint: Endpoint, wire: bytes) -> bytes | None:
        """Answer, unless the address is silent; what is asked counts in any case."""
        answer = Internet.receive(self, endpoint, wire)
        return None if self.silent(self.asked[-1]) else answer
