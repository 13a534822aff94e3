"""The internet that worlds are part of: a root above them, and who answers at which address.

`Service` puts worlds there and takes them away. It lives in the process that answers (`serving`),
and the copies of zones are made when their server is first asked.
"""

from __future__ import annotations

import ipaddress
import itertools
import socket
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rdatatype
from dns.rdatatype import DS, NS, SOA, TXT

from tests.differential import faults
from tests.differential.content import Copy, respond
from tests.differential.serving import Answering, Process, encoded, truncated
from tests.differential.worlds import VALUE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dns.name import Name
    from dns.rdatatype import RdataType

    from tests.differential.worlds import Server, World, Zone

ROOT4, ROOT6 = "44.0.0.1", "2a00:53::1"
ROOT_HOST = "a.dns."
OLD = "an-old-value"
_SMALL = 512
# With one letter alone, mixed case would be lower case in half of all questions.
_LETTERS = str.maketrans("0123456789", "abcdefghij")
_ALL_FAULTS_OF_COPIES = frozenset(faults.COPIES)


@dataclass(slots=True)
class Placed:
    """A world at its place: below `tld`, its servers' addresses by host."""

    world: World
    tld: Name
    addresses: dict[str, tuple[str, ...]]
    _copies: dict[tuple[str, str, frozenset[str]], Copy] = field(default_factory=dict)

    def name(self, relative: str) -> Name:
        """Make a name of it absolute."""
        return dns.name.from_text(relative, self.tld) if relative else self.tld

    def copy(self, server: Server, zone: Zone, index: int) -> Copy:
        """Give the copy that a server has of a zone at one of its addresses."""
        wrong = frozenset(
            fault.action
            for fault in server.faults
            if fault.action in _ALL_FAULTS_OF_COPIES
            and fault.at in ("", zone.name)
            and fault.address in (None, index)
        )
        key = server.host, zone.name, wrong
        if key not in self._copies:
            self._copies[key] = self._make(zone, wrong)
        return self._copies[key]

    def _make(self, zone: Zone, wrong: frozenset[str]) -> Copy:
        spoilt = zone.spoilt
        if "expired-copy" in wrong:
            spoilt = "expired"
        if "unsigned-copy" in wrong:
            spoilt = "unsigned"
        return Copy(
            self.name(zone.name),
            self._records(zone, wrong),
            signing=zone.signing,
            algorithm=zone.algorithm,
            spoilt=spoilt,
        )

    def _records(self, zone: Zone, wrong: frozenset[str]) -> Iterator[tuple[Name, RdataType, str]]:
        origin = self.name(zone.name)
        serial = 7 if wrong & {"stale", "old-value"} else 9
        primary = self.name(zone.servers[0])
        yield origin, SOA, f"{primary} h.dns. {serial} 3600 900 99999 60"
        for host in zone.apex or zone.servers:
            yield origin, NS, str(self.name(host))
        for record in zone.records:
            owner, rdtype, data = record.split(None, 2)
            kind = dns.rdatatype.from_text(rdtype)
            if kind == TXT and VALUE in data:
                if "stale" in wrong:
                    continue
                if "old-value" in wrong:
                    data = OLD
            if kind in (dns.rdatatype.CNAME, dns.rdatatype.DNAME):
                data = str(self.name("" if data == "@" else data))
            yield self.name("" if owner == "@" else owner), kind, data
        yield from self._hosts(zone)
        if "forgets-delegation" not in wrong:
            yield from self._cuts(zone)

    def _hosts(self, zone: Zone) -> Iterator[tuple[Name, RdataType, str]]:
        """Give the addresses of hosts in a zone, and below it where those are glue."""
        origin = self.name(zone.name)
        for host, addresses in self.addresses.items():
            name = self.name(host)
            if name.is_subdomain(origin):
                for address in addresses:
                    family = dns.rdatatype.AAAA if ":" in address else dns.rdatatype.A
                    yield name, family, address

    def _cuts(self, zone: Zone) -> Iterator[tuple[Name, RdataType, str]]:
        for child in self.world.zones:
            if child.delegated and self.world.parent_of(child) == zone:
                yield from self.delegation(child)

    def delegation(self, child: Zone) -> Iterator[tuple[Name, RdataType, str]]:
        """Give what its parent has of a zone."""
        origin = self.name(child.name)
        for host in child.servers:
            yield origin, NS, str(self.name(host))
        if child.signing != "no":
            bare = Copy(origin, (), algorithm=child.algorithm, spoilt=child.spoilt)
            for ds in bare.ds(child.ds):
                yield origin, DS, ds


@dataclass(slots=True)
class _Internet(Answering):
    """Who answers at which address."""

    places: dict[int, Placed] = field(default_factory=dict)
    at: dict[str, tuple[Placed, Server, int]] = field(default_factory=dict)
    _root: Copy | None = None

    def obey(self, order: tuple[object, ...]) -> None:
        """Take up a world, or forget one."""
        match order:
            case "put", int(number), Placed() as placed:
                self.put(number, placed)
            case "take", int(number):
                self.take(number)

    def put(self, number: int, placed: Placed) -> None:
        """Take up a world."""
        self.places[number] = placed
        for server in placed.world.servers:
            for index, address in enumerate(placed.addresses[server.host]):
                self.at[address] = placed, server, index
        self._root = None

    def take(self, number: int) -> None:
        """Forget a world."""
        placed = self.places.pop(number)
        for addresses in placed.addresses.values():
            for address in addresses:
                del self.at[address]
        self._root = None

    @property
    def root(self) -> Copy:
        """The root zone, with all worlds in it."""
        if self._root is None:
            self._root = Copy(dns.name.root, self._root_records(), signing="nsec", nearest=True)
        return self._root

    def _root_records(self) -> Iterator[tuple[Name, RdataType, str]]:
        yield dns.name.root, SOA, f"{ROOT_HOST} h.dns. 1 3600 900 99999 60"
        yield dns.name.root, NS, ROOT_HOST
        host = dns.name.from_text(ROOT_HOST)
        yield host, dns.rdatatype.A, ROOT4
        yield host, dns.rdatatype.AAAA, ROOT6
        for placed in self.places.values():
            tld = placed.world.zone("")
            yield from placed.delegation(tld)
            for host_name in tld.servers:
                for address in placed.addresses.get(host_name, ()):
                    family = dns.rdatatype.AAAA if ":" in address else dns.rdatatype.A
                    yield placed.name(host_name), family, address

    def reply(self, wire: bytes, address: str, *, tcp: bool) -> tuple[bytes | None, float]:
        """Answer a query that came to an address: bytes or nothing, and after how long."""
        try:
            query = dns.message.from_wire(wire)
            question = query.question[0]
        except (dns.exception.DNSException, IndexError):
            return None, 0
        asked = faults.Asked(
            name=question.name,
            rdtype=question.rdtype,
            do=bool(query.ednsflags & dns.flags.DO),
            tcp=tcp,
            edns=query.edns >= 0,
            address=0,
        )
        if address in (ROOT4, ROOT6):
            response = respond(query, self.root)
            return encoded(query, response, tcp=tcp), 0
        found = self.at.get(address)
        if found is None:  # such as the resolver that this host is told to ask
            return faults.refused(query).to_wire(), 0
        placed, server, index = found
        return _served(placed, server, query, asked, index)


def _served(
    placed: Placed, server: Server, query: dns.message.Message, asked: faults.Asked, index: int
) -> tuple[bytes | None, float]:
    asked = faults.Asked(asked.name, asked.rdtype, asked.do, asked.tcp, asked.edns, index)
    wrong = [f.action for f in server.faults if faults.applies(f, asked, placed.tld)]
    ways = {faults.sending(action, tcp=asked.tcp) for action in wrong}
    if faults.Sending.NEVER in ways:
        return None, 0
    if faults.Sending.GARBAGE in ways:
        return query.to_wire()[:2] + b"\xff" * 30, 0
    zone = _zone_for(placed, server, asked)
    if zone is None:
        response = faults.refused(query)
    else:
        copy = placed.copy(server, zone, index)
        response = respond(query, copy)
        if ("nxdomain" in wrong or "nodata" in wrong) and response.answer:
            response.authority = copy.answer(copy.origin, TXT, do=asked.do).authority
    for action in wrong:
        response = faults.spoil_message(action, asked, query, response)
    late = faults.DELAY if faults.Sending.LATE in ways else 0
    if faults.Sending.TRUNCATED in ways:
        return truncated(response), late
    wire = encoded(query, response, tcp=asked.tcp)
    if "small-without-tcp" in wrong and len(wire) > _SMALL:
        return truncated(response), late
    return wire, late


def _zone_for(placed: Placed, server: Server, asked: faults.Asked) -> Zone | None:
    """Find the closest zone above a name that a server has; for DS the parent's, if it has it."""
    above = [
        zone
        for zone in placed.world.zones
        if zone.name in server.zones and asked.name.is_subdomain(placed.name(zone.name))
    ]
    above.sort(key=lambda zone: len(zone.name))
    if asked.rdtype == DS and len(above) > 1 and asked.name == placed.name(above[-1].name):
        return above[-2]
    return above[-1] if above else None


class Service(Process):
    """The process with this internet in it; not for two tasks at a time."""

    def __init__(self) -> None:
        super().__init__(_Internet())
        self._numbers = itertools.count(1)
        self._hosts = itertools.count(256)
        root = Copy(dns.name.root, [], signing="nsec")
        self.trust_anchor = f". IN DS {root.ds('right')[0]}\n"
        self.root_hints = (
            f". 3600 IN NS {ROOT_HOST}\n"
            f"{ROOT_HOST} 3600 IN A {ROOT4}\n{ROOT_HOST} 3600 IN AAAA {ROOT6}\n"
        )

    def put(self, world: World) -> tuple[int, str]:
        """Serve a world at a place where nothing ever was; give its number and its TLD."""
        number = next(self._numbers)
        tld = f"w{number:06}".translate(_LETTERS)
        placed = Placed(
            world,
            dns.name.from_text(f"{tld}."),
            {
                server.host: tuple(_address(next(self._hosts), f) for f in server.families)
                for server in world.servers
            },
        )
        self.tell("put", number, placed)
        return number, tld

    def take(self, number: int) -> None:
        """Serve it no longer."""
        self.tell("take", number)


def _address(number: int, family: str) -> str:
    if family == "6":
        return str(ipaddress.IPv6Address(ROOT6) + number)
    return socket.inet_ntoa(struct.pack("!I", (44 << 24) + number))
