"""Which name servers give no usable answer, each with its one cause.

`trouble_words` names them, and the rules decide how it is worded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import observations
from certbot_dns_preflight.codes import Code
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
from certbot_dns_preflight.settings import UnreachablePolicy

if TYPE_CHECKING:
    from collections.abc import Iterator

    import dns.name

    from certbot_dns_preflight.facts.answers import Reading
    from certbot_dns_preflight.facts.survey import Hop, Observation, Survey
    from certbot_dns_preflight.facts.zone import NameServer

_IN_ORDER = (
    Code.NAMESERVER_REFUSES,
    Code.NAMESERVER_FAILING,
    Code.NOT_AUTHORITATIVE,
    Code.MALFORMED_ANSWER,
    Code.TCP_UNAVAILABLE,
    Code.NAMESERVER_UNREACHABLE,
)


@dataclass(frozen=True, slots=True)
class Trouble:
    """One kind of failure by its code, and the addresses with it, in all zones on the way."""

    code: Code
    severity: Severity
    at: tuple[Observation, ...]


def troubles(survey: Survey, unreachable: UnreachablePolicy) -> tuple[Trouble, ...]:
    """Group all failing addresses by how they fail."""
    groups: dict[tuple[Code, Severity], list[Observation]] = {}
    for hop in survey.hops:
        for trouble in _troubles(hop, _severity(hop, unreachable)):
            at = groups.setdefault((trouble.code, trouble.severity), [])
            known = {(observation.nameserver, observation.endpoint) for observation in at}
            at.extend(o for o in trouble.at if (o.nameserver, o.endpoint) not in known)
    return tuple(Trouble(code, severe, tuple(at)) for (code, severe), at in groups.items())


def unheard(
    survey: Survey, unreachable: UnreachablePolicy
) -> Iterator[tuple[NameServer, Hop, Severity]]:
    """Find the name servers of which no address was asked, each once at each severity."""
    done: set[tuple[dns.name.Name, Severity]] = set()
    for hop in survey.hops:
        severity = _severity(hop, unreachable)
        heard = {observation.nameserver for observation in hop.observations}
        for server in hop.zone.nameservers:
            if server.name not in heard and (server.name, severity) not in done:
                done.add((server.name, severity))
                yield server, hop, severity


def _severity(hop: Hop, unreachable: UnreachablePolicy) -> Severity:
    """Severity of a server's trouble: excusable while another one of the delegation answers."""
    excused = unreachable is UnreachablePolicy.WARN and any(
        observations.is_usable(observations.now(observation))
        for observation in observations.within_reach(hop)
    )
    return Severity.WARNING if excused else Severity.ERROR


def _troubles(hop: Hop, severity: Severity) -> Iterator[Trouble]:
    """Find each name server's one cause, and its addresses that are merely silent beside it."""
    by_server: dict[dns.name.Name, list[Observation]] = {}
    for observation in hop.observations:
        by_server.setdefault(observation.nameserver, []).append(observation)
    for every in by_server.values():
        # What fails only as a CA's resolver asks has findings of its own.
        mine = tuple(observations.now(one) for one in every if one.fault is None)
        if not mine:
            continue
        codes = {code for observation in mine if (code := code_of(observation.reading))}
        found = [code for code in _IN_ORDER if code in codes]
        usable = any(observations.is_usable(observation) for observation in mine)
        if not found:
            if not usable:
                yield Trouble(Code.NAMESERVER_UNREACHABLE, severity, mine)
            continue
        first = found[0]
        if first is not Code.NAMESERVER_UNREACHABLE:
            at = tuple(
                observation
                for observation in mine
                if code_of(observation.reading) not in (None, Code.NAMESERVER_UNREACHABLE)
            )
            yield Trouble(first, severity, at)
        silent = tuple(
            observation
            for observation in mine
            if code_of(observation.reading) is Code.NAMESERVER_UNREACHABLE
        )
        if silent and (usable or first is not Code.NAMESERVER_UNREACHABLE):
            yield Trouble(Code.ADDRESS_UNREACHABLE, Severity.WARNING, silent)
        elif silent:
            yield Trouble(Code.NAMESERVER_UNREACHABLE, severity, mine)


def code_of(reading: Reading) -> Code | None:  # noqa: PLR0911 - one for each kind of trouble
    """Give the code of an address's failure; None if it answers, or if this host has no route."""
    match reading:
        case Refused():
            return Code.NAMESERVER_REFUSES
        case Failing():
            return Code.NAMESERVER_FAILING
        case NotAuthoritative() | Referral():
            return Code.NOT_AUTHORITATIVE
        case Malformed():
            return Code.MALFORMED_ANSWER
        case Unreachable(reason=NoResponseReason.TRUNCATED):
            return Code.TCP_UNAVAILABLE
        case Unreachable(reason=NoResponseReason.NO_ROUTE):
            return None
        case Unreachable():
            return Code.NAMESERVER_UNREACHABLE
        case _:
            return None
