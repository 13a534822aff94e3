from __future__ import annotations

import dns.name
import pytest
from hypothesis import given
from hypothesis import strategies as st

from certbot_dns_preflight.challenge import InvalidDomainError, make_challenge
from certbot_dns_preflight.escaping import presentation, printable


def unescape(text: str) -> bytes:
    out, rest = b"", text
    while rest:
        if rest[0] == "\\":
            out, rest = out + bytes([int(rest[1:4])]), rest[4:]
        else:
            out, rest = out + rest[0].encode(), rest[1:]
    return out


@given(st.binary(max_size=300))
def test_presentation_is_exact_and_printable_ascii(value: bytes) -> None:
    shown = presentation(value)
    assert shown.isascii()
    assert shown.isprintable()
    assert unescape(shown) == value


@given(st.text())
def test_printable_leaves_no_control_character(text: str) -> None:
    assert printable(text).isprintable() or not printable(text)


@pytest.mark.parametrize(
    ("domain", "owner"),
    [
        ("example.com", "_acme-challenge.example.com."),
        ("*.Example.COM.", "_acme-challenge.example.com."),
        (" example.com ", "_acme-challenge.example.com."),
        ("bücher.example", "_acme-challenge.xn--bcher-kva.example."),
        ("faß.example", "_acme-challenge.xn--fa-hia.example."),
    ],
)
def test_the_owner_name_is_made_from_the_certificates_name(domain: str, owner: str) -> None:
    assert make_challenge(domain).owner == dns.name.from_text(owner)
    assert make_challenge(domain).owner.to_text() == owner


@pytest.mark.parametrize(
    "domain",
    [
        "",
        ".",
        "*.",
        "*",
        "a..b",
        "foo.*.example.com",
        "**.example.com",
        "x" * 64 + ".example",
        "\x1b.b\n",
        "http://example.com/",
        "example.com/",
        "example.com:443",
        "user@example.com",
        "exa mple.com",
        "new\nline.example",
        "--expect=foo",
        "-a.example",
        "a-.example",
        "ex\\097mple.com",
        '"x".example',
        "127.1",
        "a.example.1",
    ],
)
def test_what_is_no_domain_name_is_refused_in_one_line(domain: str) -> None:
    with pytest.raises(InvalidDomainError) as caught:
        make_challenge(domain)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    "address", ["192.0.2.1", "192.0.2.1.", "2001:db8::1", "[2001:db8::1]", " ::1 ", "*.192.0.2.1"]
)
def test_an_address_is_told_to_be_one(address: str) -> None:
    with pytest.raises(InvalidDomainError, match="is an IP address: dns-01 cannot") as caught:
        make_challenge(address)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    "domain",
    ["a_b.example", "_acme.challenge.example", "ab--cd.example", "localhost", "1.example", "a.x1"],
)
def test_what_some_ca_could_put_into_a_certificate_is_accepted(domain: str) -> None:
    assert make_challenge(domain).domain == domain


def test_a_byte_that_is_no_text_is_shown_as_it_is() -> None:
    assert printable("\udcff\udcfe") == r"\255\254"
    assert printable("\ud800") == "?"


def test_a_name_that_leaves_no_room_for_the_label_is_refused() -> None:
    with pytest.raises(InvalidDomainError, match="too long"):
        make_challenge(".".join(["a" * 60] * 4))


def test_a_value_given_twice_is_expected_once_in_the_order_given() -> None:
    assert make_challenge("example.com", [b"b", b"a", b"b"]).expected == (b"b", b"a")
