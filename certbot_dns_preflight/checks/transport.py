"""Findings about how answers travel: TCP, EDNS, letter case, rate limits, SOA. All warnings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import phrases
from certbot_dns_preflight.checks.finding import finding
from certbot_dns_preflight.facts.answers import Absent, Unreachable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from certbot_dns_preflight.checks.context import Context
    from certbot_dns_preflight.facts.answers import Endpoint
    from certbot_dns_preflight.facts.finding import Finding
    from certbot_dns_preflight.facts.survey import Observation, Survey


def transport_warnings(survey: Survey, _context: Context) -> Iterable[Finding]:
    """Tell what the extra questions showed about single addresses."""
    probes = survey.probes
    reachable = {s.endpoint for s in survey.observations if not isinstance(s.reading, Unreachable)}
    tables = (
        (
            "tcp-unavailable",
            probes.tcp_refused & reachable,
            "does not answer over TCP",
            "TCP is as much a part of DNS as UDP; longer answers need it.",
            "Open TCP port 53 to this address.",
        ),
        (
            "edns-broken",
            probes.edns_broken,
            "answers only without EDNS",
            "A query with EDNS gets no answer or an error, the same without it an answer.",
            "Update the server, or the firewall before it, which may drop EDNS.",
        ),
        (
            "case-not-preserved",
            probes.case_changed,
            "changes the letter case of the question",
            "Resolvers that mix letter case against forgery (0x20) drop such answers.",
            "Update the server or the load balancer before it.",
        ),
        (
            "rate-limited",
            probes.rate_limited,
            "limits our rate: empty truncated answers and silence by turns",
            "Response rate limiting (RRL) is at work against this host.",
            "Allow this host more, or pause longer between rounds (interval).",
        ),
    )
    for code, endpoints, what, cause, remedy in tables:
        at = _at(survey, endpoints)
        if at:
            yield _oddity(code, at, what, survey, cause=cause, remedy=remedy)


def without_soa(survey: Survey, _context: Context) -> Iterable[Finding]:
    """Tell of negative answers that lack the SOA."""
    at = tuple(
        seen
        for seen in survey.observations
        if isinstance(seen.reading, Absent) and seen.reading.soa is None
    )
    if at:
        yield _oddity(
            "negative-answer-without-soa",
            at,
            "gives negative answers without a SOA record",
            survey,
            cause="Without the SOA nobody knows how long the negative answer may be kept.",
            remedy="Update the server; a negative answer carries the zone's SOA.",
        )


def _oddity(  # noqa: PLR0913 - a finding's texts and what it is about
    code: str,
    at: tuple[Observation, ...],
    what: str,
    survey: Survey,
    *,
    cause: str,
    remedy: str,
) -> Finding:
    subjects = phrases.subjects(at, survey.observations)
    who = phrases.listed(subjects)
    each = "each " if len(subjects) > 1 else ""
    return finding(
        code,
        summary=f"{who} {each}{what}",
        cause=cause,
        remedy=remedy,
        about=at,
        evidence={"addresses": phrases.places(at)},
    )


def _at(survey: Survey, endpoints: frozenset[Endpoint]) -> tuple[Observation, ...]:
    seen = {(s.nameserver, s.endpoint): s for s in survey.observations if s.endpoint in endpoints}
    return tuple(seen.values())
