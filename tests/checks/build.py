"""Surveys built by hand, in few words: one zone, its servers, and what each answers."""

from __future__ import annotations

import dataclasses

import dns.name

from certbot_dns_preflight.challenge import make_challenge
from certbot_dns_preflight.facts.answers import (
    Absent,
    Alias,
    Endpoint,
    NoResponseReason,
    Reading,
    Unreachable,
    Values,
)
from certbot_dns_preflight.facts.survey import (
    Hop,
    Listing,
    NameServer,
    Observation,
    Obstacle,
    Probes,
    Survey,
    Zone,
)

EXPECTED = b"gfj9Xq8kZ2mT4vB7nR1sL0pW6yD3hC5aE9uG2iK8oJg"
SECOND = b"Zt5nM8wQ1xR4cV7bL2kJ9hG6fD3sA0pO-iU_yT5rE8w"
OTHER = b"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
BOTH = frozenset({Listing.DELEGATION, Listing.APEX})
NS1, NS2, NS3 = "192.0.2.1", "192.0.2.2", "192.0.2.3"
NS2_V6 = "2001:db8::2"
OWNER = "_acme-challenge.example.test."
TARGET = "record.other.test."


def name(text: str) -> dns.name.Name:
    return dns.name.from_text(text)


def shows(*texts: bytes) -> Values:
    return Values(texts or (EXPECTED,))


def nxdomain(soa: str | None = "example.test.") -> Absent:
    return Absent(nxdomain=True, soa=name(soa) if soa else None)


def nodata() -> Absent:
    return Absent(nxdomain=False, soa=name("example.test."))


def alias(target: str = TARGET, **more: object) -> Alias:
    return dataclasses.replace(Alias(name(target)), **more)  # type: ignore[arg-type]


def silent(reason: NoResponseReason = NoResponseReason.TIMED_OUT) -> Unreachable:
    return Unreachable(reason, reason.value)


def seen(address: str, reading: Reading, serial: int | None = None, **more: object) -> Observation:
    """What an address said; the server's name follows from the address's last digit."""
    observation = Observation(
        name("example.test."),
        name(f"ns{address[-1]}.example.net."),
        Endpoint(address),
        BOTH,
        reading,
        serial=serial,
    )
    return dataclasses.replace(observation, **more)  # type: ignore[arg-type]


def hop(
    *observations: Observation,
    owner: str = OWNER,
    zone: str = "example.test.",
    nameservers: tuple[NameServer, ...] | None = None,
) -> Hop:
    apex = name(zone)
    if nameservers is None:
        addresses: dict[dns.name.Name, list[Endpoint]] = {}
        for one in observations:
            addresses.setdefault(one.nameserver, []).append(one.endpoint)
        nameservers = tuple(
            NameServer(server, BOTH, own=tuple(endpoints))
            for server, endpoints in sorted(addresses.items())
        )
    return Hop(
        name(owner),
        Zone(apex, apex.parent(), nameservers),
        tuple(dataclasses.replace(one, zone=apex) for one in observations),
    )


def survey(
    *hops: Hop,
    expected: tuple[bytes, ...] = (EXPECTED,),
    obstacle: Obstacle | None = None,
    **probes: object,
) -> Survey:
    return Survey(
        make_challenge("example.test", expected),
        hops,
        obstacle,
        rounds=1,
        probes=Probes(**probes),  # type: ignore[arg-type]
    )
