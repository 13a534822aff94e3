"""Signatures, proofs and anchors without a server: limits, hostile zones, time."""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING

import dns.dnssec
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from certbot_dns_preflight.dnssec import anchors, signatures
from certbot_dns_preflight.dnssec.messages import anchored_keys, mismatch
from certbot_dns_preflight.dnssec.signatures import Broken, CannotJudge, Valid, Verifier
from certbot_dns_preflight.facts.dnssec import Kind

if TYPE_CHECKING:
    from pathlib import Path

    from dns.rdtypes.ANY.DNSKEY import DNSKEY
    from dns.rdtypes.ANY.RRSIG import RRSIG

ZONE = dns.name.from_text("example.com.")
NOW = int(time.time())
DAY = 86400
# IANA's published root keys; the built-in anchors hold their digests only.
KSK_2017 = """
. IN DNSKEY 257 3 8 AwEAAaz/tAm8yTn4Mfeh5eyI96WSVexTBAvkMgJzkKTOiW1vkIbzxeF3+/4RgWOq7HrxRixHlFlExOL
AJr5emLvN7SWXgnLh4+B5xQlNVz8Og8kvArMtNROxVQuCaSnIDdD5LKyWbRd2n9WGe2R8PzgCmr3EgVLrjyBxWezF0jLHwVN8ef
S3rCj/EWgvIWgb9tarpVUDK/b58Da+sqqls3eNbuv7pr+eoZG+SrDK6nWeL3c6H5Apxz7LjVc1uTIdsIXxuOLYA4/ilBmSVIzuD
WfdRUfhHdY6+cn8HFRm+2hM8AnXGXws9555KrUB5qihylGa8subX2Nn6UwNR1AkUTV74bU="""
KSK_2024 = """
. IN DNSKEY 257 3 8 AwEAAa96jeuknZlaeSrvyAJj6ZHv28hhOKkx3rLGXVaC6rXTsDc449/cidltpkyGwCJNnOAlFNKF2jB
osZBU5eeHspaQWOmOElZsjICMQMC3aeHbGiShvZsx4wMYSjH8e7Vrhbu6irwCzVBApESjbUdpWWmEnhathWu1jo+siFUiRAAxm9q
yJNg/wOZqqzL/dL/q8PkcRU5oUKEpUge71M3ej2/7CPqpdVwuMoTvoB+ZOT4YeGyxMvHmbrxlFzGOHOijtzN+u1TQNatX2XBuzZN
Q1K+s2CXkPIZo7s6JgZyvaBevYtxPvYLw4z9mR7K2vaF18UYH9Z9GNUUeayffKC73PYc="""


def one_line(text: str) -> str:
    head, data = text.strip().split(" 8 ", 1)
    return f"{head} 8 {data.replace(chr(10), '')}\n"


def zone_key() -> tuple[ed25519.Ed25519PrivateKey, DNSKEY]:
    private = ed25519.Ed25519PrivateKey.generate()
    return private, dns.dnssec.make_dnskey(private.public_key(), 15)


def txt(owner: str = "www.example.com.") -> dns.rrset.RRset:
    return dns.rrset.from_text(owner, 60, "IN", "TXT", '"value"')


def signed(  # noqa: PLR0913 - a signature's fields
    rrset: dns.rrset.RRset,
    private: ed25519.Ed25519PrivateKey,
    key: DNSKEY,
    *,
    begins: int = NOW - DAY,
    ends: int = NOW + 10 * DAY,
    signer: dns.name.Name = ZONE,
) -> RRSIG:
    return dns.dnssec.sign(rrset, private, signer, key, inception=begins, expiration=ends)


def check(sigs: list[RRSIG], keys: list[DNSKEY], rrset: dns.rrset.RRset | None = None) -> object:
    return Verifier(NOW).check(rrset or txt(), sigs, keys, zone=ZONE)


# -- anchors ---------------------------------------------------------------------------------------


def test_the_builtin_anchors_are_the_digests_of_ianas_keys(tmp_path: Path) -> None:
    file = tmp_path / "root.key"
    file.write_text(one_line(KSK_2017) + one_line(KSK_2024))
    assert set(anchors.read(file)) == set(anchors.builtin())
    assert [ds.key_tag for ds in anchors.builtin()] == [20326, 38696]


def test_anchors_are_read_as_ds_too(tmp_path: Path) -> None:
    file = tmp_path / "root.ds"
    file.write_text("".join(f". IN DS {ds.to_text()} ; note\n" for ds in anchors.builtin()))
    assert anchors.read(file) == anchors.builtin()


@pytest.mark.parametrize(
    "content",
    ["", "; nothing\n", "example.com. IN DS 1 8 2 " + "ab" * 32, ". IN DS nonsense", "\x00\xff"],
)
def test_a_file_without_anchors_is_refused_in_one_line(tmp_path: Path, content: str) -> None:
    file = tmp_path / "file"
    file.write_text(content)
    with pytest.raises(anchors.TrustAnchorError) as caught:
        anchors.read(file)
    assert "holds no trust anchor" in str(caught.value)
    assert str(caught.value).isprintable()


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(anchors.TrustAnchorError):
        anchors.read(tmp_path / "missing")


# -- signatures ------------------------------------------------------------------------------------


def test_the_signature_that_lasts_longest_decides() -> None:
    private, key = zone_key()
    sigs = [signed(txt(), private, key, ends=NOW + days * DAY) for days in (2, 9, 5)]
    assert check(sigs, [key]) == Valid(NOW + 9 * DAY, dns.dnssec.key_id(key))


@pytest.mark.parametrize(
    ("begins", "ends", "kind"),
    [
        (-10, -2, Kind.EXPIRED),
        (2, 10, Kind.NOT_YET_VALID),
        (-10, 10, None),
    ],
)
def test_time_decides(begins: int, ends: int, kind: Kind | None) -> None:
    private, key = zone_key()
    sig = signed(txt(), private, key, begins=NOW + begins * DAY, ends=NOW + ends * DAY)
    checked = check([sig], [key])
    assert (checked.kind if isinstance(checked, Broken) else None) is kind


def test_the_reason_is_named() -> None:
    private, key = zone_key()
    other_private, other = zone_key()
    sig = signed(txt(), private, key)
    changed = dns.rrset.from_text("www.example.com.", 60, "IN", "TXT", '"changed"')
    elsewhere = signed(txt(), private, key, signer=dns.name.from_text("com."))
    kinds = {
        "none": check([], [key]),
        "another zone's": check([elsewhere], [key]),
        "unknown key": check([signed(txt(), other_private, other)], [key]),
        "changed data": check([sig], [key], changed),
    }
    assert {name: c.kind for name, c in kinds.items() if isinstance(c, Broken)} == {
        "none": Kind.MISSING,
        "another zone's": Kind.MISSING,
        "unknown key": Kind.INVALID,
        "changed data": Kind.INVALID,
    }


@pytest.mark.parametrize("flags", [0x0000, 0x0180])
def test_a_key_that_is_no_zone_key_or_revoked_signs_nothing(flags: int) -> None:
    private, key = zone_key()
    key = key.replace(flags=flags)
    forged = signed(txt(), private, key)
    assert isinstance(check([forged], [key]), Broken)


def test_the_wildcard_behind_an_answer_is_seen() -> None:
    private, key = zone_key()
    made = signed(txt("*.example.com."), private, key)
    checked = check([made], [key], txt("a.b.example.com."))
    assert checked == Valid(
        NOW + 10 * DAY, dns.dnssec.key_id(key), dns.name.from_text("*.example.com.")
    )


def test_many_bad_signatures_and_keys_cost_little(monkeypatch: pytest.MonkeyPatch) -> None:
    private, key = zone_key()
    good = signed(txt(), private, key)
    bad = [good.replace(signature=hashlib.sha512(bytes([i])).digest()) for i in range(200)]
    keys = [zone_key()[1] for _ in range(100)]
    tag = dns.dnssec.key_id(key)
    tried = []
    real = dns.dnssec.validate_rrsig
    monkeypatch.setattr(dns.dnssec, "key_id", lambda _: tag)  # all collide (CVE-2023-50387)
    monkeypatch.setattr(
        dns.dnssec, "validate_rrsig", lambda *a, **k: (tried.append(1), real(*a, **k))
    )
    verifier = Verifier(NOW)
    for number in range(40):
        rrset = dns.rrset.from_text(f"n{number}.example.com.", 60, "IN", "TXT", "x")
        assert not isinstance(verifier.check(rrset, bad, keys, zone=ZONE), Valid)
    assert len(tried) <= 200


@pytest.mark.parametrize(
    ("absent", "bad", "valid"), [(8, 0, True), (60, 0, True), (60, 7, True), (0, 8, False)]
)
def test_only_what_is_computed_is_bounded(
    absent: int, bad: int, monkeypatch: pytest.MonkeyPatch, *, valid: bool
) -> None:
    private, key = zone_key()
    good = signed(txt(), private, key)
    others = [
        signed(txt(), *zone_key(), ends=NOW + (20 + number) * DAY) for number in range(absent)
    ]
    spoilt = [
        signed(txt(), private, key, ends=NOW + (20 + number) * DAY).replace(signature=bytes(64))
        for number in range(bad)
    ]
    tried = []
    real = dns.dnssec.validate_rrsig
    monkeypatch.setattr(
        dns.dnssec, "validate_rrsig", lambda *a, **k: (tried.append(1), real(*a, **k))
    )
    checked = check([*others, *spoilt, good], [key])
    assert isinstance(checked, Valid if valid else Broken)
    assert len(tried) == min(bad + 1, 8)


def test_of_keys_with_one_tag_the_one_that_fits_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dns.dnssec, "key_id", lambda _: 7)
    pairs = [zone_key() for _ in range(4)]
    for private, key in pairs:
        sig = signed(txt(), private, key)
        assert check([sig], [key for _, key in pairs]) == Valid(NOW + 10 * DAY, 7)


def test_many_ds_of_one_tag_cost_a_bounded_number_of_digests(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    keys = dns.rrset.from_rdata(ZONE, 60, zone_key()[1])
    (key,) = keys
    right = dns.dnssec.make_ds(ZONE, key, "SHA256")
    wrong = [right.replace(digest=number.to_bytes(32)) for number in range(5000)]
    made = []
    real = dns.dnssec.make_ds
    monkeypatch.setattr(dns.dnssec, "make_ds", lambda *a, **k: (made.append(1), real(*a, **k))[1])
    assert anchored_keys(keys, wrong, ZONE) == []
    assert len(made) <= 64
    assert anchored_keys(keys, [*wrong[:50], right], ZONE) == [key]
    other_tags = [ds.replace(key_tag=(ds.key_tag + 1) % 65536) for ds in wrong]
    assert anchored_keys(keys, [*other_tags, right], ZONE) == [key]


@pytest.mark.parametrize(
    "now",
    [NOW, (1 << 31) - 5, (1 << 31) + 5, (1 << 32) - 5, (1 << 32) + 5],
    ids=["today", "before-2038", "after-2038", "before-2106", "after-2106"],
)
@pytest.mark.parametrize(
    ("begins", "ends", "kind"),
    [
        (-10, 10, None),
        (-60 * 365, 5 * 365, None),
        (-10, -2, Kind.EXPIRED),
        (2, 10, Kind.NOT_YET_VALID),
        (1 / 24, -1 / 24, Kind.INVALID),
    ],
)
def test_times_of_signatures_are_serial_numbers(
    now: int, begins: float, ends: float, kind: Kind | None
) -> None:
    """Before and after they pass the end of their 32 bits, in 2106 (RFC 1982)."""
    private, key = zone_key()
    first, last = now + int(begins * DAY), now + int(ends * DAY)
    sig = signed(txt(), private, key, begins=first % (1 << 32), ends=last % (1 << 32))
    checked = Verifier(now).check(txt(), [sig], [key], zone=ZONE)
    if kind is None:
        assert checked == Valid(last, dns.dnssec.key_id(key))
    else:
        assert isinstance(checked, Broken)
        assert checked.kind is kind
        moments = {Kind.EXPIRED: last, Kind.NOT_YET_VALID: first}
        assert checked.moment == moments.get(kind)


@pytest.mark.parametrize(
    ("changes", "flags", "kind", "detail"),
    [
        ({"digest": bytes(32)}, 257, Kind.DIGEST_DIFFERS, "key tag {tag} exists, but its digest d"),
        ({"algorithm": 13}, 257, Kind.DS_WITHOUT_KEY, "key {tag} has algorithm 15, its DS 13"),
        ({"key_tag": 1}, 257, Kind.DS_WITHOUT_KEY, "keys here: {tag}"),
        ({}, 385, Kind.DS_WITHOUT_KEY, "key {tag} is revoked or no zone key"),
        ({}, 1, Kind.DS_WITHOUT_KEY, "key {tag} is revoked or no zone key"),
    ],
)
def test_it_is_said_how_near_a_ds_is_to_the_keys(
    changes: dict[str, object], flags: int, kind: Kind, detail: str
) -> None:
    key = zone_key()[1].replace(flags=flags)
    tag = dns.dnssec.key_id(key)
    ds = dns.dnssec.make_ds(ZONE, zone_key()[1], "SHA256").replace(key_tag=tag)
    told, words, _ = mismatch(dns.rrset.from_rdata(ZONE, 60, key), [ds.replace(**changes)])
    assert (told, words[: len(detail.format(tag=tag))]) == (kind, detail.format(tag=tag))


def test_a_broken_zone_makes_no_other_suspect() -> None:
    private, key = zone_key()
    other = dns.name.from_text("example.org.")
    good = dns.rrset.from_text("www.example.org.", 60, "IN", "TXT", "x")
    sig = signed(good, private, key, signer=other)
    verifier = Verifier(NOW)
    for number in range(2000):
        owner = f"n{number}.n{number % 10}.example.com."
        edited = signed(txt(owner), private, key)
        changed = dns.rrset.from_text(owner, 60, "IN", "TXT", "changed")
        checked = verifier.check(changed, [edited], [key], zone=ZONE)
        assert isinstance(checked, Broken if number < 200 else CannotJudge)
    assert isinstance(verifier.check(good, [sig], [key], zone=other), Valid)


def test_failures_in_many_zones_end_in_no_verdict_and_never_in_a_bad_one() -> None:
    private, key = zone_key()
    verifier = Verifier(NOW)
    for number in range(1100):
        zone = dns.name.from_text(f"z{number % 20}.test.")
        owner = f"n{number}.z{number % 20}.test."
        changed = dns.rrset.from_text(owner, 60, "IN", "TXT", "changed")
        checked = verifier.check(
            changed, [signed(txt(owner), private, key, signer=zone)], [key], zone=zone
        )
        assert isinstance(checked, Broken if number < 1000 else CannotJudge)


def test_after_its_time_nothing_is_computed() -> None:
    private, key = zone_key()
    verifier = Verifier(NOW, give_up=lambda: True)
    checked = verifier.check(txt(), [signed(txt(), private, key)], [key], zone=ZONE)
    assert isinstance(checked, CannotJudge)


@pytest.mark.parametrize(("exponent", "fit"), [(65537, True), ((1 << 64) + 13, False)])
def test_a_key_that_is_made_to_be_slow_is_left_alone(exponent: int, *, fit: bool) -> None:
    numbers = rsa.generate_private_key(65537, 2048).public_key().public_numbers()
    slow = rsa.RSAPublicNumbers(exponent, numbers.n).public_key()
    key = dns.dnssec.make_dnskey(slow, 8)
    forged = signed(txt(), *zone_key()).replace(
        algorithm=8, key_tag=dns.dnssec.key_id(key), signature=bytes(256)
    )
    assert isinstance(check([forged], [key]), Broken if fit else CannotJudge)


@pytest.mark.parametrize(
    ("validity", "away", "valid"),
    [
        (DAY // 4, 50 * 60, True),
        (DAY // 4, 70 * 60, False),
        (5 * DAY, 11 * 3600, True),
        (5 * DAY, 13 * 3600, False),
        (30 * DAY, 23 * 3600, True),
        (30 * DAY, 25 * 3600, False),
    ],
)
def test_a_tenth_of_the_validity_is_tolerated_within_bounds(
    validity: int, away: int, *, valid: bool
) -> None:
    private, key = zone_key()
    late = signed(txt(), private, key, begins=NOW - away - validity, ends=NOW - away)
    early = signed(txt(), private, key, begins=NOW + away, ends=NOW + away + validity)
    for sig, begins in ((late, None), (early, NOW + away)):
        checked = check([sig], [key])
        assert isinstance(checked, Valid if valid else Broken)
        if isinstance(checked, Valid):
            assert checked.begins == begins


def test_what_is_valid_outright_comes_before_what_is_tolerated() -> None:
    private, key = zone_key()
    early = signed(txt(), private, key, begins=NOW + 600, ends=NOW + 30 * DAY)
    checked = check([early, signed(txt(), private, key)], [key])
    assert checked == Valid(NOW + 10 * DAY, dns.dnssec.key_id(key))


def test_missing_cryptography_is_no_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    def unable(*_: object, **__: object) -> None:
        raise ImportError("DNSSEC validation requires python cryptography")

    private, key = zone_key()
    sig = signed(txt(), private, key)
    monkeypatch.setattr(dns.dnssec, "validate_rrsig", unable)
    checked = check([sig], [key])
    assert isinstance(checked, CannotJudge)
    assert "cannot check ED25519 signatures" in checked.detail


def test_all_algorithms_of_current_zones_are_known() -> None:
    assert {8, 10, 13, 14, 15, 16} <= signatures.KNOWN_ALGORITHMS
