"""The process that answers for every world: one socket a family and transport, any address.

`Service` is used from outside: it starts the process and tells it which worlds there are. In the
process, `_Internet` maps addresses to servers; their copies are made when they are first asked.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import itertools
import multiprocessing
import socket
import struct
import traceback
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rdatatype
from dns.rdatatype import DS, NS, SOA, TXT

from tests.differential import faults
from tests.differential.content import Copy
from tests.differential.worlds import VALUE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.connection import Connection

    from dns.name import Name
    from dns.rdatatype import RdataType

    from tests.differential.worlds import Server, World, Zone

ROOT4, ROOT6 = "44.0.0.1", "2a00:53::1"
ROOT_HOST = "a.dns."
OLD = "an-old-value"
_HEADER = 12
_PAYLOAD = 1232
_PLAIN = 512
_ALL_FAULTS_OF_COPIES = frozenset(faults.COPIES)
_PACKET_INFO = {socket.AF_INET: (socket.IPPROTO_IP, 8), socket.AF_INET6: (socket.IPPROTO_IPV6, 50)}


@dataclass(slots=True)
class Placed:
    """A world at its place: below `tld`, its servers' addresses by host."""

    world: World
    tld: Name
    addresses: dict[str, tuple[str, ...]]
    _copies: dict[tuple[str, str], Copy] = field(default_factory=dict)

    def name(self, relative: str) -> Name:
        """Make a name of it absolute."""
        return dns.name.from_text(relative, self.tld) if relative else self.tld

    def copy(self, server: Server, zone: Zone) -> Copy:
        """Give the copy that a server has of a zone."""
        known = self._copies.get((server.host, zone.name))
        if known is None:
            known = self._copies[server.host, zone.name] = self._make(server, zone)
        return known

    def _make(self, server: Server, zone: Zone) -> Copy:
        spoilt = zone.spoilt
        wrong = {
            fault.action
            for fault in server.faults
            if fault.action in _ALL_FAULTS_OF_COPIES and fault.at in ("", zone.name)
        }
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

    def _records(self, zone: Zone, wrong: set[str]) -> Iterator[tuple[Name, RdataType, str]]:
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
class _Internet:
    """Who answers at which address."""

    places: dict[int, Placed] = field(default_factory=dict)
    at: dict[str, tuple[Placed, Server, int]] = field(default_factory=dict)
    _root: Copy | None = None

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
            response = _answered(query, asked, self.root)
            return _encoded(query, response, tcp=tcp), 0
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
        copy = placed.copy(server, zone)
        response = _answered(query, asked, copy)
        if ("nxdomain" in wrong or "nodata" in wrong) and response.answer:
            response.authority = copy.answer(copy.origin, TXT, do=asked.do).authority
    for action in wrong:
        response = faults.spoil_message(action, asked, query, response)
    late = faults.DELAY if faults.Sending.LATE in ways else 0
    if faults.Sending.TRUNCATED in ways:
        return _truncated(response), late
    return _encoded(query, response, tcp=asked.tcp), late


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


def _answered(query: dns.message.Message, asked: faults.Asked, copy: Copy) -> dns.message.Message:
    response = dns.message.make_response(query, our_payload=_PAYLOAD)
    answer = copy.answer(asked.name, asked.rdtype, do=asked.do)
    response.answer = answer.answer
    response.authority = answer.authority
    response.additional = answer.additional
    response.set_rcode(answer.rcode)
    if answer.authoritative:
        response.flags |= dns.flags.AA
    return response


def _encoded(query: dns.message.Message, response: dns.message.Message, *, tcp: bool) -> bytes:
    wire = response.to_wire(max_size=65535)
    limit = max(_PLAIN, min(query.payload, _PAYLOAD))
    if not tcp and len(wire) > limit:
        return _truncated(response)
    return wire


def _truncated(response: dns.message.Message) -> bytes:
    response.answer, response.authority, response.additional = [], [], []
    response.flags |= dns.flags.TC
    return response.to_wire()


# The process


class _Listening:
    """Sockets of the process, and its ear for what `Service` says."""

    def __init__(self, orders: Connection) -> None:
        self._internet = _Internet()
        self._orders = orders
        self._loop = asyncio.get_running_loop()
        self._ended = self._loop.create_future()
        self._broken = ""

    async def run(self) -> None:
        for family, address in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):  # noqa: S104
            datagrams = socket.socket(family, socket.SOCK_DGRAM)
            datagrams.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
            if family == socket.AF_INET6:
                datagrams.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                datagrams.setsockopt(socket.IPPROTO_IPV6, 49, 1)  # IPV6_RECVPKTINFO
                datagrams.setsockopt(socket.IPPROTO_IPV6, 78, 1)  # IPV6_FREEBIND, to answer
            else:
                datagrams.setsockopt(socket.IPPROTO_IP, 8, 1)  # IP_PKTINFO
            datagrams.setblocking(False)  # noqa: FBT003
            datagrams.bind((address, 53))
            self._loop.add_reader(datagrams, self._datagrams, datagrams, family)
            await asyncio.start_server(self._stream, address, 53, family=family)
        self._loop.add_reader(self._orders.fileno(), self._ordered)
        self._orders.send("ready")
        await self._ended

    def _ordered(self) -> None:
        try:
            verb, *details = self._orders.recv()
        except EOFError:
            self._loop.remove_reader(self._orders.fileno())
            self._ended.set_result(None)
            return
        if verb == "put":
            number, placed = details
            self._internet.put(number, placed)
        elif verb == "take":
            self._internet.take(details[0])
        self._orders.send(self._broken)

    def _datagrams(self, one: socket.socket, family: socket.AddressFamily) -> None:
        with contextlib.suppress(BlockingIOError):
            for _ in range(50):
                wire, ancillary, _, peer = one.recvmsg(65535, 256)
                data = ancillary[0][2]
                if family == socket.AF_INET:
                    address = socket.inet_ntop(family, data[8:12])
                    info = struct.pack("=I4s4s", 0, data[8:12], b"\0\0\0\0")
                else:
                    address = socket.inet_ntop(family, data[:16])
                    info = struct.pack("=16sI", data[:16], 0)
                reply, late = self._reply(wire, address, tcp=False)
                if reply is None:
                    continue
                about = [(*_PACKET_INFO[family], info)]
                if late:
                    self._loop.call_later(late, one.sendmsg, [reply], about, 0, peer)
                else:
                    one.sendmsg([reply], about, 0, peer)

    def _reply(self, wire: bytes, address: str, *, tcp: bool) -> tuple[bytes | None, float]:
        """Answer; a fault in here must not look like a silent server."""
        try:
            return self._internet.reply(wire, address, tcp=tcp)
        except Exception:  # noqa: BLE001 - it is told
            self._broken = traceback.format_exc()
            return None, 0

    async def _stream(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        address = writer.get_extra_info("sockname")[0]
        try:
            while True:
                (length,) = struct.unpack("!H", await reader.readexactly(2))
                wire = await reader.readexactly(length)
                reply, late = self._reply(wire, address, tcp=True)
                if reply is None:
                    break
                await asyncio.sleep(late)
                writer.write(struct.pack("!H", len(reply)) + reply)
        except (OSError, EOFError):
            pass
        finally:
            writer.close()


def _work(orders: Connection) -> None:
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_listen(orders))


async def _listen(orders: Connection) -> None:
    await _Listening(orders).run()


class Service:
    """Starts the answering process, and tells it of worlds; not for two tasks at a time."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._orders, theirs = context.Pipe()
        self._process = context.Process(target=_work, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()
        self._orders.recv()
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
        placed = Placed(
            world,
            dns.name.from_text(f"w{number:06}."),
            {
                server.host: tuple(_address(next(self._hosts), f) for f in server.families)
                for server in world.servers
            },
        )
        self._tell("put", number, placed)
        return number, f"w{number:06}"

    def take(self, number: int) -> None:
        """Serve it no longer."""
        self._tell("take", number)

    def stop(self) -> None:
        """End the process."""
        self._orders.close()
        self._process.join(5)

    def _tell(self, *order: object) -> None:
        self._orders.send(order)
        broken = self._orders.recv()
        if broken:
            raise RuntimeError(f"the answering process failed: {broken}")


def _address(number: int, family: str) -> str:
    if family == "6":
        return str(ipaddress.IPv6Address(ROOT6) + number)
    return socket.inet_ntoa(struct.pack("!I", (44 << 24) + number))
