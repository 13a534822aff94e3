"""Zones whose servers mean harm: whoever looks at one is to be kept busy, or made large or late.

Each attack is a zone of its own in the lab; its servers run in this process, and what they send is
made once, so that they are fast. `ATTACKS` has them by name.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import struct
from typing import TYPE_CHECKING

import dns.flags
import dns.message
import dns.name
import dns.rdatatype

from tests.lab import zone_text
from tests.lab.misbehaving import (
    Authoritative,
    Branching,
    CompressionBomb,
    Question,
    SlowTcp,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tests.lab import Lab

    Body = tuple[int, int, int, bytes]
    """Records of answer, authority and additional section, and their bytes."""
    Attack = Callable[[Lab], contextlib.AbstractContextManager[list[str]]]

_ADDRESSES = 20
_LARGEST = 65_000
_QUESTION = b"\xc0\x0c"
_RESPONSE, _AUTHORITATIVE, _TRUNCATED = 0x8000, 0x0400, 0x0200


class Prepared(Authoritative):
    """Answers questions of some types with a body that is made once for each address."""

    def __init__(
        self,
        addresses: list[str],
        zones: Mapping[str, str],
        bodies: Mapping[dns.rdatatype.RdataType, Callable[[int], Body]],
    ) -> None:
        super().__init__(addresses, zones)
        self._numbers = {address: number for number, address in enumerate(addresses)}
        self._bodies = {rdtype: functools.cache(make) for rdtype, make in bodies.items()}

    def reply(self, question: Question) -> bytes | None:
        """Answer in the letters that were asked in; over UDP say that it takes TCP."""
        make = self._bodies.get(question.kind)
        if make is None:
            return super().reply(question)
        asked = question.message.question[0].name.to_wire()
        answers, authority, additional, body = make(self._numbers[question.address])
        flags = _RESPONSE | _AUTHORITATIVE
        if question.transport == "udp":
            answers, authority, additional, body = 0, 0, 0, b""
            flags |= _TRUNCATED
        counts = struct.pack("!HHHHH", flags, 1, answers, authority, additional)
        end = 12 + len(asked) + 4
        return question.wire[:2] + counts + question.wire[12:end] + body


def record(rdtype: int, data: bytes, owner: bytes = _QUESTION, rdclass: int = 1) -> bytes:
    """Write a record, of the name that was asked for unless another is given."""
    return owner + struct.pack("!HHIH", rdtype, rdclass, 60, len(data)) + data


def _strings(value: bytes) -> bytes:
    pieces = [value[at : at + 255] for at in range(0, len(value), 255)]
    return b"".join(bytes([len(piece)]) + piece for piece in pieces)


def _filled(make: Callable[[int], bytes], *, most: int = 2000) -> tuple[int, bytes]:
    """Put as many records as a message has room for side by side."""
    records: list[bytes] = []
    size = 0
    for number in range(most):
        one = make(number)
        if size + len(one) > _LARGEST:
            break
        records.append(one)
        size += len(one)
    return len(records), b"".join(records)


def _value(*parts: object) -> bytes:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:43].encode()


def values(server: int) -> Body:
    """Very many values, as of many orders; other ones at each address."""
    count, body = _filled(lambda n: record(dns.rdatatype.TXT, _strings(_value(server, n))))
    return count, 0, 0, body


def similar_values(server: int) -> Body:
    """Very many values that have much in common, and nearly all of what is expected."""
    text = f"{server:02}{'Qr' * 18}".encode()
    count, body = _filled(lambda n: record(dns.rdatatype.TXT, _strings(text + b"%05d" % n)))
    return count, 0, 0, body


def long_values(server: int) -> Body:
    """Values as long as anything that is compared byte by byte."""
    count, body = _filled(
        lambda n: record(dns.rdatatype.TXT, _strings((b"%02d%d" % (server, n) + b"aB") * 1990))
    )
    return count, 0, 0, body


def blank_values(server: int) -> Body:
    """One value of blanks and quotes alone."""
    data = _strings(b"%d" % server + b' "' * 32_000)
    return 1, 0, 0, record(dns.rdatatype.TXT, data)


def properties(server: int) -> Body:
    """CAA in thousands, with parameters that do not end."""
    value = b"\x00\x05issue" + b"ca.example.net;" + b"a=b;" * 20 + b"%02d" % server
    count, body = _filled(lambda n: record(dns.rdatatype.CAA, value + b"%04d" % n))
    return count, 0, 0, body


def servers(server: int) -> Body:
    """A thousand name servers, and an address for each."""
    count, body = _filled(
        lambda n: record(dns.rdatatype.NS, b"\x08n%07d" % (server * 10_000 + n) + _QUESTION),
        most=1000,
    )
    return count, 0, 0, body


def pointers_within_bounds(server: int) -> Body:
    """As many pointers as are let in, and names as long."""
    label = b"\x3f" + b"x" * 63
    longest = record(dns.rdatatype.TXT, b"\x00", owner=label * 3 + b"\x00")
    at = struct.pack("!H", 0xC000 | (12 + 30))
    count, body = _filled(
        lambda n: record(dns.rdatatype.MX, b"\x00%c" % (n % 250) + at, owner=at), most=1000
    )
    return 1, 0, count, longest + body + b"" * server


def denials(server: int) -> Body:
    """NXDOMAIN beside thousands of records that might prove it."""
    del server
    count, body = _filled(
        lambda n: record(
            dns.rdatatype.NSEC3,
            b"\x01\x00\x00\x96\x00\x14" + hashlib.sha1(b"%d" % n).digest() + b"\x00\x01\x40",  # noqa: S324
            owner=b"\x08%08d" % n + _QUESTION,
        )
    )
    return 0, count, 0, body


@contextlib.contextmanager
def _served(
    lab: Lab,
    label: str,
    bodies: Mapping[dns.rdatatype.RdataType, Callable[[int], Body]],
    *,
    names: tuple[str, ...] = ("",),
) -> Iterator[list[str]]:
    """A zone of ten name servers with two addresses each, all hostile in one way."""
    origin = f"{label}.test."
    addresses: list[str] = []
    hosts = []
    for number in range(_ADDRESSES // 2):
        pair = lab.addresses()
        addresses += pair
        hosts.append(f"{label}{number}.dns.test.")
        lab.name_addresses(hosts[-1], pair)
    lab.delegate(origin, hosts)
    records = "_acme-challenge TXT v\n*.a TXT v\n"
    with Prepared(addresses, {origin: zone_text(origin, hosts, records)}, bodies):
        yield [f"{name}{label}.test" for name in names]
    lab.undelegate(origin)


@contextlib.contextmanager
def _spoiled(lab: Lab, label: str, kind: type[Authoritative]) -> Iterator[list[str]]:
    origin, host, pair = f"{label}.test.", f"{label}.dns.test.", lab.addresses()
    lab.name_addresses(host, pair)
    lab.delegate(origin, [host])
    with kind(pair, {origin: zone_text(origin, [host], "_acme-challenge TXT v\n")}):
        below = "www." if kind is Branching else ""
        yield [f"{below}{label}.test"]
    lab.undelegate(origin)


@contextlib.contextmanager
def _two_thousand_addresses(lab: Lab) -> Iterator[list[str]]:
    """Twenty name servers with a hundred addresses each; nobody is there."""
    pair = lab.addresses()
    lab.name_addresses("crowded.dns.test.", pair)
    hosts = [f"ns{number}.crowded.test." for number in range(20)]
    records = "_acme-challenge TXT v\n" + "".join(
        f"{host} A 127.78.{number}.{last}\n"
        for number, host in enumerate(hosts)
        for last in range(1, 101)
    )
    lab.delegate("crowded.test.", ["crowded.dns.test."])
    with Authoritative(pair, {"crowded.test.": zone_text("crowded.test.", hosts, records)}):
        yield ["crowded.test"]
    lab.undelegate("crowded.test.")


class Flooding(Authoritative):
    """Sends sixty large datagrams that are answers to something else, and never the right one."""

    def datagrams(self, wire: bytes, address: str) -> list[bytes]:
        """Have the right id, and the wrong name."""
        del address
        count, body = _filled(lambda n: record(dns.rdatatype.TXT, _strings(_value(n))), most=900)
        counts = struct.pack("!HHHHH", _RESPONSE | _AUTHORITATIVE, 1, count, 0, 0)
        other = b"\x05other\x00" + wire[-4:]
        return [wire[:2] + counts + other + body[:60_000]] * 60


ATTACKS: dict[str, Attack] = {
    "compression bombs": lambda lab: _spoiled(lab, "bombs", CompressionBomb),
    "pointers within the bounds": lambda lab: _served(
        lab, "pointers", dict.fromkeys(_TYPES, pointers_within_bounds)
    ),
    "1,000 values at 20 addresses": lambda lab: _served(lab, "values", {_TXT: values}),
    "the same at 20 names": lambda lab: _served(
        lab, "names", {_TXT: values}, names=tuple(f"n{number}." for number in range(20))
    ),
    "values that are alike": lambda lab: _served(lab, "alike", {_TXT: similar_values}),
    "values of 8,000 bytes": lambda lab: _served(lab, "long", {_TXT: long_values}),
    "blanks and quotes": lambda lab: _served(lab, "blank", {_TXT: blank_values}),
    "CAA in thousands": lambda lab: _served(lab, "properties", {_CAA: properties}),
    "1,000 name servers": lambda lab: _served(lab, "servers", {_NS: servers}),
    "NSEC3 in thousands": lambda lab: _served(lab, "denials", dict.fromkeys(_TYPES, denials)),
    "referrals without glue": lambda lab: _spoiled(lab, "branches", Branching),
    "2,000 addresses": _two_thousand_addresses,
    "floods of strays": lambda lab: _spoiled(lab, "floods", Flooding),
    "a slow TCP server": lambda lab: _spoiled(lab, "drips", SlowTcp),
}
_TXT, _CAA, _NS = dns.rdatatype.TXT, dns.rdatatype.CAA, dns.rdatatype.NS
_TYPES = (_TXT, _CAA, dns.rdatatype.A, dns.rdatatype.AAAA, dns.rdatatype.DS, dns.rdatatype.DNSKEY)
