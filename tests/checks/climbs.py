"""Answers about CAA built by hand: a climb from www.example.com to example.com."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dns.name

from certbot_dns_preflight.facts.answers import Endpoint
from certbot_dns_preflight.facts.caa import (
    CaaAnswer,
    Climb,
    Content,
    Look,
    NoProperties,
    Properties,
    Property,
)

from .asserting import LETS_ENCRYPT, of_caa

if TYPE_CHECKING:
    from certbot_dns_preflight.caa.policy import IssuanceRequest
    from certbot_dns_preflight.facts.finding import Finding

ZONE = dns.name.from_text("example.com.")
EMPTY = NoProperties(nxdomain=False)


def props(*lines: str) -> Properties:
    parted = (line.split(" ", 2) for line in lines)
    return Properties(tuple(Property(int(f), t.encode(), v.encode()) for f, t, v in parted))


def answers(owner: dns.name.Name, *contents: Content) -> tuple[CaaAnswer, ...]:
    return tuple(
        CaaAnswer(
            owner,
            ZONE,
            dns.name.from_text(f"ns{i}.example.net."),
            Endpoint(f"192.0.2.{i}"),
            content,
        )
        for i, content in enumerate(contents, 1)
    )


def climbed(*contents: Content, at_www: tuple[Content, ...] = (EMPTY,)) -> Climb:
    www = dns.name.from_text("www", ZONE)
    return Climb(www, (Look(www, answers(www, *at_www)), Look(ZONE, answers(ZONE, *contents))))


def only(climb: Climb, issuance: IssuanceRequest = LETS_ENCRYPT, **more: object) -> Finding:
    (finding,) = of_caa(climb, issuance, **more)  # type: ignore[arg-type]
    return finding
