"""Honest bytes to begin with, for each target: answers of every kind, signed ones among them.

All made from fixed keys and times, so that they are the same each time.
"""

from __future__ import annotations

import struct

import dns.dnssec
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset
from cryptography.hazmat.primitives.asymmetric import ed25519

NOW = 1_790_000_000
SIGNED_ZONE = dns.name.from_text("signed.test.")
_DAY = 86400
_VALUE = "gfj9Xq8kZ2mT4vB7nR1sL0pW6yD3hC5aE9uG2iK8oJg"


def _key(number: int) -> tuple[ed25519.Ed25519PrivateKey, dns.rdata.Rdata]:
    private = ed25519.Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)
    return private, dns.dnssec.make_dnskey(
        private.public_key(), dns.dnssec.Algorithm.ED25519, flags=257
    )


_ROOT, _ZONE = _key(1), _key(2)
ANCHORS = (dns.dnssec.make_ds(dns.name.root, _ROOT[1], "SHA256"),)


def _rrset(name: str | dns.name.Name, rdtype: str, *lines: str) -> dns.rrset.RRset:
    owner = dns.name.from_text(name) if isinstance(name, str) else name
    return dns.rrset.from_text(owner, 60, "IN", rdtype, *lines)


def _signed(
    rrset: dns.rrset.RRset, signer: dns.name.Name, by: tuple[object, object]
) -> list[dns.rrset.RRset]:
    private, key = by
    made = dns.dnssec.sign(
        rrset, private, signer, key, inception=NOW - _DAY, expiration=NOW + 10 * _DAY
    )
    return [rrset, dns.rrset.from_rdata(rrset.name, 60, made)]


def _wire(  # noqa: PLR0913 - the parts of a message
    name: str | dns.name.Name,
    rdtype: str,
    answer: list[dns.rrset.RRset] | None = None,
    authority: list[dns.rrset.RRset] | None = None,
    additional: list[dns.rrset.RRset] | None = None,
    *,
    rcode: dns.rcode.Rcode = dns.rcode.NOERROR,
    flags: int = dns.flags.AA,
) -> bytes:
    query = dns.message.make_query(name, rdtype, id=0)
    response = dns.message.make_response(query)
    response.flags |= flags
    response.set_rcode(rcode)
    response.answer, response.authority = answer or [], authority or []
    response.additional = additional or []
    return response.to_wire()


def _without_question(wire: bytes) -> bytes:
    return wire[:12] + wire[wire.index(0, 12) + 5 :]


def _joined(*pieces: bytes) -> bytes:
    return b"".join(struct.pack("!H", len(piece)) + piece for piece in pieces)


def _replies(*wires: bytes) -> bytes:
    return _joined(*(_without_question(wire) if wire else b"" for wire in wires))


_OWNER = "_acme-challenge.example.test."
_SOA = _rrset("example.test.", "SOA", "ns1.example.net. hostmaster.example.net. 7 1 1 1 1")
_TXT = _wire(_OWNER, "TXT", [_rrset(_OWNER, "TXT", f'"{_VALUE}"', '"a" "b"')])
_ALIAS = _wire(_OWNER, "TXT", [_rrset(_OWNER, "CNAME", "record.other.test.")])
_DNAME = _wire(
    _OWNER,
    "TXT",
    [
        _rrset("example.test.", "DNAME", "other.test."),
        _rrset(_OWNER, "CNAME", "_acme-challenge.other.test."),
    ],
)
_NXDOMAIN = _wire(_OWNER, "TXT", authority=[_SOA], rcode=dns.rcode.NXDOMAIN)
_NODATA = _wire(_OWNER, "TXT", authority=[_SOA])
_REFERRAL = _wire(
    _OWNER,
    "TXT",
    authority=[_rrset("example.test.", "NS", "ns1.example.test.", "ns2.example.net.")],
    additional=[
        _rrset("ns1.example.test.", "A", "192.0.2.1", "192.0.2.2"),
        _rrset("ns1.example.test.", "AAAA", "2001:db8::1"),
    ],
    flags=0,
)
_UPWARD = _wire(_OWNER, "TXT", authority=[_rrset(".", "NS", "a.root.test.")], flags=0)
_ADDRESSES = _wire(_OWNER, "A", [_rrset(_OWNER, "A", "192.0.2.1")])
_REFUSED = _wire(_OWNER, "TXT", rcode=dns.rcode.REFUSED, flags=0)
_SERVFAIL = _wire(_OWNER, "TXT", rcode=dns.rcode.SERVFAIL, flags=0)
_CAA = _wire(
    "example.test.",
    "CAA",
    [
        _rrset(
            "example.test.",
            "CAA",
            '0 issue "ca.example.net; validationmethods=dns-01"',
            '0 issuewild "ca.example.net; accounturi=https://ca.example.net/acct/1"',
            '128 tbs "x"',
            '0 iodef "mailto:a@example.test"',
        )
    ],
)
_ODD_CAA = _CAA.replace(b"\x03tbs", b"\x03t-s")

_DENIALS = [
    _rrset("signed.test.", "NSEC", "z.signed.test. A NS SOA RRSIG NSEC DNSKEY"),
    _rrset(
        "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom.signed.test.",
        "NSEC3",
        "1 1 5 aabbccdd 2t7b4g4vsa5smi47k61mv5bv1a22bojr A RRSIG",
    ),
]
_CHAIN = (
    _wire(".", "DNSKEY", _signed(_rrset(".", "DNSKEY", _ROOT[1].to_text()), dns.name.root, _ROOT)),
    _wire(
        SIGNED_ZONE,
        "DS",
        _signed(
            _rrset(
                SIGNED_ZONE, "DS", dns.dnssec.make_ds(SIGNED_ZONE, _ZONE[1], "SHA256").to_text()
            ),
            dns.name.root,
            _ROOT,
        ),
    ),
    _wire(
        SIGNED_ZONE,
        "DNSKEY",
        _signed(_rrset(SIGNED_ZONE, "DNSKEY", _ZONE[1].to_text()), SIGNED_ZONE, _ZONE),
    ),
)
_SIGNED_TXT = _wire(
    "_acme-challenge.signed.test.",
    "TXT",
    _signed(_rrset("_acme-challenge.signed.test.", "TXT", f'"{_VALUE}"'), SIGNED_ZONE, _ZONE),
)
_SIGNED_DENIAL = _wire(
    SIGNED_ZONE,
    "CAA",
    authority=[each for denial in _DENIALS for each in _signed(denial, SIGNED_ZONE, _ZONE)],
)

_REPLIES = (
    *(_TXT, _ALIAS, _DNAME, _NXDOMAIN, _NODATA, _REFERRAL, _UPWARD, _ADDRESSES),
    *(_REFUSED, _SERVFAIL, _CAA, _ODD_CAA, _SIGNED_TXT, _SIGNED_DENIAL, *_CHAIN),
)
# `received.reply` puts the question in.
_BARE = tuple(_without_question(wire) for wire in _REPLIES)
_AS_CAA = tuple(b"\xff" + wire[1:] for wire in _BARE)
SEEDS: dict[str, tuple[bytes, ...]] = {
    "message": (*_BARE, *_AS_CAA),
    "referral": _BARE,
    "caa": (
        _without_question(_CAA),
        _without_question(_ODD_CAA),
        b"\0 issue ca.example.net; accounturi=https://ca.example.net/acct/1\n\x80 tbs x",
        b"\0 issuewild ;\n\x01 issue ca.example.net;validationmethods=dns-01,http-01",
    ),
    "dnssec": (
        _replies(*_CHAIN, _SIGNED_TXT),
        _replies(*_CHAIN, _SIGNED_TXT, _SIGNED_DENIAL),
        _replies(*_CHAIN, _NXDOMAIN),
        _replies(*_CHAIN[:2]),
        _replies(_SIGNED_DENIAL, _SIGNED_DENIAL),
    ),
    "difference": (
        b"\0" + _joined(_VALUE.encode(), b'"' + _VALUE.encode() + b'"'),
        b"\x01" + _joined(_VALUE[:-3].encode(), b"a.example.net", b"abc.def"),
        b"\xff" + _joined(_VALUE.encode(), b" ", b"\xc2\xa0" + _VALUE.encode()),
        b"\0" + _joined(b"token-of-the-challenge." + _VALUE.encode()),
    ),
    "renderers": (
        _replies(_TXT, _NXDOMAIN, b"", _REFUSED),
        _replies(_ALIAS, _ALIAS),
        _replies(_DNAME, _REFERRAL, _SERVFAIL, _UPWARD),
        _replies(_TXT, _TXT) + b"\0\1x",
    ),
}
