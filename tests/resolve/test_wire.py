"""The bounds of a message: what is over one is refused before it is parsed, and nothing else is."""

from __future__ import annotations

import contextlib
import struct

import dns.flags
import dns.message
import dns.name
import dns.rdatatype
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from certbot_dns_preflight.resolve import messages, wire
from certbot_dns_preflight.resolve.messages import Match, Mismatch
from certbot_dns_preflight.resolve.queries import DEFAULT, make_query
from certbot_dns_preflight.resolve.wire import OutOfBoundsError, check_bounds
from tests.lab.misbehaving import compression_bomb

NAME = dns.name.from_text("_acme-challenge.example.test.")


def response(*records: str) -> dns.message.Message:
    message = dns.message.make_response(dns.message.make_query(NAME, "TXT"))
    message.answer = [dns.rrset.from_text(*record.split(" ", 4)) for record in records]
    return message


def packed(*records: bytes) -> bytes:
    """Put raw records behind a question for NAME; offset 12 is that name."""
    question = (NAME.to_wire() or b"") + struct.pack("!HH", dns.rdatatype.TXT, 1)
    return struct.pack("!HHHHHH", 1, 0x8400, 1, len(records), 0, 0) + question + b"".join(records)


def record(owner: bytes, rdtype: dns.rdatatype.RdataType, data: bytes, rdclass: int = 1) -> bytes:
    return owner + struct.pack("!HHIH", rdtype, rdclass, 0, len(data)) + data


POINTER = b"\xc0\x0c"


@pytest.mark.parametrize(
    "message",
    [
        response(*(f"{NAME} 60 IN TXT {'x' * 43}{number}" for number in range(1000))),
        response(
            *(f"example.test. 60 IN NS ns{number}.example.test." for number in range(100)),
            *(f"ns{number}.example.test. 60 IN A 192.0.2.{number}" for number in range(100)),
            *(f"ns{number}.example.test. 60 IN AAAA 2001:db8::{number}" for number in range(100)),
        ),
        response(
            *(f"{NAME} 60 IN A 192.0.{number // 256}.{number % 256}" for number in range(1500))
        ),
        response(f"{NAME} 60 IN TXT {' '.join('x' * 250 for _ in range(200))}"),
    ],
)
def test_large_but_honest_messages_are_within_the_bounds(message: dns.message.Message) -> None:
    check_bounds(message.to_wire(max_size=65535))


def test_too_many_records_are_refused() -> None:
    most = wire.MOST_RECORDS - 1  # the question counts too
    one = record(POINTER, dns.rdatatype.A, b"\x7f\x00\x00\x01")
    check_bounds(packed(*[one] * most))
    with pytest.raises(OutOfBoundsError, match=f"more than {wire.MOST_RECORDS} records"):
        check_bounds(packed(*[one] * (most + 1)))


def chain(length: int) -> bytes:
    """Make a record in whose data so many pointers lead one to the other, to the question."""
    start = len(packed()) + 11
    pointers = [
        0xC00C if number == 0 else 0xC000 | (start + 2 * (number - 1)) for number in range(length)
    ]
    data = b"".join(struct.pack("!H", pointer) for pointer in pointers)
    return record(b"\x00", dns.rdatatype.NULL, data)


@pytest.mark.parametrize(
    ("rdtype", "before"),
    [
        (dns.rdatatype.NS, 0),
        (dns.rdatatype.CNAME, 0),
        (dns.rdatatype.MX, 2),
        (dns.rdatatype.SRV, 6),
        (dns.rdatatype.RRSIG, 18),
        (dns.rdatatype.NAPTR, 7),
        (dns.rdatatype.HIP, 8),
        (dns.rdatatype.RdataType(65280), 3),
    ],
)
def test_a_long_chain_of_pointers_is_refused_wherever_it_is(
    rdtype: dns.rdatatype.RdataType, before: int
) -> None:
    for length, refused in ((wire.MOST_POINTERS_A_NAME - 1, False), (200, True)):
        first = chain(length)
        end = len(packed()) + 11 + 2 * (length - 1)
        name = struct.pack("!H", 0xC000 | end)
        with pytest.raises(OutOfBoundsError) if refused else contextlib.nullcontext():
            check_bounds(packed(first, record(POINTER, rdtype, bytes(before) + name)))


def test_the_owner_of_a_chaos_address_is_a_name_too() -> None:
    first = chain(200)
    data = struct.pack("!H", 0xC000 | (len(packed()) + 11 + 2 * 199)) + b"\x00\x01"
    with pytest.raises(OutOfBoundsError):
        check_bounds(packed(first, record(POINTER, dns.rdatatype.A, data, rdclass=3)))


def test_many_pointers_are_refused_also_where_each_chain_is_short() -> None:
    first = chain(100)
    name = struct.pack("!H", 0xC000 | (len(packed()) + 11 + 2 * 99))
    one = record(name, dns.rdatatype.A, b"\x7f\x00\x00\x01")
    with pytest.raises(OutOfBoundsError, match="compression pointers"):
        check_bounds(packed(first, *[one] * 100))


def test_the_bytes_of_all_names_are_bounded() -> None:
    label = b"\x3f" + b"x" * 63
    longest = label * 3 + b"\x3d" + b"x" * 61 + b"\x00"
    first = record(longest, dns.rdatatype.A, b"\x7f\x00\x00\x01")
    name = struct.pack("!H", 0xC000 | len(packed()))
    again = record(name, dns.rdatatype.A, b"\x7f\x00\x00\x01")
    check_bounds(packed(first, *[again] * 1000))
    with pytest.raises(OutOfBoundsError, match="bytes of names"):
        check_bounds(packed(first, *[again] * 1100))


def test_the_strings_of_all_records_are_bounded() -> None:
    one = record(POINTER, dns.rdatatype.TXT, b"\x00" * 64)
    most = wire.MOST_STRINGS // 64
    check_bounds(packed(*[one] * most))
    with pytest.raises(OutOfBoundsError, match="strings"):
        check_bounds(packed(*[one] * (most + 1)))


def test_names_that_lead_nowhere_cost_as_much_as_they_are_followed() -> None:
    """In data of a type that nobody knows, whatever may be a name is followed."""
    labels = b"\x01a" * 120 + b"\x80"
    at = len(packed()) + 11
    data = labels + struct.pack("!H", 0xC000 | at) * 2000
    with pytest.raises(OutOfBoundsError, match="bytes of names"):
        check_bounds(packed(record(b"\x00", dns.rdatatype.RdataType(65280), data)))


def test_of_an_answer_to_something_else_nothing_but_the_question_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read: list[bool] = []
    real = dns.message.from_wire

    def from_wire(data: bytes, *, question_only: bool = False, **more: object) -> object:
        read.append(question_only)
        return real(data, question_only=question_only, **more)  # type: ignore[arg-type]

    query = make_query(NAME, dns.rdatatype.TXT, DEFAULT)
    other = dns.message.make_query("other.test.", "TXT", id=query.identity)
    response = dns.message.make_response(other)
    response.answer = [dns.rrset.from_text("other.test.", 60, "IN", "TXT", *["v"] * 9)]
    monkeypatch.setattr(messages.dns.message, "from_wire", from_wire)
    matched = messages.match_response(response.to_wire(), query)
    assert isinstance(matched, Mismatch)
    assert matched.what.startswith("the reply does not match the query: it is for other.test. TXT")
    assert read == [True]


def test_sections_are_kept_as_far_as_anybody_may_read_them() -> None:
    query = make_query(NAME, dns.rdatatype.TXT, DEFAULT)
    response = dns.message.make_response(dns.message.from_wire(query.wire))
    response.additional = [
        dns.rrset.from_text(f"n{number}.test.", 60, "IN", "A", "192.0.2.1") for number in range(999)
    ]
    matched = messages.match_response(response.to_wire(max_size=65535), query)
    assert isinstance(matched, messages.Match)
    assert len(matched.message.additional) == messages.MOST_RRSETS


def test_a_name_that_is_too_long_is_refused() -> None:
    label = b"\x3f" + b"x" * 63
    with pytest.raises(OutOfBoundsError, match="255 bytes"):
        check_bounds(packed(record(label * 4 + b"\x00", dns.rdatatype.A, b"\x7f\x00\x00\x01")))


def test_a_bomb_is_refused_before_it_is_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    def parse(*_: object, **__: object) -> None:
        raise AssertionError

    query = make_query(NAME, dns.rdatatype.TXT, DEFAULT)
    bomb = compression_bomb(dns.message.from_wire(query.wire))
    assert len(bomb) > 65000
    monkeypatch.setattr(messages.dns.message, "from_wire", parse)
    matched = messages.match_response(bomb, query)
    assert isinstance(matched, Mismatch)
    assert matched.what == ("the reply is too costly to read: more than 127 pointers in a name")


def test_what_is_refused_has_cost_little() -> None:
    """However a bomb is built, no more names are followed than the bounds say."""
    query = dns.message.make_query(NAME, "TXT")
    names = wire._Names(compression_bomb(query))
    with contextlib.suppress(OutOfBoundsError):
        for _ in range(1 << 20):
            names.follow(12)
    assert names._pointers <= wire.MOST_POINTERS
    assert names._bytes <= wire.MOST_NAME_BYTES + 255


@given(st.binary(max_size=600))
def test_no_bytes_raise_anything_else(data: bytes) -> None:
    with contextlib.suppress(OutOfBoundsError):
        check_bounds(data)
    with contextlib.suppress(OutOfBoundsError):
        check_bounds(packed() + data)
    with contextlib.suppress(OutOfBoundsError):
        check_bounds(packed(data))


@given(st.binary(max_size=300))
def test_whatever_comes_is_a_match_or_a_mismatch(data: bytes) -> None:
    query = make_query(NAME, dns.rdatatype.TXT, DEFAULT)
    for start in (b"", query.wire[:2] + b"\x84\x00", query.wire[:2] + b"\x84" + query.wire[3:]):
        assert isinstance(messages.match_response(start + data, query), Match | Mismatch)


def test_flags_of_a_response_survive_the_change_of_its_question() -> None:
    query = make_query(NAME, dns.rdatatype.TXT, DEFAULT)
    message = dns.message.make_response(dns.message.from_wire(query.wire))
    message.flags |= dns.flags.AA
    matched = messages.match_response(message.to_wire(), query)
    assert isinstance(matched, Match)
    assert matched.exact
    assert matched.message.flags & dns.flags.AA
    assert matched.message.question[0].name.labels == NAME.labels
