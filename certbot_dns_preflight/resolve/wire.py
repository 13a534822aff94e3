"""Checks the bytes of a message against bounds before anything parses it. Pure.

Compression lets 64 KiB stand for megabytes of names, and a parser that follows every pointer takes
seconds for them. A message beyond a bound does not count as an answer; no honest one comes near.
`docs/reference/limits.md` has the figures. Also leaves out name servers and their addresses where
nobody reads them, which may be most of a message.
"""

from __future__ import annotations

import contextlib
import struct
from dataclasses import dataclass

import dns.rdataclass
from dns.rdatatype import RdataType as Type

MOST_RECORDS = 2048
"""Records in one message, all sections together."""
MOST_POINTERS = 8192
"""Compression pointers that are followed in one message."""
MOST_POINTERS_A_NAME = 127
"""Compression pointers in one name: each must lead to a label at least, and a name has so many."""
MOST_NAME_BYTES = 1 << 18
"""Bytes of all names of a message, written out."""
MOST_STRINGS = 4096
"""Strings in all records that are made of them."""
LARGE = 1500
"""Bytes from which on a message is parsed beside the event loop."""

_IN = dns.rdataclass.IN
_HEADER = 12
_AUTHORITY = 8  # where the header counts the records of the authority section
_LONGEST_NAME = 255
_POINTER, _LABEL = 0xC0, 0x40

# Where names begin in the RDATA of a type, and how many follow in a row.
_NAMES = {
    **dict.fromkeys(
        (Type.NS, Type.MD, Type.MF, Type.CNAME, Type.MB, Type.MG, Type.MR, Type.PTR, Type.DNAME),
        (0, 1),
    ),
    **dict.fromkeys((Type.NSEC, Type.NXT, Type.TKEY, Type.TSIG), (0, 1)),
    **dict.fromkeys((Type.SOA, Type.RP, Type.MINFO), (0, 2)),
    **dict.fromkeys((Type.MX, Type.AFSDB, Type.RT, Type.KX, Type.SVCB, Type.HTTPS), (2, 1)),
    Type.PX: (2, 2),
    Type.SRV: (6, 1),
    **dict.fromkeys((Type.RRSIG, Type.SIG), (18, 1)),
}
_NAMELESS = frozenset(
    {
        *(Type.A, Type.AAAA, Type.CAA, Type.OPT, Type.HINFO, Type.LOC),
        *(Type.DS, Type.CDS, Type.DNSKEY, Type.CDNSKEY, Type.NSEC3, Type.NSEC3PARAM, Type.KEY),
        *(Type.TLSA, Type.SSHFP, Type.CERT, Type.URI, Type.ZONEMD, Type.OPENPGPKEY, Type.NULL),
    }
)
_SIZES = {Type.A: 4, Type.AAAA: 16}
_OF_STRINGS = frozenset({Type.TXT, Type.SPF, Type.AVC, Type.NINFO})


class OutOfBoundsError(ValueError):
    """The message would cost too much to parse; the text says what it has too much of."""


@dataclass(frozen=True, slots=True)
class Record:
    """Where a record of the authority or additional section begins and ends.

    `is_server`: it is a well-formed NS record of the authority section, or address of the
    additional section.
    """

    begin: int
    end: int
    rdtype: int
    is_additional: bool
    is_server: bool


def check_bounds(wire: bytes) -> tuple[Record, ...]:
    """Raise `OutOfBoundsError` for a message beyond the bounds of this module.

    Returns the records after the answer section, none if anything is malformed. That is left to the
    parser, which stops where this function stops, at the latest.
    """
    if len(wire) < _HEADER:
        return ()
    questions, *records = struct.unpack_from("!HHHH", wire, 4)
    if questions + sum(records) > MOST_RECORDS:
        raise OutOfBoundsError(f"more than {MOST_RECORDS} records")
    names = _Names(wire)
    behind: list[Record] = []
    authority, additional = records[0], sum(records[:2])
    try:
        at = _HEADER
        for _ in range(questions):
            at = names.follow(at) + 4
        for number in range(sum(records)):
            begin = at
            at = names.follow(at)
            rdtype, rdclass, _, length = struct.unpack_from("!HHIH", wire, at)
            at += 10
            end = names.follow_data(rdtype, rdclass, at, length)
            if number >= authority:
                fits = end == at + length if number < additional else length == _SIZES.get(rdtype)
                is_server = (
                    length > 0
                    and fits
                    and rdclass == _IN
                    and (rdtype == Type.NS or number >= additional)
                )
                behind.append(Record(begin, at + length, rdtype, number >= additional, is_server))
            at += length
    except (IndexError, struct.error):
        return ()
    return tuple(behind) if at == len(wire) and names.point_back else ()


def without_servers(wire: bytes, behind: tuple[Record, ...]) -> bytes:
    """Leave out the name servers beside an answer and their addresses.

    That is done if nothing follows them but an OPT record, so that no name points to one of them.
    """
    first = next((number for number, one in enumerate(behind) if one.is_server), len(behind))
    rest = [one for one in behind[first:] if not one.is_server]
    if first == len(behind) or any(one.rdtype != Type.OPT for one in rest):
        return wire
    kept = [*behind[:first], *rest]
    additional = sum(one.is_additional for one in kept)
    counts = struct.pack("!HH", len(kept) - additional, additional)
    head = wire[:_AUTHORITY] + counts + wire[_HEADER : behind[first].begin]
    return head + b"".join(wire[one.begin : one.end] for one in rest)


class _Names:
    """Follows names through a message, and counts the cost."""

    def __init__(self, wire: bytes) -> None:
        self._wire = wire
        self._pointers = 0
        self._bytes = 0
        self._strings = 0
        self.point_back = True
        """Whether every pointer leads to a place before the name, as it must."""

    def follow(self, at: int) -> int:
        """Follow the name at an offset; return the offset after it."""
        wire = self._wire
        behind, before = -1, at
        length = pointers = 0
        self._bytes += 1  # for the root label
        while count := wire[at]:
            if count >= _POINTER:
                if behind < 0:
                    behind = at + 2
                at = (count - _POINTER) << 8 | wire[at + 1]
                self.point_back &= at < before
                before = at
                pointers += 1
                self._pointers += 1
                if pointers > MOST_POINTERS_A_NAME:
                    raise OutOfBoundsError(f"more than {MOST_POINTERS_A_NAME} pointers in a name")
            elif count >= _LABEL:
                raise IndexError  # no such label type
            else:
                length += count + 1
                self._bytes += count + 1
                at += count + 1
                if length > _LONGEST_NAME:
                    raise OutOfBoundsError(f"a name of more than {_LONGEST_NAME} bytes")
        self._check()
        return behind if behind >= 0 else at + 1

    def follow_data(self, rdtype: int, rdclass: int, at: int, length: int) -> int:
        """Follow the names in a record's RDATA, or everything there that might be a name.

        Returns the offset after the last name, or `at` if there are none that are known.
        """
        if rdclass == _IN or rdtype == Type.OPT:
            if rdtype in _NAMELESS:
                return at
            if rdtype in _OF_STRINGS:
                self._count_strings(at, min(at + length, len(self._wire)))
                return at
            if rdtype in _NAMES:
                offset, count = _NAMES[Type(rdtype)]
                begin = at + offset
                for _ in range(count):
                    if begin >= at + length:
                        break
                    begin = self.follow(begin)
                return begin
        for begin in range(at, min(at + length, len(self._wire))):
            if self._wire[begin] >= _POINTER:
                self._maybe_follow(begin)
        return at

    def _maybe_follow(self, at: int) -> None:
        # A bad pointer has still cost the work done up to there.
        with contextlib.suppress(IndexError):
            self.follow(at)
        self._check()

    def _count_strings(self, at: int, end: int) -> None:
        while at < end:
            at += self._wire[at] + 1
            self._strings += 1
        self._check()

    def _check(self) -> None:
        if self._pointers > MOST_POINTERS:
            raise OutOfBoundsError(f"more than {MOST_POINTERS} compression pointers")
        if self._bytes > MOST_NAME_BYTES:
            raise OutOfBoundsError(f"more than {MOST_NAME_BYTES} bytes of names")
        if self._strings > MOST_STRINGS:
            raise OutOfBoundsError(f"more than {MOST_STRINGS} strings")
