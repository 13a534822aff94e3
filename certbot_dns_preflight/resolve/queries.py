"""Builds the message for a question. Pure, except for the random letter case.

A question looks like one from a CA's resolver: with EDNS and room for 1232 bytes, with DO, and with
a letter case drawn anew each time, which a forger would have to guess. `messages` decides whether
what comes back is a response to it.
"""

from __future__ import annotations

import secrets
import struct
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import dns.name
    import dns.rdatatype

# The payload that fits every path without fragments (DNS flag day 2020).
PAYLOAD = 1232
HEADER = 12  # bytes before the question
_RD, _CD, _DO, _IN = 0x0100, 0x0010, 0x8000, 1
_OPT, _OPT_DO = (struct.pack("!BHHIH", 0, 41, PAYLOAD, do, 0) for do in (0, _DO))
_UPPER = 0x20  # the bit that makes an ASCII letter lower case


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryOptions:
    """How to ask. `timeout` is for one try, in seconds; None uses the exchange's own.

    `edns` False sends plain DNS, `dnssec` sets DO, `mixed_case` randomises the case of each letter.
    `tcp` goes straight to TCP; `recursion` sets RD and `checking_disabled` sets CD, both for
    recursive resolvers only.
    """

    tries: int = 2
    timeout: float | None = None
    edns: bool = True
    dnssec: bool = True
    mixed_case: bool = True
    tcp: bool = False
    recursion: bool = False
    checking_disabled: bool = False


DEFAULT = QueryOptions()
SINGLE_TRY = replace(DEFAULT, tries=1)
# These show why a server fails: each drops one thing that a CA's resolver sends.
EXACT_CASE = replace(SINGLE_TRY, mixed_case=False)
WITHOUT_DNSSEC = replace(EXACT_CASE, dnssec=False)
WITHOUT_EDNS = replace(WITHOUT_DNSSEC, edns=False)
# A resolver asks upstream in its own way, however it is asked.
RECURSIVE = replace(DEFAULT, recursion=True, dnssec=False, mixed_case=False)


@dataclass(frozen=True, slots=True)
class Query:
    """One question as sent. `given` is its name on the wire, `sent` the same in the case sent."""

    name: dns.name.Name
    rdtype: dns.rdatatype.RdataType
    identity: int
    wire: bytes
    given: bytes
    sent: bytes


def make_query(name: dns.name.Name, rdtype: dns.rdatatype.RdataType, how: QueryOptions) -> Query:
    """Build the message that asks one question.

    Its bytes are assembled here: apart from the ID and the question, they are always the same.
    """
    given = b"".join(bytes((len(label),)) + label for label in name.labels)
    sent = _mixed_case(given) if how.mixed_case else given
    identity = secrets.randbits(16)
    flags = (_RD if how.recursion else 0) | (_CD if how.checking_disabled else 0)
    header = struct.pack("!HHHHHH", identity, flags, 1, 0, 0, 1 if how.edns else 0)
    opt = (_OPT_DO if how.dnssec else _OPT) if how.edns else b""
    wire = b"".join((header, sent, struct.pack("!HH", rdtype, _IN), opt))
    return Query(name, rdtype, identity, wire, given, sent)


def _mixed_case(name: bytes) -> bytes:
    """Randomise the case of each letter; at least one always changes.

    The length bytes between labels never look like letters.
    """
    letters = [index for index, byte in enumerate(name) if _is_letter(byte)]
    if not letters:
        return name
    draws = 0
    while not draws:
        draws = secrets.randbits(len(letters))
    mixed = bytearray(name)
    for number, index in enumerate(letters):
        if draws >> number & 1:
            mixed[index] ^= _UPPER
    return bytes(mixed)


def _is_letter(byte: int) -> bool:
    return 0x61 <= byte | _UPPER <= 0x7A  # noqa: PLR2004 - a to z
