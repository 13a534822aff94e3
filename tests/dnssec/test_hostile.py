"""Real answers, spoilt at random: nothing raises, and nothing spoilt is believed."""

from __future__ import annotations

import random
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import dns.exception
import dns.message
import dns.name
import dns.rdatatype
import pytest

from certbot_dns_preflight.dnssec import anchors
from certbot_dns_preflight.dnssec.validate import validate
from certbot_dns_preflight.facts.answers import Response
from certbot_dns_preflight.facts.dnssec import Asked, Facts, ServerReply, Status, ZoneFacts
from tests.checks.asserting import of_dnssec
from tests.dnssec.test_against_unbound import collect

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.dnssec.world import World

    Spoil = Callable[[dns.message.Message], dns.message.Message]

pytestmark = [pytest.mark.thorough, pytest.mark.versioned]

ORIGINS = ["ecdsa256.test.", "absent3.test.", "unsigned.p-optout.test.", "wildcard3.test."]
ROUNDS = 150


def everywhere(facts: Facts, spoil: Spoil) -> Facts:
    def said(all_said: tuple[ServerReply, ...]) -> tuple[ServerReply, ...]:
        return tuple(
            replace(one, reply=replace(one.reply, message=spoil(one.reply.message)))
            if isinstance(one.reply, Response)
            else one
            for one in all_said
        )

    def zone(one: ZoneFacts) -> ZoneFacts:
        rrsets = tuple(Asked(a.owner, a.rdtype, said(a.said)) for a in one.rrsets)
        return replace(one, ds=said(one.ds), dnskey=said(one.dnskey), rrsets=rrsets)

    return Facts(tuple(zone(one) for one in facts.zones))


def flip_a_byte(rng: random.Random) -> Spoil:
    def spoil(message: dns.message.Message) -> dns.message.Message:
        wire = bytearray(message.to_wire())
        wire[rng.randrange(12, len(wire))] ^= 1 << rng.randrange(8)
        try:
            return dns.message.from_wire(bytes(wire))
        except (dns.exception.DNSException, ValueError):
            return message

    return spoil


def drop_a_record(rng: random.Random) -> Spoil:
    def spoil(message: dns.message.Message) -> dns.message.Message:
        copy = dns.message.from_wire(message.to_wire())
        section = rng.choice([copy.answer, copy.authority])
        if section:
            section.pop(rng.randrange(len(section)))
        return copy

    return spoil


@pytest.mark.parametrize("how", [flip_a_byte, drop_a_record])
def test_spoilt_answers_raise_nothing(
    signed_world: World, how: Callable[[random.Random], Spoil]
) -> None:
    now = int(time.time())
    trusted = anchors.read(signed_world.trust_anchor)
    facts = collect(signed_world, ORIGINS)
    seen = set()
    for number in range(ROUNDS):
        rng = random.Random(number)  # noqa: S311 - reproducible, not secret
        spoilt = everywhere(facts[ORIGINS[number % len(ORIGINS)]], how(rng))
        assessment = validate(spoilt, trusted, now=now)
        for finding in of_dnssec(assessment):
            assert finding.summary.isprintable()
            assert finding.cause.isprintable()
        seen.add(assessment.status)
    assert Status.BOGUS in seen


def test_changed_data_is_never_believed(signed_world: World) -> None:
    now = int(time.time())
    trusted = anchors.read(signed_world.trust_anchor)
    facts = collect(signed_world, ["ecdsa256.test."])["ecdsa256.test."]

    def spoil(message: dns.message.Message) -> dns.message.Message:
        wire = message.to_wire()
        return dns.message.from_wire(wire.replace(b"\x05value", b"\x05other"))

    assert validate(facts, trusted, now=now).status is Status.SECURE
    assert validate(everywhere(facts, spoil), trusted, now=now).status is Status.BOGUS


def test_an_unsigned_delegation_cannot_be_claimed_without_proof(signed_world: World) -> None:
    now = int(time.time())
    trusted = anchors.read(signed_world.trust_anchor)
    facts = collect(signed_world, ["ecdsa256.test."])["ecdsa256.test."]

    def spoil(message: dns.message.Message) -> dns.message.Message:
        copy = dns.message.from_wire(message.to_wire())
        if copy.question[0].rdtype == dns.rdatatype.DS:
            copy.answer.clear()
        return copy

    assert validate(everywhere(facts, spoil), trusted, now=now).status is Status.BOGUS
