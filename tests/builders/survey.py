"""Surveys, and outcomes around them, built by hand in few words.

`seen` is the answer of one address, `at` the same for the usual servers of example.test. A `hop` is
made of these, a `survey` of hops; `judged` and `run` are its results.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import TYPE_CHECKING

import dns.name

from certbot_dns_preflight.challenge import make_challenge
from certbot_dns_preflight.facts import answers
from certbot_dns_preflight.facts.answers import Endpoint
from certbot_dns_preflight.facts.finding import Finding, Severity
from certbot_dns_preflight.facts.outcome import ChallengeOutcome, Outcome, Vantage, Verdict
from certbot_dns_preflight.facts.probes import Probes
from certbot_dns_preflight.facts.resolver_sight import ResolverAnswer, ResolverSight
from certbot_dns_preflight.facts.survey import Hop, Observation, Status, Survey, measure
from certbot_dns_preflight.facts.zone import Listing, NameServer, Zone

if TYPE_CHECKING:
    from certbot_dns_preflight.facts.obstacle import Obstacle
    from certbot_dns_preflight.facts.resolver_sight import ExtendedError

VALUE = b"gfj9Xq8kZ2mT4vB7nR1sL0pW6yD3hC5aE9uG2iK8oJg"
SECOND = b"Zt5nM8wQ1xR4cV7bL2kJ9hG6fD3sA0pO-iU_yT5rE8w"
OTHER = b"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
BOTH = frozenset(Listing)
NS1, NS2, NS3 = "192.0.2.1", "192.0.2.2", "192.0.2.3"
NS2_V6 = "2001:db8::2"
ZONE = "example.test."
OWNER = f"_acme-challenge.{ZONE}"
TARGET = "record.other.test."
NXDOMAIN = answers.Absent(nxdomain=True, soa=dns.name.from_text("example.com."))
NODATA = answers.Absent(nxdomain=False, soa=dns.name.from_text("example.com."))
REFUSED = answers.Refused()
TIMED_OUT = answers.Unreachable(answers.NoResponseReason.TIMED_OUT, "no answer within 3 s, twice")
THERE = answers.Values((VALUE,))
FOUR_AND_SIX = Vantage((), ("ipv4", "ipv6"))
STARTED = dt.datetime(2026, 11, 23, 19, 4, 50, 123456, tzinfo=dt.UTC)


def name(text: str) -> dns.name.Name:
    return dns.name.from_text(text)


# -- what an address may say ---------------------------------------------------------------------


def texts(*values: bytes) -> answers.Values:
    return answers.Values(values or (VALUE,))


def nxdomain(soa: str | None = ZONE) -> answers.Absent:
    return answers.Absent(nxdomain=True, soa=name(soa) if soa else None)


def nodata(soa: str | None = ZONE) -> answers.Absent:
    return answers.Absent(nxdomain=False, soa=name(soa) if soa else None)


def alias(target: str = TARGET, **more: object) -> answers.Alias:
    return dataclasses.replace(answers.Alias(name(target)), **more)  # type: ignore[arg-type]


def silent(
    reason: answers.NoResponseReason = answers.NoResponseReason.TIMED_OUT,
) -> answers.Unreachable:
    return answers.Unreachable(reason, reason.value)


# -- who said it ---------------------------------------------------------------------------------


_RCODES = {
    answers.Values: "NOERROR",
    answers.Alias: "NOERROR",
    answers.Refused: "REFUSED",
    answers.NotAuthoritative: "NOERROR",
}


def seen(  # noqa: PLR0913 - facts of one observation, all but two with a default
    server: str,
    address: str,
    reading: answers.Reading = THERE,
    *,
    zone: str = "example.com.",
    serial: int | None = None,
    after: float | None = None,
    port: int = 53,
    matched_before: bool = False,
) -> Observation:
    """Return an observation: NoResponse-like readings get no rcode, rtt or transport."""
    answered = not isinstance(reading, answers.Unreachable | answers.Malformed | answers.NotAsked)
    rcode = _RCODES.get(type(reading))
    if isinstance(reading, answers.Absent):
        rcode = "NXDOMAIN" if reading.nxdomain else "NOERROR"
    if isinstance(reading, answers.Failing):
        rcode = reading.rcode
    return Observation(
        zone=name(zone),
        nameserver=name(server),
        endpoint=Endpoint(address, port),
        listed_by=BOTH,
        reading=reading,
        status=measure(reading, (VALUE,)),
        rcode=rcode,
        authoritative=isinstance(reading, answers.Values | answers.Alias | answers.Absent)
        if answered
        else None,
        transport=answers.Transport.UDP if answered else None,
        rtt=0.0123456 if answered else None,
        serial=serial,
        first_match=after,
        matched_before=matched_before,
    )


def at(
    address: str, reading: answers.Reading, serial: int | None = None, **more: object
) -> Observation:
    """Return an observation in example.test.; the server's name follows from the last digit."""
    server = f"ns{address[-1]}.example.net."
    made = seen(server, address, reading, zone=ZONE, serial=serial)
    return dataclasses.replace(made, **more)  # type: ignore[arg-type]


def hop(
    *observations: Observation,
    owner: str = OWNER,
    zone: str | None = None,
    nameservers: tuple[NameServer, ...] | None = None,
    extra: tuple[NameServer, ...] = (),
) -> Hop:
    """Return a hop; its zone and name servers default to the observations'. `extra`: more."""
    if zone is not None:
        observations = tuple(dataclasses.replace(one, zone=name(zone)) for one in observations)
    apex = observations[0].zone if observations else name(zone or ZONE)
    if nameservers is None:
        addresses: dict[dns.name.Name, list[Endpoint]] = {}
        for one in observations:
            addresses.setdefault(one.nameserver, []).append(one.endpoint)
        nameservers = tuple(
            NameServer(server, BOTH, own=tuple(own)) for server, own in addresses.items()
        )
    return Hop(name(owner), Zone(apex, apex.parent(), (*nameservers, *extra)), observations)


def survey(
    *hops: Hop,
    expected: tuple[bytes, ...] = (VALUE,),
    obstacle: Obstacle | None = None,
    **probes: object,
) -> Survey:
    """Return a survey of example.test. after its first round."""
    found = Probes(**probes)  # type: ignore[arg-type]
    return Survey(
        make_challenge("example.test", expected),
        measured(hops, expected),
        obstacle,
        rounds=1,
        probes=found,
    )


def measured(hops: tuple[Hop, ...], expected: tuple[bytes, ...]) -> tuple[Hop, ...]:
    """Measure the readings in a chain of hops, of which all but the last were followed."""
    return tuple(
        dataclasses.replace(
            one,
            observations=tuple(
                dataclasses.replace(o, status=measure(o.reading, expected, followed=followed))
                for o in one.observations
            ),
            followed=followed,
        )
        for number, one in enumerate(hops, 1)
        for followed in [number < len(hops)]
    )


def by_resolvers(  # noqa: PLR0913 - what resolvers may say beside the record
    *readings: answers.Reading,
    expected: tuple[bytes, ...] = (VALUE,),
    kept: float | None = None,
    validated: bool = False,
    errors: tuple[ExtendedError, ...] = (),
    negative_ttl: int | None = 300,
    endpoints: tuple[Endpoint, ...] = (),
) -> Survey:
    """Return a survey by `endpoints` (192.0.2.1, 192.0.2.2 and so on), each with its reading.

    Readings that do not match are `kept` in their caches; `errors` belong to a failing one.
    """
    endpoints = endpoints or tuple(
        Endpoint(f"192.0.2.{number}") for number in range(1, len(readings) + 1)
    )
    observations = tuple(
        dataclasses.replace(
            seen(f"{endpoint.address}.", endpoint.address, reading, zone=ZONE),
            endpoint=endpoint,
            listed_by=frozenset(),
            kept_for=None if measure(reading, expected) is Status.MATCH else kept,
        )
        for endpoint, reading in zip(endpoints, readings, strict=True)
    )
    failing = [isinstance(reading, answers.Failing) for reading in readings]
    sight = ResolverSight(
        tuple(
            ResolverAnswer(endpoint, validated=validated, failed=fails, errors=errors * fails)
            for endpoint, fails in zip(endpoints, failing, strict=True)
        ),
        negative_ttl,
    )
    made = dataclasses.replace(hop(*observations), recursive=True)
    return dataclasses.replace(survey(made, expected=expected), sight=sight)


# -- what is said of it --------------------------------------------------------------------------


def error(  # noqa: PLR0913 - a finding's texts
    code: str,
    summary: str,
    *,
    cause: str = "",
    remedy: str = "",
    severity: Severity = Severity.ERROR,
    records: tuple[str, ...] = (),
    **evidence: object,
) -> Finding:
    return Finding(  # a plain text for a code is one that no rule has
        code,  # type: ignore[arg-type]
        severity,
        summary,
        cause,
        remedy,
        "RFC 1034",
        evidence=evidence,  # type: ignore[arg-type]
        records=records,
    )


def judged(
    *observations: Observation,
    domain: str = "example.com",
    expected: tuple[bytes, ...] = (VALUE,),
    findings: tuple[Finding, ...] = (),
    hops: tuple[Hop, ...] | None = None,
    verdict: Verdict | None = None,
    **survey: object,
) -> ChallengeOutcome:
    """Return one judged challenge: observations at the owner name, or all `hops` given outright."""
    asked = make_challenge(domain, expected)
    if hops is None:
        zone = None if observations else "example.com."
        hops = (hop(*observations, owner=asked.owner.to_text(), zone=zone),)
    failed = any(finding.severity is Severity.ERROR for finding in findings)
    verdict = verdict or (Verdict.NOT_READY if failed else Verdict.READY)
    if verdict is Verdict.READY:
        survey.setdefault("ready_after", 10.2)
    return ChallengeOutcome(Survey(asked, measured(hops, expected), **survey), verdict, findings)  # type: ignore[arg-type]


def run(
    *challenges: ChallengeOutcome,
    vantage: Vantage = FOUR_AND_SIX,
    elapsed: float = 300.04,
    timeout: float | None = 300,
) -> Outcome:
    return Outcome(STARTED, elapsed, vantage, challenges, timeout)
