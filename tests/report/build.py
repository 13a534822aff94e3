"""Builds outcomes by hand, as short as the tests that compare whole pages need them."""

from __future__ import annotations

import datetime as dt

import dns.name

from certbot_dns_preflight.challenge import make_challenge
from certbot_dns_preflight.facts import answers
from certbot_dns_preflight.facts.answers import Endpoint
from certbot_dns_preflight.facts.finding import Finding, Severity
from certbot_dns_preflight.facts.outcome import ChallengeOutcome, Outcome, Vantage, Verdict
from certbot_dns_preflight.facts.survey import Hop, Listing, NameServer, Observation, Survey, Zone

VALUE = b"gfj9Xq8kZ2mT4vB7nR1sL0pW6yD3hC5aE9uG2iK8oJg"
BOTH = frozenset(Listing)
NXDOMAIN = answers.Absent(nxdomain=True, soa=dns.name.from_text("example.com."))
NODATA = answers.Absent(nxdomain=False, soa=dns.name.from_text("example.com."))
REFUSED = answers.Refused()
TIMED_OUT = answers.Unreachable(answers.NoResponseReason.TIMED_OUT, "no answer in 3 s, twice")
THERE = answers.Values((VALUE,))
FOUR_AND_SIX = Vantage((), ("ipv4", "ipv6"))
STARTED = dt.datetime(2026, 11, 23, 19, 4, 50, 123456, tzinfo=dt.UTC)


def name(text: str) -> dns.name.Name:
    return dns.name.from_text(text)


def texts(*values: bytes) -> answers.Values:
    return answers.Values(values)


def alias(target: str) -> answers.Alias:
    return answers.Alias(name(target))


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
    """Make an observation: NoResponse-like readings get no rcode, rtt or transport."""
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


def hop(owner: str, *observations: Observation, extra: tuple[NameServer, ...] = ()) -> Hop:
    servers: dict[dns.name.Name, list[Endpoint]] = {}
    for one in observations:
        servers.setdefault(one.nameserver, []).append(one.endpoint)
    found = tuple(NameServer(n, BOTH, own=tuple(ends)) for n, ends in servers.items())
    apex = observations[0].zone if observations else name("example.com.")
    return Hop(name(owner), Zone(apex, apex.parent(), (*found, *extra)), observations)


def error(
    code: str,
    summary: str,
    *,
    cause: str = "",
    remedy: str = "",
    severity: Severity = Severity.ERROR,
    **evidence: object,
) -> Finding:
    return Finding(code, severity, summary, cause, remedy, "RFC 1034", evidence=evidence)  # type: ignore[arg-type]


def judged(
    *observations: Observation,
    domain: str = "example.com",
    expected: tuple[bytes, ...] = (VALUE,),
    findings: tuple[Finding, ...] = (),
    hops: tuple[Hop, ...] | None = None,
    verdict: Verdict | None = None,
    **survey: object,
) -> ChallengeOutcome:
    """Make one challenge: observations at the owner name, or all `hops` given outright."""
    asked = make_challenge(domain, expected)
    path = hops if hops is not None else (hop(asked.owner.to_text(), *observations),)
    failed = any(finding.severity is Severity.ERROR for finding in findings)
    verdict = verdict or (Verdict.NOT_READY if failed else Verdict.READY)
    if verdict is Verdict.READY:
        survey.setdefault("ready_after", 10.2)
    return ChallengeOutcome(Survey(asked, path, **survey), verdict, findings)  # type: ignore[arg-type]


def run(
    *challenges: ChallengeOutcome,
    vantage: Vantage = FOUR_AND_SIX,
    elapsed: float = 300.04,
    timeout: float | None = 300,
) -> Outcome:
    return Outcome(STARTED, elapsed, vantage, challenges, timeout)
