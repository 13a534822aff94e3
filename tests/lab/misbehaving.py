"""Name servers with one fault each, in this process: what no real daemon does on demand.

`Authoritative` answers correctly from zone text; each subclass is one named misbehaviour. Usage:
`with WrongId(lab.addresses(), {"foo.test.": text}):`. A server records its queries in `asked`.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.node
import dns.opcode
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import dns.zone

from tests.lab.namespace import add_addresses

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType
    from typing import Self

_UDP = "udp"
_TCP = "tcp"
_MAX_DATAGRAM = 512


@dataclass(frozen=True, slots=True)
class Question:
    """One query as received: parsed, raw, its transport, and the address it was sent to."""

    message: dns.message.Message
    wire: bytes
    transport: str
    address: str

    @property
    def name(self) -> dns.name.Name:
        """The question's name."""
        return self.message.question[0].name

    @property
    def kind(self) -> dns.rdatatype.RdataType:
        """The question's type."""
        return self.message.question[0].rdtype


class Authoritative:
    """A correct authoritative server over UDP and TCP; each subclass breaks one thing.

    Subclasses override `respond` (which messages), `encode` (which bytes) or `reply` (both, or
    nothing).
    """

    misses_tcp: ClassVar[bool] = False
    delay: ClassVar[float] = 0.0

    def __init__(
        self, addresses: Sequence[str], zones: Mapping[str, str], *, port: int = 53
    ) -> None:
        self.addresses = tuple(addresses)
        self.port = port
        self.zones = {
            dns.name.from_text(origin): dns.zone.from_text(
                text, origin, relativize=False, check_origin=False
            )
            for origin, text in zones.items()
        }
        self.asked: list[Question] = []
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._ended = threading.Event()
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        """Start it."""
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop it."""
        self.stop()

    def start(self) -> None:
        """Bind all addresses and start answering."""
        add_addresses(
            *(address for address in self.addresses if address not in {"127.0.0.1", "::1"})
        )
        for address in self.addresses:
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            datagrams = socket.socket(family, socket.SOCK_DGRAM)
            datagrams.bind((address, self.port))
            self._run(self._serve_datagrams, datagrams, address)
            if not self.misses_tcp:
                streams = socket.socket(family, socket.SOCK_STREAM)
                streams.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                streams.bind((address, self.port))
                streams.listen(64)
                self._run(self._serve_streams, streams, address)

    def stop(self) -> None:
        """Close everything."""
        self._ended.set()
        for thread in self._threads:
            thread.join(timeout=2)
        for one in self._sockets:
            one.close()

    # What is answered

    def respond(self, question: Question) -> dns.message.Message:
        """Return the response of a correct server."""
        response = dns.message.make_response(question.message, our_payload=1232)
        zone = self.zone_of(question.name)
        if zone is None:
            response.set_rcode(dns.rcode.REFUSED)
            return response
        response.flags |= dns.flags.AA
        self._fill(response, zone, question.name, question.kind)
        return response

    def encode(self, question: Question, response: dns.message.Message) -> bytes | None:
        """Encode a response, truncated if a datagram is too small; None: send nothing."""
        if question.transport == _TCP:
            return response.to_wire(max_size=65535)
        limit = max(question.message.payload, _MAX_DATAGRAM)
        wire = response.to_wire(max_size=65535)
        if len(wire) <= limit:
            return wire
        return truncated(response)

    def reply(self, question: Question) -> bytes | None:
        """Return the reply's bytes, or None for no reply."""
        return self.encode(question, self.respond(question))

    def zone_of(self, name: dns.name.Name) -> dns.zone.Zone | None:
        """Return the closest zone that it serves at or above a name."""
        above: dns.name.Name | None = name
        while above is not None:
            if above in self.zones:
                return self.zones[above]
            above = above.parent() if above != dns.name.root else None
        return None

    def _fill(
        self,
        response: dns.message.Message,
        zone: dns.zone.Zone,
        name: dns.name.Name,
        kind: dns.rdatatype.RdataType,
    ) -> None:
        assert zone.origin is not None
        cut = self._cut_above(zone, name, kind)
        if cut is not None:
            response.flags &= ~dns.flags.AA
            response.authority.append(_rrset(zone, cut, dns.rdatatype.NS))
            for rdata in response.authority[-1]:
                for family in (dns.rdatatype.A, dns.rdatatype.AAAA):
                    if zone.get_rrset(rdata.target, family) is not None:
                        response.additional.append(_rrset(zone, rdata.target, family))
            return
        node = zone.get_node(name)
        if node is None:
            if not any(other.is_subdomain(name) for other in zone.nodes):
                response.set_rcode(dns.rcode.NXDOMAIN)
            response.authority.append(_rrset(zone, zone.origin, dns.rdatatype.SOA))
            return
        if zone.get_rrset(name, kind) is not None:
            response.answer.append(_rrset(zone, name, kind))
        elif (alias := zone.get_rrset(name, dns.rdatatype.CNAME)) is not None:
            response.answer.append(_rrset(zone, name, dns.rdatatype.CNAME))
            target = alias[0].target
            if target.is_subdomain(zone.origin) and len(response.answer) < 16:
                self._fill(response, zone, target, kind)
        else:
            response.authority.append(_rrset(zone, zone.origin, dns.rdatatype.SOA))

    @staticmethod
    def _cut_above(
        zone: dns.zone.Zone, name: dns.name.Name, kind: dns.rdatatype.RdataType
    ) -> dns.name.Name | None:
        assert zone.origin is not None
        for depth in range(len(zone.origin.labels) + 1, len(name.labels) + 1):
            candidate = dns.name.Name(name.labels[-depth:])
            if zone.get_rrset(candidate, dns.rdatatype.NS) is not None and not (
                candidate == name and kind == dns.rdatatype.DS
            ):
                return candidate
        return None

    # Sockets

    def _run(self, serve: object, one: socket.socket, address: str) -> None:
        one.settimeout(0.1)
        self._sockets.append(one)
        thread = threading.Thread(target=serve, args=(one, address), daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _serve_datagrams(self, one: socket.socket, address: str) -> None:
        while not self._ended.is_set():
            try:
                wire, peer = one.recvfrom(65535)
            except TimeoutError:
                continue
            except OSError:
                return
            for reply in self.datagrams(wire, address):
                if self.delay:
                    later = threading.Timer(self.delay, self._send, (one, reply, peer))
                    later.daemon = True
                    later.start()
                else:
                    one.sendto(reply, peer)

    def _send(self, one: socket.socket, reply: bytes, peer: object) -> None:
        with contextlib.suppress(OSError):  # it may have ended meanwhile
            one.sendto(reply, peer)  # type: ignore[arg-type]

    def datagrams(self, wire: bytes, address: str) -> list[bytes]:
        """Return the datagrams that answer one: one or none unless a subclass overrides it."""
        reply = self._answer(wire, _UDP, address)
        return [] if reply is None else [reply]

    def _serve_streams(self, one: socket.socket, address: str) -> None:
        while not self._ended.is_set():
            try:
                peer, _ = one.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            threading.Thread(
                target=self._serve_connection, args=(peer, address), daemon=True
            ).start()

    def _serve_connection(self, peer: socket.socket, address: str) -> None:
        with peer:
            peer.settimeout(2.0)
            try:
                while not self._ended.is_set():
                    (length,) = struct.unpack("!H", _exactly(peer, 2))
                    reply = self._answer(_exactly(peer, length), _TCP, address)
                    if reply is None:
                        self._ended.wait(10)
                        return
                    time.sleep(self.delay)
                    peer.sendall(struct.pack("!H", len(reply)) + reply)
            except (OSError, EOFError):
                return

    def _answer(self, wire: bytes, transport: str, address: str) -> bytes | None:
        try:
            message = dns.message.from_wire(wire)
        except dns.exception.DNSException:
            return None
        if not message.question:
            return None
        question = Question(message, wire, transport, address)
        with self._lock:
            self.asked.append(question)
            return self.reply(question)


class WrongId(Authoritative):
    """Answers with a different message ID."""

    def encode(self, question: Question, response: dns.message.Message) -> bytes | None:
        response.id ^= 0x5555
        return super().encode(question, response)


class WrongQuestion(Authoritative):
    """Answers a different question from the one asked."""

    def encode(self, question: Question, response: dns.message.Message) -> bytes | None:
        other = dns.name.from_text("other.invalid.")
        response.question = [dns.rrset.RRset(other, dns.rdataclass.IN, question.kind)]
        return super().encode(question, response)


class NoQuestion(Authoritative):
    """Leaves the question section empty."""

    def encode(self, question: Question, response: dns.message.Message) -> bytes | None:
        response.question = []
        return super().encode(question, response)


class Garbage(Authoritative):
    """Sends bytes that are not a DNS message."""

    def reply(self, question: Question) -> bytes | None:
        return question.wire[:2] + b"\xff" * 30


class EmptyDatagram(Authoritative):
    """Sends an empty datagram (over TCP: an empty message)."""

    def reply(self, question: Question) -> bytes | None:  # noqa: ARG002
        return b""


class CutShort(Authoritative):
    """Sends only the first half of a correct answer."""

    def encode(self, question: Question, response: dns.message.Message) -> bytes | None:
        wire = super().encode(question, response)
        return None if wire is None else wire[: len(wire) // 2]


class EchoesQuery(Authoritative):
    """Sends the query back as it came, QR=0."""

    def reply(self, question: Question) -> bytes | None:
        return question.wire


class Silent(Authoritative):
    """Receives and never answers."""

    def reply(self, question: Question) -> bytes | None:  # noqa: ARG002
        return None


class SilentOnUdp(Authoritative):
    """Answers only over TCP."""

    def reply(self, question: Question) -> bytes | None:
        return super().reply(question) if question.transport == _TCP else None


class Slow(Authoritative):
    """Answers correctly, each query after `delay` seconds, however many there are."""

    delay = 1.0


class FirstQueryLost(Authoritative):
    """Loses the first datagram of each query, and answers its repetition."""

    def reply(self, question: Question) -> bytes | None:
        same = (question.name, question.kind, question.address)
        times = sum((q.name, q.kind, q.address) == same for q in self.asked)
        return super().reply(question) if times > 1 else None


class FailsOnce(Authoritative):
    """Answers SERVFAIL to the first query for each NS RRset, and correctly from then on."""

    def respond(self, question: Question) -> dns.message.Message:
        response = super().respond(question)
        before = [q for q in self.asked if (q.name, q.kind) == (question.name, question.kind)]
        if question.kind == dns.rdatatype.NS and len(before) == 1:
            response = dns.message.make_response(question.message)
            response.set_rcode(dns.rcode.SERVFAIL)
        return response


class HidesItsNsSet(Authoritative):
    """Does not answer queries for NS records."""

    def reply(self, question: Question) -> bytes | None:
        return None if question.kind == dns.rdatatype.NS else super().reply(question)


class DeniesAaaa(Authoritative):
    """Answers NXDOMAIN to queries for AAAA records that do not exist."""

    def respond(self, question: Question) -> dns.message.Message:
        response = super().respond(question)
        if question.kind == dns.rdatatype.AAAA and not response.answer:
            response.set_rcode(dns.rcode.NXDOMAIN)
        return response


class AnswersTwice(Authoritative):
    """Sends a datagram with a wrong ID (as an off-path attacker would) before the correct one."""

    def datagrams(self, wire: bytes, address: str) -> list[bytes]:
        right = super().datagrams(wire, address)
        return [bytes([one[0] ^ 0xFF, one[1]]) + one[2:] for one in right if one] + right


class Refusing(Authoritative):
    """Refuses everything: not configured for the zone."""

    rcode: ClassVar[dns.rcode.Rcode] = dns.rcode.REFUSED

    def respond(self, question: Question) -> dns.message.Message:
        response = dns.message.make_response(question.message)
        response.set_rcode(self.rcode)
        return response


class ServFail(Refusing):
    """Answers SERVFAIL: zone not loaded, or expired."""

    rcode = dns.rcode.SERVFAIL


class FormErr(Refusing):
    """Answers FORMERR, whether EDNS was used or not."""

    rcode = dns.rcode.FORMERR


class NotImp(Refusing):
    """Answers NOTIMP."""

    rcode = dns.rcode.NOTIMP


class TruncatesWithoutTcp(Authoritative):
    """Truncates every answer and listens on no TCP port."""

    misses_tcp = True

    def encode(self, question: Question, response: dns.message.Message) -> bytes | None:  # noqa: ARG002
        return truncated(response)


class Truncates(Authoritative):
    """Truncates every datagram; TCP works."""

    def encode(self, question: Question, response: dns.message.Message) -> bytes | None:
        if question.transport == _TCP:
            return super().encode(question, response)
        return truncated(response)


class NoTcp(Authoritative):
    """Listens only on UDP, and is correct there."""

    misses_tcp = True


class SlowTcp(Authoritative):
    """Truncates; accepts TCP connections and never answers on them."""

    def reply(self, question: Question) -> bytes | None:
        if question.transport == _TCP:
            return None
        return truncated(self.respond(question))


class NoEdns(Authoritative):
    """Answers FORMERR without OPT to queries with EDNS, correctly to plain ones."""

    def respond(self, question: Question) -> dns.message.Message:
        if question.message.edns < 0:
            return super().respond(question)
        plain = dns.message.from_wire(question.wire)
        plain.use_edns(-1)
        response = dns.message.make_response(plain)
        response.set_rcode(dns.rcode.FORMERR)
        return response


class DropsEdns(Authoritative):
    """Drops queries with EDNS, as some firewalls do."""

    def reply(self, question: Question) -> bytes | None:
        return super().reply(question) if question.message.edns < 0 else None


class IgnoresEdns(Authoritative):
    """Answers correctly but without OPT: it does not support EDNS, which is allowed."""

    def respond(self, question: Question) -> dns.message.Message:
        response = super().respond(question)
        response.use_edns(-1)
        return response


class FailsWithDo(Authoritative):
    """Answers SERVFAIL to queries with DO, and answers plain ones."""

    rcode = dns.rcode.SERVFAIL

    def respond(self, question: Question) -> dns.message.Message:
        if not wants_signatures(question):
            return super().respond(question)
        response = dns.message.make_response(question.message, our_payload=1232)
        response.set_rcode(self.rcode)
        return response


class DropsDo(Authoritative):
    """Ignores queries with DO, and answers plain ones."""

    def reply(self, question: Question) -> bytes | None:
        return None if wants_signatures(question) else super().reply(question)


class TooLongWithSignatures(Authoritative):
    """Truncates answers with signatures, as if they did not fit, and does not listen on TCP."""

    misses_tcp = True

    def reply(self, question: Question) -> bytes | None:
        if wants_signatures(question):
            return truncated(self.respond(question))
        return super().reply(question)


class CaseSensitive(Authoritative):
    """Finds only lower-case names: answers NXDOMAIN for any other."""

    def respond(self, question: Question) -> dns.message.Message:
        response = super().respond(question)
        name = question.name
        zone = self.zone_of(name)
        if zone is not None and any(label != label.lower() for label in name.labels):
            assert zone.origin is not None
            response.answer = []
            response.flags |= dns.flags.AA
            response.set_rcode(dns.rcode.NXDOMAIN)
            response.authority = [_rrset(zone, zone.origin, dns.rdatatype.SOA)]
        return response


class NodataForCapitals(CaseSensitive):
    """Answers NODATA for names with upper-case letters."""

    def respond(self, question: Question) -> dns.message.Message:
        response = super().respond(question)
        if response.rcode() == dns.rcode.NXDOMAIN:
            response.set_rcode(dns.rcode.NOERROR)
        return response


class CompressionBomb(Authoritative):
    """Truncates, and over TCP sends 64 KiB of names that follow a chain of compression pointers."""

    def reply(self, question: Question) -> bytes | None:
        if question.transport == _TCP:
            return compression_bomb(question.message)
        return truncated(self.respond(question))


class ChaosBeside(Authoritative):
    """Adds records of the classes CH, HS and ANY to every section of its answers."""

    def respond(self, question: Question) -> dns.message.Message:
        response = super().respond(question)
        for section in (response.answer, response.authority, response.additional):
            names = {rrset.name for rrset in section} | {question.name}
            for name in sorted(names):
                section += [_of_class(name, rdclass, kind) for rdclass in _OTHERS for kind in _DATA]
        return response


class RecursiveLooking(Authoritative):
    """Answers as a recursive resolver does: RA=1, AA=0."""

    def respond(self, question: Question) -> dns.message.Message:
        response = super().respond(question)
        response.flags = (response.flags | dns.flags.RA) & ~dns.flags.AA
        return response


class Intercepting(Authoritative):
    """Answers any query, as a resolver that has intercepted it: RA=1, AA=0."""

    def respond(self, question: Question) -> dns.message.Message:
        response = dns.message.make_response(question.message)
        response.flags |= dns.flags.RA
        soa = "a.nic.invalid. h.nic.invalid. 1 1 1 1 1"
        response.authority.append(dns.rrset.from_text("invalid.", 60, "IN", "SOA", soa))
        return response


class InterceptingWithReferrals(Intercepting):
    """Answers RD=0 as some resolvers do, from the cache: with a delegation, RA=1 and AA=0."""

    def respond(self, question: Question) -> dns.message.Message:
        response = dns.message.make_response(question.message)
        response.flags |= dns.flags.RA
        top = dns.name.Name(question.name.labels[-2:])
        if top != dns.name.root:
            response.authority.append(dns.rrset.from_text(top, 60, "IN", "NS", "ns.nic.invalid."))
        return response


class Portal(Authoritative):
    """Answers every name, with AA=1, with the address of a captive portal, and nothing else."""

    def respond(self, question: Question) -> dns.message.Message:
        response = dns.message.make_response(question.message)
        response.flags |= dns.flags.AA | dns.flags.RA
        if question.kind == dns.rdatatype.A:
            response.answer.append(dns.rrset.from_text(question.name, 0, "IN", "A", "10.0.0.1"))
        return response


class UpwardReferral(Authoritative):
    """Refers to the root, as old servers do for zones that they do not serve."""

    def respond(self, question: Question) -> dns.message.Message:
        response = dns.message.make_response(question.message)
        response.authority.append(dns.rrset.from_text(".", 3600, "IN", "NS", "a.root.dns.test."))
        return response


class CaseChanging(Authoritative):
    """Returns the question name in lower case."""

    def encode(self, question: Question, response: dns.message.Message) -> bytes | None:
        lower = dns.name.Name([label.lower() for label in question.name.labels])
        response.question = [dns.rrset.RRset(lower, dns.rdataclass.IN, question.kind)]
        return super().encode(question, response)


class NegativeWithoutSoa(Authoritative):
    """Leaves the SOA out of negative answers."""

    def respond(self, question: Question) -> dns.message.Message:
        response = super().respond(question)
        if not response.answer:
            response.authority = []
        return response


class NxdomainForEverything(Authoritative):
    """Answers NXDOMAIN with authority for names that exist."""

    def respond(self, question: Question) -> dns.message.Message:
        response = super().respond(question)
        zone = self.zone_of(question.name)
        if zone is not None and question.kind == dns.rdatatype.TXT:
            assert zone.origin is not None
            response.answer = []
            response.set_rcode(dns.rcode.NXDOMAIN)
            response.authority = [_rrset(zone, zone.origin, dns.rdatatype.SOA)]
        return response


class NxdomainForEmptyNonTerminal(Authoritative):
    """Answers NXDOMAIN for an empty non-terminal (RFC 8020 forbids that)."""

    def respond(self, question: Question) -> dns.message.Message:
        response = super().respond(question)
        zone = self.zone_of(question.name)
        if zone is not None and zone.get_node(question.name) is None:
            response.set_rcode(dns.rcode.NXDOMAIN)
        return response


class FlipFlop(Authoritative):
    """Alternates TXT answers: present, absent, present (one pool member is behind)."""

    def respond(self, question: Question) -> dns.message.Message:
        response = super().respond(question)
        if question.kind != dns.rdatatype.TXT:
            return response
        asked = sum(
            (q.kind, q.name, q.address) == (question.kind, question.name, question.address)
            for q in self.asked
        )
        zone = self.zone_of(question.name)
        if asked % 2 == 0 and zone is not None:
            assert zone.origin is not None
            response.answer = []
            response.authority = [_rrset(zone, zone.origin, dns.rdatatype.SOA)]
        return response


class Vanishing(Authoritative):
    """Returns the TXT for the first `times` queries, then never again."""

    times = 2

    def respond(self, question: Question) -> dns.message.Message:
        response = super().respond(question)
        texts = sum(q.kind == dns.rdatatype.TXT for q in self.asked)
        zone = self.zone_of(question.name)
        if question.kind == dns.rdatatype.TXT and texts > self.times and zone is not None:
            assert zone.origin is not None
            response.answer = []
            response.authority = [_rrset(zone, zone.origin, dns.rdatatype.SOA)]
        return response


class RateLimiting(Authoritative):
    """Rate-limits responses: datagrams get alternately an empty TC and nothing; TCP works."""

    def reply(self, question: Question) -> bytes | None:
        if question.transport == _TCP:
            return super().reply(question)
        datagrams = sum((q.transport, q.address) == (_UDP, question.address) for q in self.asked)
        return truncated(self.respond(question)) if datagrams % 2 else None


class CnameBesideTxt(Authoritative):
    """Serves a CNAME and the TXT at one name (RFC 2181 §10.1 forbids that)."""

    alias_target = "elsewhere.test."

    def respond(self, question: Question) -> dns.message.Message:
        response = super().respond(question)
        if question.kind == dns.rdatatype.TXT and response.answer:
            response.answer.append(
                dns.rrset.from_text(question.name, 60, "IN", "CNAME", self.alias_target)
            )
        return response


class MultiStringTxt(Authoritative):
    """Splits every TXT into character-strings of at most `length` bytes, which is allowed."""

    length = 7

    def respond(self, question: Question) -> dns.message.Message:
        response = super().respond(question)
        for index, rrset in enumerate(response.answer):
            if rrset.rdtype == dns.rdatatype.TXT:
                split = [self._split(b"".join(rdata.strings)) for rdata in rrset]
                response.answer[index] = dns.rrset.from_text(
                    rrset.name, rrset.ttl, "IN", "TXT", *split
                )
        return response

    def _split(self, value: bytes) -> str:
        pieces = [value[i : i + self.length] for i in range(0, len(value), self.length)]
        return " ".join(f'"{piece.decode("ascii")}"' for piece in pieces)


class WrongOwner(Authoritative):
    """Puts a different owner name on the records of the answer."""

    def respond(self, question: Question) -> dns.message.Message:
        response = super().respond(question)
        other = dns.name.from_text("other.invalid.")
        for index, rrset in enumerate(response.answer):
            response.answer[index] = dns.rrset.from_rdata_list(other, rrset.ttl, list(rrset))
        return response


def wants_signatures(question: Question) -> bool:
    """Return whether a query has DO set."""
    return bool(question.message.ednsflags & dns.flags.DO)


def compression_bomb(query: dns.message.Message) -> bytes:
    """Return a 64 KiB answer: a chain of thousands of pointers, and as many names at its end."""
    header = struct.pack("!HHHHHH", query.id, 0x8400, 1, 2000, 0, 0)
    wire = bytearray(header + query.to_wire()[12:])
    wire = wire[: len(header) + len(query.question[0].name.to_wire() or b"") + 4]
    chain = len(wire) + 11  # in the data of the first record
    pointers = b"".join(
        struct.pack("!H", 0xC000 | (chain + 2 * (number - 1) if number else 12))
        for number in range((0x3F00 - chain) // 2)
    )
    wire += b"\x00" + struct.pack("!HHIH", dns.rdatatype.NULL, 1, 0, len(pointers)) + pointers
    last = struct.pack("!H", 0xC000 | (chain + len(pointers) - 2))
    record = last + struct.pack("!HHIH", dns.rdatatype.A, 1, 0, 4) + b"\x7f\x00\x00\x01"
    while len(wire) + len(record) < 0xFFFF:
        wire += record
    return bytes(wire)


_OTHERS = (dns.rdataclass.CH, dns.rdataclass.HS, dns.rdataclass.ANY)
_DATA = {
    dns.rdatatype.A: b"\x00\x00\x01",  # in CH: a name, and an address in 16 bits
    dns.rdatatype.AAAA: bytes(16),
    dns.rdatatype.NS: b"\x00",
    dns.rdatatype.CNAME: b"\x00",
    dns.rdatatype.SOA: bytes(22),
    dns.rdatatype.TXT: b"\x01x",
}


def _of_class(
    name: dns.name.Name, rdclass: dns.rdataclass.RdataClass, kind: dns.rdatatype.RdataType
) -> dns.rrset.RRset:
    rrset = dns.rrset.RRset(name, rdclass, kind)
    rrset.add(dns.rdata.GenericRdata(rdclass, kind, _DATA[kind]), 60)
    return rrset


def truncated(response: dns.message.Message) -> bytes:
    """Empty an answer and set TC."""
    response.answer, response.authority, response.additional = [], [], []
    response.flags |= dns.flags.TC
    return response.to_wire()


def _rrset(
    zone: dns.zone.Zone, name: dns.name.Name, kind: dns.rdatatype.RdataType
) -> dns.rrset.RRset:
    found = zone.get_rrset(name, kind)
    assert found is not None
    copy = dns.rrset.RRset(name, found.rdclass, found.rdtype)
    copy.update(found)  # type: ignore[no-untyped-call]  # untyped in dnspython
    return copy


def _exactly(peer: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        piece = peer.recv(count - len(data))
        if not piece:
            raise EOFError
        data += piece
    return data


class Branching(Authoritative):
    """Refers every name below its first zone to `width` name servers, each in its own zone cut.

    None has glue, and each of those cuts is referred in the same way.
    """

    width = 100

    def respond(self, question: Question) -> dns.message.Message:
        origin = next(iter(self.zones))
        below = len(question.name.labels) - len(origin.labels)
        if below < 1 or not question.name.is_subdomain(origin):
            return super().respond(question)
        cut = question.name.split(len(origin.labels) + 1)[1]
        response = dns.message.make_response(question.message, our_payload=1232)
        label = cut.labels[0].decode().lower()
        response.authority.append(
            dns.rrset.from_text(
                cut,
                60,
                "IN",
                "NS",
                *(f"ns.{label}-{number}.{origin}" for number in range(self.width)),
            )
        )
        return response
