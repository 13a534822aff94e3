"""A process that answers at every address of its namespace, on port 53.

One socket a family and transport: what a datagram was sent to is learned from the kernel. What is
answered, an `Answering` decides; `Process` is used from outside.
"""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import socket
import struct
import traceback
from typing import TYPE_CHECKING

import dns.flags
import dns.message

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

_PACKET_INFO = {socket.AF_INET: (socket.IPPROTO_IP, 8), socket.AF_INET6: (socket.IPPROTO_IPV6, 50)}


PAYLOAD = 1232
_PLAIN = 512


class Answering:
    """What decides what is answered; it is sent to the process, so it must be picklable."""

    def reply(self, wire: bytes, address: str, *, tcp: bool) -> tuple[bytes | None, float]:
        """Answer what came to an address: bytes or nothing, and after how many seconds."""
        raise NotImplementedError

    def obey(self, order: tuple[object, ...]) -> None:
        """Do what the other process says."""
        raise NotImplementedError


def encoded(query: dns.message.Message, response: dns.message.Message, *, tcp: bool) -> bytes:
    """Put a response into bytes, truncated where it does not fit into a datagram."""
    wire = response.to_wire(max_size=65535)
    limit = max(_PLAIN, min(query.payload, PAYLOAD))
    if not tcp and len(wire) > limit:
        return truncated(response)
    return wire


def truncated(response: dns.message.Message) -> bytes:
    """Empty a response and set TC."""
    response.answer, response.authority, response.additional = [], [], []
    response.flags |= dns.flags.TC
    return response.to_wire()


class _Listening:
    """Sockets of the process, and its ear for what `Process` says."""

    def __init__(self, orders: Connection, answering: Answering) -> None:
        self._answering = answering
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
            order = self._orders.recv()
        except EOFError:
            self._loop.remove_reader(self._orders.fileno())
            self._ended.set_result(None)
            return
        self._answering.obey(order)
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
            return self._answering.reply(wire, address, tcp=tcp)
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


def _work(orders: Connection, answering: Answering) -> None:
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_listen(orders, answering))


async def _listen(orders: Connection, answering: Answering) -> None:
    await _Listening(orders, answering).run()


class Process:
    """The process from outside. It ends at the latest when its starter does."""

    def __init__(self, answering: Answering) -> None:
        """Start it, and wait until it listens."""
        context = multiprocessing.get_context("spawn")
        self._orders, theirs = context.Pipe()
        self._process = context.Process(target=_work, args=(theirs, answering), daemon=True)
        self._process.start()
        theirs.close()
        self._orders.recv()

    def tell(self, *order: object) -> None:
        """Have its `Answering` obey; raise what went wrong in there since the last time."""
        self._orders.send(order)
        broken = self._orders.recv()
        if broken:
            raise RuntimeError(f"the answering process failed: {broken}")

    def stop(self) -> None:
        """End it."""
        self._orders.close()
        self._process.join(5)
