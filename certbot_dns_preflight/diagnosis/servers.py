"""Findings about name servers that give no usable answer: each with its one cause."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from certbot_dns_preflight.diagnosis import context as seen_as
from certbot_dns_preflight.diagnosis import phrases
from certbot_dns_preflight.diagnosis.finding import finding
from certbot_dns_preflight.findings import Severity
from certbot_dns_preflight.responses import (
    Failing,
    Malformed,
    NotAsked,
    NotAuthoritative,
    Referral,
    Refused,
    Silence,
    Unreachable,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import dns.name

    from certbot_dns_preflight.diagnosis.context import Context
    from certbot_dns_preflight.findings import Finding
    from certbot_dns_preflight.responses import Reading
    from certbot_dns_preflight.survey import Hop, NameServer, Observation, Survey

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
            known = {(seen.nameserver, seen.endpoint) for seen in at}
            at.extend(s for s in trouble.at if (s.nameserver, s.endpoint) not in known)
    for (code, severity), at in groups.items():
        yield _word(code, severity, tuple(at))


def addressless(survey: Survey, context: Context) -> Iterable[Finding]:
    """Tell of NS names that resolve to no address, or that nobody asked."""
    done: set[tuple[str, dns.name.Name]] = set()
    for hop in survey.hops:
        severity = context.leniently(hop)
        heard = {seen.nameserver for seen in hop.observations}
        for server in hop.zone.nameservers:
            if server.name in heard or (severity.value, server.name) in done:
                continue
            done.add((severity.value, server.name))
            yield _addressless(server, hop.zone.apex, severity)


def _troubles(hop: Hop, severity: Severity) -> Iterator[_Trouble]:
    for name in seen_as.nameservers(hop.observations):
        mine = tuple(seen for seen in hop.observations if seen.nameserver == name)
        codes = {code for seen in mine if (code := _code(seen.reading))}
        told = [code for code in _IN_ORDER if code in codes]
        if not told:
            if not any(seen_as.is_usable(seen) for seen in mine):
                yield _Trouble(_UNREACHABLE, severity, mine)
            continue
        first = told[0]
        if first != _UNREACHABLE:
            at = tuple(seen for seen in mine if _code(seen.reading) not in (None, _UNREACHABLE))
            yield _Trouble(first, severity, at)
        silent = tuple(seen for seen in mine if _code(seen.reading) == _UNREACHABLE)
        answers = any(seen_as.is_usable(seen) for seen in mine) or first != _UNREACHABLE
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
        case Unreachable(reason=Silence.TRUNCATED):
            return _TRUNCATED
        case Unreachable(reason=Silence.NO_ROUTE):
            return None
        case Unreachable():
            return _UNREACHABLE
        case _:
            return None


def _word(code: str, severity: Severity, at: tuple[Observation, ...]) -> Finding:
    servers = len(seen_as.nameservers(at))
    precise = code in ("address-unreachable", "malformed-answer", _TRUNCATED)
    who = phrases.listed(
        f"{phrases.host(seen.nameserver)} at {seen.endpoint.address}"
        if precise
        else phrases.host(seen.nameserver)
        for seen in at
    )
    addresses = phrases.listed(seen.endpoint.address for seen in at)
    zone = phrases.listed(phrases.owner(seen.zone) for seen in at)

    def does(singular: str, plural: str) -> str:
        return phrases.verb(len(at) if precise else servers, singular, plural)

    match code:
        case "nameserver-refuses":
            summary = f"{who} {does('refuses', 'refuse')} to answer for {zone}"
            cause = f"REFUSED from {addresses}: the zone is not configured there (lame delegation)."
            remedy = f"Configure the zone on {who}, or take {does('it', 'them')} out of the NS set "
            remedy += "in the zone and at the registrar."
        case "nameserver-failing":
            codes = phrases.answers(at)
            summary = f"{who} {does('fails', 'fail')} with {codes} for {zone}"
            cause = f"{codes} from {addresses}: the zone is not loaded there, has expired, "
            cause += "or the query was not understood."
            remedy = f"Read the log on {who}: reload the zone, or mend the transfer from "
            remedy += "the primary."
        case "not-authoritative":
            summary = f"{who} {does('answers', 'answer')} without authority for {zone}"
            cause = _without_authority(at, addresses)
            remedy = f"Serve the zone on {who} as primary or secondary, or take "
            remedy += f"{does('it', 'them')} out of the NS set."
        case "malformed-answer":
            summary = f"what {who} {does('sends', 'send')} is no answer to the question"
            cause = f"Received: {phrases.answers(at)}."
            remedy = "See what stands at the address: a middlebox, a firewall or a faulty server."
        case "tcp-unavailable":
            summary = f"{who} {does('cuts its answer', 'cut their answers')} short over UDP and "
            summary += f"{does('does', 'do')} not answer over TCP"
            cause = "The answer does not fit a UDP packet, so it can be had over TCP alone."
            remedy = "Open TCP port 53 to these addresses; remove stale TXT values."
        case "address-unreachable":
            summary = f"{who} {does('does', 'do')} not answer; other addresses of the same "
            summary += f"name {phrases.verb(servers, 'server', 'servers')} do"
            cause = f"Tried: {_details(at)}."
            remedy = "Let the server listen there and open port 53 (UDP and TCP), or remove the "
            remedy += "address record and glue."
        case _:
            summary, cause, remedy = _silent(at, who, does("answers", "answer"))
    return finding(
        code,
        severity=severity,
        summary=summary,
        cause=cause,
        remedy=remedy,
        about=at,
        evidence={"addresses": phrases.places(at)},
    )


def _silent(at: tuple[Observation, ...], who: str, answer: str) -> tuple[str, str, str]:
    ours = all(_code(seen.reading) is None for seen in at)
    if ours:
        return (
            f"{who} cannot be asked from this host",
            f"It was not asked: {_details(at)}.",
            "Check from a host that has this address family, or accept it (unreachable=warn).",
        )
    return (
        f"no address of {who} {answer}",
        f"Tried: {_details(at)}.",
        "Start it and open port 53, UDP and TCP; or remove it from the NS set.",
    )


def _details(at: tuple[Observation, ...]) -> str:
    words = []
    for seen in at:
        match seen.reading:
            case Unreachable(reason=reason):
                words.append(f"{seen.endpoint.address} {reason.value}")
            case NotAsked(reason=reason):
                words.append(f"{seen.endpoint.address} not asked, {phrases.bounded(reason)}")
            case reading:
                words.append(f"{seen.endpoint.address} {phrases.answer(reading)}")
    return phrases.listed(words)


def _without_authority(at: tuple[Observation, ...], addresses: str) -> str:
    for seen in at:
        match seen.reading:
            case Referral(cut=cut):
                return f"{addresses}: a referral to {phrases.owner(cut)} instead of an answer."
            case NotAuthoritative(recursive=True):
                return f"{addresses}: AA=0, RA=1, a recursive resolver that does not hold the zone."
            case NotAuthoritative(upward=name) if name is not None:
                return (
                    f"{addresses}: a referral upwards to {phrases.owner(name)}; "
                    "the zone is not configured there."
                )
    return f"{addresses}: AA=0; the server does not hold the zone."


def _addressless(server: NameServer, apex: dns.name.Name, severity: Severity) -> Finding:
    name, zone = phrases.host(server.name), phrases.owner(apex)
    if server.endpoints:
        return finding(
            _UNREACHABLE,
            severity=severity,
            summary=f"{name} was not asked",
            cause=f"None of its addresses could be asked in time for {zone}.",
            remedy="Look again, with a longer timeout.",
            evidence={"nameserver": server.name.to_text(), "zone": apex.to_text()},
        )
    why = (
        f"{name}: {phrases.bounded(server.failure)}." if server.failure else f"{name} has neither."
    )
    return finding(
        "nameserver-without-address",
        severity=severity,
        summary=f"{name}, a name server of {zone}, has no address",
        cause=f"The NS record's name must have A or AAAA records. {why}",
        remedy=f"Give {name} an address record (not a CNAME), or take it out of the NS set.",
        nameserver=server.name,
        evidence={
            "nameserver": server.name.to_text(),
            "zone": apex.to_text(),
            "failure": server.failure,
            "unanswered": server.unanswered,
        },
    )


def half_known(survey: Survey, _context: Context) -> Iterable[Finding]:
    """Tell of name servers that answer, and may have addresses nobody could be asked about."""
    answering = {seen.nameserver for seen in survey.observations if seen_as.is_usable(seen)}
    servers = {
        server.name: (server, hop.zone.apex)
        for hop in survey.hops
        for server in hop.zone.nameservers
        if server.unanswered
        and server.name in answering
        and len({endpoint.ipv6 for endpoint in server.endpoints}) == 1
    }
    for server, apex in servers.values():
        name = phrases.host(server.name)
        why = phrases.bounded(server.failure or "its own zone does not answer")
        yield finding(
            "address-unreachable",
            summary=f"{name} may have further addresses, which could not be looked up",
            cause=f"{name}: {why}. Known are "
            f"{phrases.listed(endpoint.address for endpoint in server.endpoints)}.",
            remedy=f"See that the name servers of the zone that {name} lies in answer for A and "
            "for AAAA, with an empty answer where there is none.",
            nameserver=server.name,
            evidence={
                "nameserver": server.name.to_text(),
                "zone": apex.to_text(),
                "failure": server.failure,
                "known": [endpoint.address for endpoint in server.endpoints],
            },
        )
