"""CAA records that no RFC wants, yet servers serve: read, signed, spoilt."""

from __future__ import annotations

import asyncio
import random
import time

import dns.dnssec
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519

from certbot_dns_preflight.dnssec.signatures import Valid, Verifier
from certbot_dns_preflight.facts.answers import NoResponse, NoResponseReason, Response
from certbot_dns_preflight.facts.caa import Property
from certbot_dns_preflight.resolve import caa_wire
from certbot_dns_preflight.resolve.exchange import Exchange
from certbot_dns_preflight.resolve.reading import rrset_at
from tests.resolve.test_exchange import serving

NAME = dns.name.from_text("example.com.")
CAA = dns.rdatatype.CAA
ISSUE = Property(0, b"issue", b"letsencrypt.org")
HYPHEN = Property(0, b"contact-email", b"a@example.com")


def opaque(*data: bytes) -> dns.rrset.RRset:
    rrset = dns.rrset.RRset(NAME, dns.rdataclass.IN, CAA)
    for one in data:
        rrset.add(dns.rdata.GenericRdata(dns.rdataclass.IN, CAA, one), 60)
    return rrset


def packed(item: Property) -> bytes:
    return bytes([item.flags, len(item.tag)]) + item.tag + item.value


def answer(query: dns.message.QueryMessage, *data: bytes) -> dns.message.Message:
    response = dns.message.make_response(query)
    response.flags |= dns.flags.AA
    response.answer.append(opaque(*data))
    return response


def asked(*data: bytes, patience: float = 20.0) -> Response | NoResponse:
    async def go() -> Response | NoResponse:
        async with serving(lambda query: [answer(query, *data).to_wire()]) as (endpoint, _):
            return await Exchange(query_timeout=patience).ask(endpoint, NAME, CAA)

    return asyncio.run(go())


@pytest.mark.usefixtures("in_namespace")
@pytest.mark.parametrize("tag", [b"contact-email", b"issue ", b"", b"\xff\x00", b"a" * 40])
def test_a_tag_of_any_bytes_does_not_spoil_the_others(tag: bytes) -> None:
    odd = Property(0, tag, b"x")
    reply = asked(packed(ISSUE), packed(odd))
    assert isinstance(reply, Response)
    rrset = rrset_at(reply.message.answer, NAME, CAA)
    assert rrset is not None
    assert set(caa_wire.properties(rrset)) == {ISSUE, odd}


@pytest.mark.usefixtures("in_namespace")
@pytest.mark.parametrize("data", [b"", b"\0", b"\0\5iss"])
def test_a_record_without_tag_or_value_is_no_answer(data: bytes) -> None:
    reply = asked(packed(ISSUE), data, patience=1.0)
    assert isinstance(reply, NoResponse)
    assert reply.reason is NoResponseReason.GARBAGE


def test_signatures_of_such_a_set_hold() -> None:
    private = ed25519.Ed25519PrivateKey.generate()
    key = dns.dnssec.make_dnskey(private.public_key(), 15)
    now = int(time.time())
    rrset = opaque(packed(ISSUE), packed(HYPHEN))
    sig = dns.dnssec.sign(rrset, private, NAME, key, inception=now - 9, expiration=now + 900000)
    query = dns.message.make_query(NAME, CAA)
    read = caa_wire.read(answer(query, packed(ISSUE), packed(HYPHEN)).to_wire())
    found = rrset_at(read.answer, NAME, CAA)
    assert found is not None
    assert isinstance(Verifier(now).check(found, [sig], [key], zone=NAME), Valid)


def test_spoilt_messages_raise_nothing_but_what_the_exchange_expects() -> None:
    wire = answer(dns.message.make_query(NAME, CAA), packed(ISSUE), packed(HYPHEN)).to_wire()
    read = 0
    for number in range(3000):
        rng = random.Random(number)  # noqa: S311 - reproducible, not secret
        spoilt = bytearray(wire)
        for _ in range(rng.randrange(1, 4)):
            spoilt[rng.randrange(len(spoilt))] = rng.randrange(256)
        try:
            message = caa_wire.read(bytes(spoilt[: rng.randrange(12, len(spoilt) + 20)]))
        except (dns.exception.DNSException, ValueError):
            continue
        for rrset in message.answer:
            if rrset.rdtype == CAA:
                read += len(caa_wire.properties(rrset))
    assert read > 100
