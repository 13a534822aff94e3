"""How a question is put into a message. Pure but for the letters' case, which chance decides.

A question is asked as a CA's resolver asks it: with EDNS and room for 1232 bytes, with DO, and in
letters whose case is drawn anew each time, which a forger would have to guess. Whether what comes
back is a response to it is for `messages` to say.
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
_UPPER = 0x20  # what a small letter of ASCII has more than its capital


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryOptions:
    """How to ask. `timeout` is for one try, in seconds; None takes the exchange's own.

    `edns` False sends plain DNS, `dnssec` sets DO, `mixed_case` draws the case of each letter.
    `tcp` goes straight to TCP; `recursion` sets RD and `checking_disabled` CD, both for recursive
    resolvers only.
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
# What tells why a server fails: without one of the things that a CA's resolver asks with.
EXACT_CASE = replace(SINGLE_TRY, mixed_case=False)
WITHOUT_DNSSEC = replace(EXACT_CASE, dnssec=False)
WITHOUT_EDNS = replace(WITHOUT_DNSSEC, edns=False)
# A resolver asks in its own way whatever it is asked.
RECURSIVE = replace(DEFAULT, recursion=True, dnssec=False, mixed_case=False)


@dataclass(frozen=True, slots=True)
class Query:
    """One question as it is sent. `given` is its name on the wire, `sent` in the letters sent."""

    name: dns.name.Name
    rdtype: dns.rdatatype.RdataType
    identity: int
    wire: bytes
    given: bytes
    sent: bytes


def make_query(name: dns.name.Name, rdtype: dns.rdatatype.RdataType, how: QueryOptions) -> Query:
    """Make the message that asks one question.

    Its bytes are put together here: they are always the same but for the id and the question.
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
    """Write each letter small or as a capital, by chance; never all of them as they were.

    The bytes between labels say how long those are, and never look like letters.
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
