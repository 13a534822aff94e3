"""How a question is put into a message. Pure but for the letters' case, which chance decides.

A question is asked as a CA's resolver asks it: with EDNS and room for 1232 bytes, with DO, and in
letters whose case is drawn anew each time, which a forger would have to guess. Whether what comes
back is a response to it is for `messages` to say.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace

import dns.flags
import dns.message
import dns.name
import dns.rdatatype

# The payload that fits every path without fragments (DNS flag day 2020).
PAYLOAD = 1232
HEADER = 12  # bytes before the question
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
    message: dns.message.QueryMessage
    wire: bytes
    given: bytes
    sent: bytes


def make_query(name: dns.name.Name, rdtype: dns.rdatatype.RdataType, how: QueryOptions) -> Query:
    """Make the message that asks one question."""
    flags = dns.flags.Flag(0)
    if how.recursion:
        flags |= dns.flags.RD
    if how.checking_disabled:
        flags |= dns.flags.CD
    asked = mixed_case(name) if how.mixed_case else name
    message = dns.message.make_query(
        asked,
        rdtype,
        use_edns=0 if how.edns else False,
        payload=PAYLOAD,
        want_dnssec=how.edns and how.dnssec,
        flags=int(flags),
    )
    message.flags = flags  # releases differ in whether `flags` or RD wins
    wire = message.to_wire()
    given = name.to_wire()
    assert given is not None  # it has not been written to a file
    return Query(name, rdtype, message, wire, given, wire[HEADER : HEADER + len(given)])


def mixed_case(name: dns.name.Name) -> dns.name.Name:
    """Write each letter small or as a capital, by chance; never all of them as they were."""
    letters = [byte for label in name.labels for byte in label if _is_letter(byte)]
    if not letters:
        return name
    while True:
        draws = secrets.randbits(len(letters))
        if draws:
            break
    labels = []
    for label in name.labels:
        mixed = bytearray(label)
        for index, byte in enumerate(label):
            if _is_letter(byte):
                if draws & 1:
                    mixed[index] = byte ^ _UPPER
                draws >>= 1
        labels.append(bytes(mixed))
    return dns.name.Name(labels)


def _is_letter(byte: int) -> bool:
    return 0x61 <= byte | _UPPER <= 0x7A  # noqa: PLR2004 - a to z
