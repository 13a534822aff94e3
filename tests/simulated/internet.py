"""Zones, name servers and addresses, as much of an internet as a count needs.

A root and two top-level domains with many servers, providers with name servers of several addresses
in zones of their own, and domains that they serve: every third one signed. What is answered comes
from `tests.differential.content`.
"""

from __future__ import annotations

import asyncio
import functools
import itertools
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import dns.flags
import dns.message
import dns.name
import dns.rdatatype
from dns.rdatatype import (
    AAAA,
    DNSKEY,
    DS,
    NS,
    NSEC,
    NSEC3PARAM,
    RRSIG,
    SOA,
    TXT,
    A,
    RdataType,
)

from certbot_dns_preflight.facts.answers import Endpoint
from certbot_dns_preflight.resolve import split_horizon
from certbot_dns_preflight.resolve.datagrams import Arrived
from certbot_dns_preflight.resolve.exchange import Exchange
from certbot_dns_preflight.resolve.sockets import Sockets
from certbot_dns_preflight.run import lingering_records, session
from certbot_dns_preflight.settings import Settings
from tests.differential.content import Copy, respond
from tests.simulated.clock import SimulatedLoop

if TYPE_CHECKING:
    from pathlib import Path

    import pytest
    from dns.name import Name

RESOLVER = "192.0.2.53"
PROVIDERS = ((2, 2), (4, 2), (3, 2), (2, 4), (8, 2), (2, 6))
"""Name servers of each provider, and addresses of each of them."""
SIGNED_EVERY = 3


@dataclass(frozen=True, slots=True)
class Asked:
    """One question that arrived."""

    address: str
    zone: str
    name: str
    rdtype: str


@dataclass(slots=True)
class Internet:
    """So many domains, ``d0.com`` and on, each with its record in place; `rtt` in seconds.

    `from_when` has the addresses that show a record only from a moment on, and `until` is when the
    records are removed: everywhere but at those.
    """

    domains: int
    rtt: float = 0.1
    asked: list[Asked] = field(default_factory=list)
    from_when: dict[str, float] = field(default_factory=dict)
    until: float | None = None
    copies: dict[Name, Copy] = field(default_factory=dict)
    at: dict[str, list[Copy]] = field(default_factory=dict)
    hosts: dict[Name, list[str]] = field(default_factory=dict)
    _bare: dict[Name, Copy] = field(default_factory=dict)
    _kinds: dict[str, str] = field(default_factory=dict)
    _questions: dict[tuple[bytes, int], tuple[str, str, str]] = field(default_factory=dict)
    _answers: dict[tuple[str, bytes], bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Make it all."""
        numbers = itertools.count(1)
        root, com, net = map(dns.name.from_text, (".", "com.", "net."))
        roots = [_host(f"{letter}.root-servers.net.") for letter in "abcdefghijklm"]
        tlds = {
            com: [_host(f"{letter}.gtld-servers.net.") for letter in "abcdefghijklm"],
            net: [_host(f"{letter}.net-servers.net.") for letter in "abcdefgh"],
        }
        for host in (*roots, *tlds[com], *tlds[net]):
            self._place(host, next(numbers), 2, "root" if host in roots else "tld")
        providers: list[tuple[Name, list[Name]]] = []
        for number, (count, addresses) in enumerate(PROVIDERS):
            zone = dns.name.from_text(f"provider{number}.net.")
            servers = [_host(f"ns{n}", zone) for n in range(count)]
            for host in servers:
                self._place(host, next(numbers), addresses, "provider")
            providers.append((zone, servers))
        for number in range(self.domains):
            name = dns.name.from_text(f"d{number}.com.")
            records = [
                (_host("_acme-challenge", name), TXT, '"value"'),
                (name, A, "198.51.100.1"),
            ]
            signed = "nsec" if number % SIGNED_EVERY == 0 else "no"
            self._zone(name, providers[number % len(providers)][1], records, signed)
        for number, (zone, servers) in enumerate(providers):
            self._zone(zone, servers, [], "nsec" if number % 2 else "no")
        gtld = dns.name.from_text("gtld-servers.net.")
        self._zone(gtld, tlds[com], [], "no")
        self._zone(dns.name.from_text("net-servers.net."), tlds[net], [], "no")
        self._zone(dns.name.from_text("root-servers.net."), roots, [], "no")
        for zone, servers in tlds.items():
            self._zone(zone, servers, [], "opt-out")
        self._zone(root, roots, [], "nsec")

    def _place(self, host: Name, number: int, count: int, kind: str) -> None:
        v4 = [f"10.{number // 250}.{number % 250}.{n}" for n in range(1, count // 2 + 1)]
        v6 = [f"fd00::{number:x}:{n:x}" for n in range(1, count - len(v4) + 1)]
        self.hosts[host] = [*v4, *v6]
        self._kinds.update(dict.fromkeys(self.hosts[host], kind))

    def _zone(
        self,
        apex: Name,
        servers: list[Name],
        records: list[tuple[Name, RdataType, str]],
        signing: str,
    ) -> None:
        """Make a zone; those below it must be there."""
        every = [
            (apex, SOA, f"{servers[0]} h.{servers[0]} 1 3600 900 99999 60"),
            *((apex, NS, str(server)) for server in servers),
            *records,
        ]
        for child, copy in self.copies.items():
            if child != apex and _is_right_above(apex, child, self.copies):
                every += [(child, NS, str(rdata.target)) for rdata in copy.data[child][NS]]
                if copy.signing != "no":
                    every += [(child, DS, copy.ds("right")[0])]
        for host, addresses in self.hosts.items():
            if host.is_subdomain(apex):
                every += [(host, AAAA if ":" in one else A, one) for one in addresses]
        copy = self.copies[apex] = Copy(apex, every, signing=signing)
        for server in servers:
            for address in self.hosts[server]:
                self.at.setdefault(address, []).append(copy)

    # -- for a run ---------------------------------------------------------------------------------

    def write_inputs(self, directory: Path) -> tuple[Path, Path]:
        """Write root hints and the trust anchor."""
        root = self.copies[dns.name.root]
        hints, anchor = directory / "hints", directory / "anchor"
        lines = []
        for rdata in root.data[dns.name.root][NS]:
            lines.append(f". 3600 IN NS {rdata.target}")
            lines += [
                f"{rdata.target} 3600 IN {'AAAA' if ':' in one else 'A'} {one}"
                for one in self.hosts[rdata.target]
            ]
        hints.write_text("\n".join(lines) + "\n")
        anchor.write_text(f". IN DS {root.ds('right')[0]}\n")
        return hints, anchor

    def plug_in(self, monkeypatch: pytest.MonkeyPatch, directory: Path) -> Settings:
        """Have every run ask here, and nobody else; give the settings that it is told of it by."""
        sockets = functools.partial(Sockets, functools.partial(Cable, self))
        for module in (session, lingering_records):
            monkeypatch.setattr(
                module, "Exchange", lambda **how: Exchange(**how, sockets=sockets())
            )
        monkeypatch.setattr(split_horizon, "own_resolvers", lambda: [Endpoint(RESOLVER)])
        hints, anchor = self.write_inputs(directory)
        return Settings(root_hints=hints, trust_anchor=anchor)

    # -- answering ---------------------------------------------------------------------------------

    def receive(self, endpoint: Endpoint, wire: bytes) -> bytes | None:
        """Answer what came to an address."""
        end = wire.index(b"\0", 12) + 1
        lacks = self._lacks_records(endpoint.address)
        key = (endpoint.address + lacks * "-", wire[2:12] + wire[12:end].lower() + wire[end:])
        known = self._answers.get(key)
        query = None
        if known is None:
            query = dns.message.from_wire(wire)
            response = self._answer(endpoint.address, query, lacks=lacks)
            known = response.to_wire(max_size=65535)
            self._answers[key] = known
        self._note(endpoint.address, wire[12:end], int.from_bytes(wire[end : end + 2]))
        return wire[:2] + known[2:12] + wire[12:end] + known[end:]

    def _lacks_records(self, address: str) -> bool:
        """Whether an address does not have the domains' records now."""
        now = asyncio.get_running_loop().time()
        if address in self.from_when:
            return now < self.from_when[address]
        return self.until is not None and now >= self.until

    def _answer(
        self, address: str, query: dns.message.Message, *, lacks: bool
    ) -> dns.message.Message:
        name = query.question[0].name
        if address == RESOLVER:
            response = respond(query, self._deepest(list(self.copies.values()), name))
            response.flags |= dns.flags.RA
            response.flags &= ~dns.flags.AA
            return response
        served = self.at.get(address, [])
        if lacks:
            served = [self._without_record(copy) for copy in served]
        if query.question[0].rdtype == DS and len(name) > 1:
            name = name.parent()
        return respond(query, self._deepest(served, name))

    def _without_record(self, copy: Copy) -> Copy:
        if copy.origin not in self._bare:
            every = [
                (owner, rdtype, rdata.to_text())
                for owner, rrsets in copy.data.items()
                for rdtype, rdatas in rrsets.items()
                for rdata in rdatas
                if rdtype not in (TXT, DNSKEY, NSEC, NSEC3PARAM, RRSIG)
            ]
            self._bare[copy.origin] = Copy(copy.origin, every, signing=copy.signing)
        return self._bare[copy.origin]

    @staticmethod
    def _deepest(copies: list[Copy], name: Name) -> Copy:
        return max(
            (copy for copy in copies if name.is_subdomain(copy.origin)),
            key=lambda copy: len(copy.origin),
        )

    def _note(self, address: str, wire: bytes, rdtype: int) -> None:
        key = wire.lower(), rdtype
        if key not in self._questions:
            name = dns.name.from_wire(wire, 0)[0].canonicalize()
            zone = self._deepest(list(self.copies.values()), name).origin
            kind = dns.rdatatype.to_text(RdataType(rdtype))
            self._questions[key] = zone.to_text(), name.to_text(), kind
        self.asked.append(Asked(address, *self._questions[key]))

    # -- counting ----------------------------------------------------------------------------------

    def servers_of(self, apex: str) -> list[Name]:
        """List the name servers of a zone."""
        name = dns.name.from_text(apex)
        return [rdata.target for rdata in self.copies[name].data[name][NS]]

    def addresses_of(self, apex: str) -> list[str]:
        """List the addresses of all its name servers."""
        return [address for host in self.servers_of(apex) for address in self.hosts[host]]

    def kind(self, address: str) -> str:
        """Say whose address it is: root, tld, provider or resolver."""
        return self._kinds.get(address, "resolver")

    def by_kind(self) -> Counter[tuple[str, str, str]]:
        """Count questions by who was asked, of what kind of zone, and by type."""
        return Counter(
            (self.kind(one.address), _kind_of_zone(one.zone), one.rdtype) for one in self.asked
        )

    def repeated(self) -> Counter[Asked]:
        """Give what was asked more than once, and how often too many."""
        return Counter({a: n - 1 for a, n in Counter(self.asked).items() if n > 1})


class Cable:
    """A channel between a run and an internet: what arrives waits to be taken, as in a kernel."""

    def __init__(self, internet: Internet, endpoint: Endpoint) -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, SimulatedLoop)
        self._loop = loop
        self._internet, self._endpoint = internet, endpoint
        self._arriving: list[tuple[float, bytes]] = []
        self._waiter: asyncio.Future[None] | None = None

    def send(self, data: bytes) -> None:
        """Send, and have the answer arrive."""
        answer = self._internet.receive(self._endpoint, data)
        if answer is not None:
            self._arriving.append((self._loop.time() + self._internet.rtt, answer))
            self._loop.arrive(self._internet.rtt, self._wake)

    async def next(self, when: float) -> Arrived | None:
        """Give what has arrived, or None if there is nothing by a moment."""
        arrived = self._take()
        if arrived is None:
            self._waiter = self._loop.create_future()
            timer = self._loop.call_at(when, self._wake)
            try:
                await self._waiter
            finally:
                timer.cancel()
            arrived = self._take()
        return arrived

    def close(self) -> None:
        """Nothing is held."""

    def _take(self) -> Arrived | None:
        now = self._loop.time()
        if not self._arriving or self._arriving[0][0] > now:
            return None
        since, data = self._arriving.pop(0)
        return Arrived(data, now - since)

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


def _host(label: str, zone: Name = dns.name.root) -> Name:
    return dns.name.from_text(label, zone)


def _is_right_above(apex: Name, child: Name, zones: dict[Name, Copy]) -> bool:
    if not child.is_subdomain(apex):
        return False
    return not any(
        zone not in (apex, child) and child.is_subdomain(zone) and zone.is_subdomain(apex)
        for zone in zones
    )


def _kind_of_zone(zone: str) -> str:
    match zone.count("."), zone:
        case 1, ".":
            return "root"
        case 1, _:
            return "tld"
    return "servers'" if zone.endswith(".net.") else "user's"
