"""Findings about name servers that give no usable answer: each with its one cause.

What they are told with is `server_words`' to say.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import context as seen_as
from certbot_dns_preflight.checks import server_words as words
from certbot_dns_preflight.facts.answers import (
    Failing,
    Malformed,
    NoResponseReason,
    NotAuthoritative,
    Referral,
    Refused,
    Unreachable,
)
from certbot_dns_preflight.facts.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import dns.name

    from certbot_dns_preflight.checks.context import Context
    from certbot_dns_preflight.facts.answers import Reading
    from certbot_dns_preflight.facts.finding import Finding
    from certbot_dns_preflight.facts.survey import Hop, NameServer, Observation, Survey

_UNREACHABLE, _TRUNCATED = "nameserver-unreachable", "tcp-unavailable"
_IN_ORDER = (
    "nameserver-refuses",
    "nameserver-failing",
    "not-authoritative",
    "malformed-answer",
    _TRUNCATED,
    _UNREACHABLE,
)


@dataclass(frozen=True, slots=True)
class _Trouble:
    """One name server of one zone, the code that tells its trouble, and where it shows."""

    code: str
    severity: Severity
    at: tuple[Observation, ...]


def in_trouble(survey: Survey, context: Context) -> Iterable[Finding]:
    """Tell of name servers that refuse, fail, have no authority, talk nonsense or say nothing."""
    groups: dict[tuple[str, Severity], list[Observation]] = {}
    for hop in survey.hops:
        for trouble in _troubles(hop, context.leniently(hop)):
            at = groups.setdefault((trouble.code, trouble.severity), [])
            known = {(observation.nameserver, observation.endpoint) for observation in at}
            at.extend(s for s in trouble.at if (s.nameserver, s.endpoint) not in known)
    for (code, severity), at in groups.items():
        yield words.trouble(code, severity, tuple(at), survey)


def addressless(survey: Survey, context: Context) -> Iterable[Finding]:
    """Tell of NS names that resolve to no address, or that nobody asked."""
    lost: dict[tuple[dns.name.Name, Severity], list[NameServer]] = {}
    done: set[tuple[dns.name.Name, Severity]] = set()
    for hop in survey.hops:
        severity = context.leniently(hop)
        heard = {observation.nameserver for observation in hop.observations}
        for server in hop.zone.nameservers:
            if server.name in heard or (server.name, severity) in done:
                continue
            done.add((server.name, severity))
            if server.endpoints:
                yield words.not_asked(server, hop.zone, severity)
            else:
                lost.setdefault((hop.zone.apex, severity), []).append(server)
    zones = {hop.zone.apex: hop.zone for hop in survey.hops}
    for (apex, severity), servers in lost.items():
        yield words.without_address(servers, zones[apex], severity)


def _troubles(hop: Hop, severity: Severity) -> Iterator[_Trouble]:
    for name in seen_as.nameservers(hop.observations):
        mine = tuple(
            observation for observation in hop.observations if observation.nameserver == name
        )
        codes = {code for observation in mine if (code := _code(observation.reading))}
        told = [code for code in _IN_ORDER if code in codes]
        if not told:
            if not any(seen_as.is_usable(observation) for observation in mine):
                yield _Trouble(_UNREACHABLE, severity, mine)
            continue
        first = told[0]
        if first != _UNREACHABLE:
            at = tuple(
                observation
                for observation in mine
                if _code(observation.reading) not in (None, _UNREACHABLE)
            )
            yield _Trouble(first, severity, at)
        silent = tuple(
            observation for observation in mine if _code(observation.reading) == _UNREACHABLE
        )
        answers = (
            any(seen_as.is_usable(observation) for observation in mine) or first != _UNREACHABLE
        )
        if silent and answers:
            yield _Trouble("address-unreachable", Severity.WARNING, silent)
        elif silent:
            yield _Trouble(_UNREACHABLE, severity, mine)


def _code(reading: Reading) -> str | None:  # noqa: PLR0911 - one for each kind of trouble
    """Name an address's trouble; None where it answers, or where the want of a route is ours."""
    match reading:
        case Refused():
            return "nameserver-refuses"
        case Failing():
            return "nameserver-failing"
        case NotAuthoritative() | Referral():
            return "not-authoritative"
        case Malformed():
            return "malformed-answer"
        case Unreachable(reason=NoResponseReason.TRUNCATED):
            return _TRUNCATED
        case Unreachable(reason=NoResponseReason.NO_ROUTE):
            return None
        case Unreachable():
            return _UNREACHABLE
        case _:
            return None


def half_known(survey: Survey, _context: Context) -> Iterable[Finding]:
    """Tell of name servers that answer, and may have addresses nobody could be asked about."""
    answering = {
        observation.nameserver
        for observation in survey.observations
        if seen_as.is_usable(observation)
    }
    servers = {
        server.name: (server, hop.zone.apex)
        for hop in survey.hops
        for server in hop.zone.nameservers
        if server.unanswered
        and server.name in answering
        and len({endpoint.ipv6 for endpoint in server.endpoints}) == 1
    }
    for server, apex in servers.values():
        yield words.half_known(server, apex)
