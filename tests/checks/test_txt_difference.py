"""How values differ: exact, for any bytes, and fast at the largest sizes DNS allows."""

from __future__ import annotations

import base64
import hashlib
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certbot_dns_preflight.checks import edit_distance as distances
from certbot_dns_preflight.checks import txt_difference
from certbot_dns_preflight.checks.txt_difference import (
    MOST_COMPARED,
    Kind,
    compare,
    edit_distance,
    kind_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable

EXPECTED = b"gfj9Xq8kZ2mT4vB7nR1sL0pW6yD3hC5aE9uG2iK8oJg"
KEY_AUTHORIZATION = (
    b"evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA.nP1qzpXGymHBrUEepNY9HCsQk7K8KhOypzEt62jcerQ"
)
DIGEST = base64.urlsafe_b64encode(hashlib.sha256(KEY_AUTHORIZATION).digest()).rstrip(b"=")

digests = st.binary(min_size=32, max_size=32).map(
    lambda data: base64.urlsafe_b64encode(data).rstrip(b"=")
)


def plain_distance(left: bytes, right: bytes) -> int:
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        previous, row[0] = row[0], i
        for j, b in enumerate(right, 1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (a != b))
    return row[-1]


@given(st.binary(max_size=90), st.binary(max_size=90))
def test_the_distance_is_levenshteins(left: bytes, right: bytes) -> None:
    assert edit_distance(left, right) == plain_distance(left, right)


@given(st.text("ab", max_size=70), st.text("ab", max_size=70))
def test_the_distance_is_levenshteins_for_similar_values(left: str, right: str) -> None:
    assert edit_distance(left.encode(), right.encode()) == plain_distance(
        left.encode(), right.encode()
    )


def test_the_distance_of_two_huge_unlike_values_is_not_measured() -> None:
    assert edit_distance(b"a" * 60_000, b"b" * 60_000) is None
    assert edit_distance(b"a" * 60_000 + b"x", b"a" * 60_000) == 1


@pytest.mark.parametrize(
    ("served", "kind"),
    [
        (b'"' + EXPECTED + b'"', Kind.QUOTED),
        (b'\\"' + EXPECTED + b'\\"', Kind.QUOTED),
        (b"'" + EXPECTED + b"'", Kind.QUOTED),
        ("\N{LEFT DOUBLE QUOTATION MARK}".encode() + EXPECTED, Kind.QUOTED),
        (b'"' + EXPECTED[:20] + b'" "' + EXPECTED[20:] + b'"', Kind.QUOTED),
        (EXPECTED + b" ", Kind.WHITESPACE),
        (b"\t" + EXPECTED + b"\r\n", Kind.WHITESPACE),
        (EXPECTED[:9] + b" " + EXPECTED[9:], Kind.WHITESPACE),
        (EXPECTED + "\N{NO-BREAK SPACE}".encode(), Kind.WHITESPACE),
        (EXPECTED.lower(), Kind.CASE),
        (EXPECTED.swapcase(), Kind.CASE),
        (EXPECTED[:-1], Kind.TRUNCATED),
        (EXPECTED[1:], Kind.TRUNCATED),
        (EXPECTED[:8], Kind.TRUNCATED),
        (EXPECTED[:3], None),
        (EXPECTED.replace(b"L0p", b"LOp"), Kind.TYPO),
        (EXPECTED.replace(b"L0", b"0L"), Kind.TYPO),
        (EXPECTED + b"=", Kind.TYPO),
        (EXPECTED[:5] + EXPECTED[6:], Kind.TYPO),
        (b"record.other.test.", Kind.HOSTNAME),
        (b"_acme-challenge.other.test", Kind.HOSTNAME),
        (b"v=spf1 -all", None),
        (KEY_AUTHORIZATION, None),
        (b"", None),
        (b"\xff\xfe\x00\x1b[2J", None),
        (EXPECTED, None),
    ],
)
def test_the_kind_of_mangling(served: bytes, kind: Kind | None) -> None:
    assert kind_of(served, EXPECTED) is kind


def test_a_key_authorization_in_place_of_its_digest() -> None:
    pair = compare([DIGEST], [KEY_AUTHORIZATION]).nearest
    assert pair is not None
    assert pair.kind is Kind.KEY_AUTHORIZATION
    assert not pair.foreign_key_authorization


def test_the_key_authorization_of_another_challenge_is_recognised() -> None:
    pair = compare([EXPECTED], [KEY_AUTHORIZATION]).nearest
    assert pair is not None
    assert pair.kind is None
    assert pair.foreign_key_authorization


def test_an_expected_value_inside_a_longer_one_is_recognised() -> None:
    pair = compare([EXPECTED], [b"acme=" + EXPECTED + b";"]).nearest
    assert pair is not None
    assert pair.contains


@given(digests)
def test_a_value_does_not_differ_from_itself(value: bytes) -> None:
    difference = compare([value], [value, b"beside"])
    assert difference.missing == ()
    assert difference.unexpected == (b"beside",)
    assert difference.nearest is None


@given(digests, st.sampled_from([b" ", b"\t", b"\n"]), st.integers(0, 43))
def test_a_blank_anywhere_is_whitespace(value: bytes, blank: bytes, at: int) -> None:
    assert kind_of(value[:at] + blank + value[at:], value) is Kind.WHITESPACE


@given(digests, st.integers(0, 42), st.integers(0x21, 0x7E))
def test_one_replaced_character_is_found_at_its_place(value: bytes, at: int, byte: int) -> None:
    served = value[:at] + bytes([byte]) + value[at + 1 :]
    pair = compare([value], [served]).nearest
    if served == value:
        assert pair is None
        return
    assert pair is not None
    assert (pair.offset, pair.position, pair.distance) == (at, at + 1, 1)
    assert pair.kind in (Kind.TYPO, Kind.CASE, Kind.TRUNCATED, Kind.QUOTED)


@given(digests, st.integers(8, 42))
def test_a_part_is_truncated(value: bytes, length: int) -> None:
    assert kind_of(value[:length], value) is Kind.TRUNCATED


@given(st.lists(digests, min_size=2, max_size=5, unique=True), st.integers(0, 42), st.data())
def test_the_nearest_of_several_is_the_one_it_was_made_from(
    values: list[bytes], at: int, data: st.DataObject
) -> None:
    source = data.draw(st.sampled_from(values))
    served = source[:at] + b"." + source[at + 1 :]
    pair = compare(values, [served]).nearest
    assert pair is not None
    assert pair.distance == 1
    assert plain_distance(served, pair.expected) == 1


@given(st.lists(st.binary(max_size=20)), st.lists(st.binary(max_size=20)))
def test_missing_and_unexpected_are_the_set_differences(
    expected: list[bytes], served: list[bytes]
) -> None:
    difference = compare(expected, served)
    assert set(difference.missing) == set(expected) - set(served)
    assert set(difference.unexpected) == set(served) - set(expected)
    assert len(difference.missing) == len(set(difference.missing))
    for pair in difference.comparisons:
        assert pair.expected in difference.missing
        shared = pair.offset
        assert pair.served[:shared] == pair.expected[:shared]
        assert pair.served[shared : shared + 1] != pair.expected[shared : shared + 1]


def test_sixty_values_of_a_full_message_take_no_time() -> None:
    began = time.process_time()
    compare([EXPECTED, DIGEST], [bytes([i]) * 65_000 for i in range(60)])
    compare([b"%043d" % i for i in range(60)], [b"%043d" % -i for i in range(1, 61)])
    assert time.process_time() - began < 5


# -- very many values ----------------------------------------------------------------------------

CROWD = tuple(
    hashlib.sha256(bytes([n & 255, n >> 8])).hexdigest()[:43].encode() for n in range(1500)
)


@pytest.mark.parametrize(
    ("served", "kind"),
    [
        (b'"' + EXPECTED + b'"', Kind.QUOTED),
        (EXPECTED.lower(), Kind.CASE),
        (EXPECTED[:-1], Kind.TRUNCATED),
        (EXPECTED[:20] + b"!" + EXPECTED[21:], Kind.TYPO),
        (b" " + EXPECTED, Kind.WHITESPACE),
    ],
)
def test_the_mangled_one_is_found_among_very_many(served: bytes, kind: Kind) -> None:
    found = compare([EXPECTED], [*CROWD, served])
    assert found.nearest is not None
    assert (found.nearest.served, found.nearest.kind) == (served, kind)
    assert len(found.comparisons) == MOST_COMPARED
    assert found.not_compared == len(CROWD) + 1 - MOST_COMPARED


def long_ones(count: int, length: int) -> list[bytes]:
    return [bytes([65 + n % 26]) * length + b"%d" % n for n in range(count)]


@pytest.mark.parametrize(
    ("expected", "served"),
    [
        ([EXPECTED], CROWD),
        (CROWD[:700], CROWD[700:]),
        ([hashlib.sha256(b"%d" % n).hexdigest().encode() for n in range(9000)], CROWD),
        ([EXPECTED], long_ones(1200, 4000)),
        (long_ones(40, 4000), [b"x" + value for value in long_ones(12, 4000)]),
        (CROWD[:700], [b'"' * 60_000]),
        (long_ones(3, 60_000), [b'"' * 60_000]),
    ],
    ids=["many", "many x many", "9000 x many", "long", "long x long", "blanks", "longest"],
)
def test_what_two_sets_cost_to_compare_is_bounded(
    monkeypatch: pytest.MonkeyPatch, expected: list[bytes], served: list[bytes]
) -> None:
    """Counted, not timed: bytes in which manglings are looked for, and steps of distances."""
    spent, pairs = [0], [0]

    def counted(left: bytes, right: bytes) -> int | None:
        spent[0] += distances.steps(left, right)
        return edit_distance(left, right)

    def looked_for(value: bytes, other: bytes, *, typos: bool) -> Kind | None:
        spent[0] += len(value) + len(other)
        pairs[0] += 1
        return kind_of(value, other, typos=typos)

    monkeypatch.setattr(txt_difference, "edit_distance", counted)
    monkeypatch.setattr(txt_difference, "kind_of", looked_for)
    found = compare(expected, served)
    assert found.nearest is not None
    assert found.not_compared == len(found.unexpected) - len(found.comparisons)
    # The first value is looked at whatever it costs.
    first = min(len(expected), 8) * (len(served[0]) + len(expected[0]))
    assert 0 < spent[0] <= 2 * txt_difference.MOST_STEPS + first
    assert pairs[0] <= txt_difference.MOST_COMPARED * txt_difference.MOST_CANDIDATES


@pytest.mark.parametrize("mangle", [bytes.lower, lambda v: v[:-1], lambda v: b'"' + v + b'"'])
def test_among_many_expected_values_the_one_that_was_mangled_is_found(
    mangle: Callable[[bytes], bytes],
) -> None:
    found = compare([*CROWD[:600], EXPECTED, *CROWD[600:1200]], [*CROWD[1200:], mangle(EXPECTED)])
    assert found.nearest is not None
    assert (found.nearest.expected, found.nearest.served) == (EXPECTED, mangle(EXPECTED))
    assert found.nearest.kind not in (None, Kind.HOSTNAME)


def test_among_many_expected_values_the_digest_of_a_key_authorization_is_found() -> None:
    found = compare([*CROWD[:600], DIGEST, *CROWD[600:]], [KEY_AUTHORIZATION])
    assert found.nearest is not None
    assert (found.nearest.expected, found.nearest.kind) == (DIGEST, Kind.KEY_AUTHORIZATION)


def test_few_values_are_all_compared() -> None:
    assert compare([EXPECTED], CROWD[:MOST_COMPARED]).not_compared == 0
