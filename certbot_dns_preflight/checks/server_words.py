"""The words for name servers in trouble: who, what was tried, and what to do. Decides nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import context as seen_as
from certbot_dns_preflight.checks import phrases
from certbot_dns_preflight.checks.finding import finding
from certbot_dns_preflight.facts.answers import (
    Failing,
    NoResponseReason,
    NotAsked,
    NotAuthoritative,
    Referral,
    Unreachable,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    import dns.name

    from certbot_dns_preflight.facts.finding import Finding, Severity
    from certbot_dns_preflight.facts.survey import NameServer, Observation, Survey, Zone

_OF_ADDRESSES = frozenset({"address-unreachable", "malformed-answer", "tcp-unavailable"})
_REMOVE = "out of the NS set, in the zone and at the registrar"


def trouble(code: str, severity: Severity, at: tuple[Observation, ...], survey: Survey) -> Finding:
    """Word one kind of trouble for all addresses and servers that have it."""
    summary, cause, remedy = _texts(code, at, survey)
    return finding(
        code,
        severity=severity,
        summary=summary,
        cause=cause,
        remedy=remedy,
        about=at,
        evidence={"addresses": phrases.places(at)},
    )


def without_address(servers: Sequence[NameServer], zone: Zone, severity: Severity) -> Finding:
    """Word that name servers of a zone have no address."""
    names = phrases.listed(phrases.host(server.name) for server in servers)
    apex = phrases.owner(zone.apex)
    some = len(servers)
    if some > 1 and some == len(zone.nameservers):
        summary = f"no name server of {apex} has an address: {names}"
        remedy = (
            f"At the registrar of {apex} name servers that have A or AAAA records, or give "
            "these names some (no CNAME)"
        )
    else:
        role = phrases.verb(some, "a name server", "name servers")
        summary = f"{names}, {role} of {apex}, {phrases.verb(some, 'has', 'have')} no address"
        remedy = (
            f"Give {names} an address record (not a CNAME), or take "
            f"{phrases.verb(some, 'it', 'them')} {_REMOVE}"
        )
    why = phrases.listed(
        f"{phrases.host(server.name)}: {phrases.bounded(server.failure or 'it has neither')}"
        for server in servers
    )
    return finding(
        "nameserver-without-address",
        severity=severity,
        summary=summary,
        cause=f"An NS record's name must have A or AAAA records. {why}",
        remedy=remedy,
        nameserver=servers[0].name if some == 1 else None,
        evidence={
            "zone": zone.apex.to_text(),
            "nameservers": [
                {
                    "nameserver": server.name.to_text(),
                    "failure": server.failure,
                    "unanswered": server.unanswered,
                }
                for server in servers
            ],
            # An outage of the names' own zone may pass; an authoritative denial does not.
            "unanswered": all(server.unanswered for server in servers),
        },
    )


def not_asked(server: NameServer, zone: Zone, severity: Severity) -> Finding:
    """Word that the time did not suffice to ask a name server."""
    name = phrases.host(server.name)
    return finding(
        "nameserver-unreachable",
        severity=severity,
        summary=f"{name} was not asked",
        cause=f"None of its addresses could be asked in time for {phrases.owner(zone.apex)}.",
        remedy="Look again, with a longer timeout.",
        nameserver=server.name,
        evidence={"nameserver": server.name.to_text(), "zone": zone.apex.to_text()},
    )


def half_known(server: NameServer, apex: dns.name.Name) -> Finding:
    """Word that a name server may have addresses nobody could be asked about."""
    name = phrases.host(server.name)
    why = phrases.bounded(server.failure or "its own zone does not answer")
    return finding(
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


def _texts(  # noqa: PLR0911 - one for each kind of trouble
    code: str, at: tuple[Observation, ...], survey: Survey
) -> tuple[str, str, str]:
    names = seen_as.nameservers(at)
    some = len(at) if code in _OF_ADDRESSES else len(names)
    hosts = phrases.listed(map(phrases.host, names))
    all_of_them = _whole_zone(names, at, survey)
    if code in _OF_ADDRESSES:
        who = phrases.listed(phrases.subjects(at, survey.observations))
        some = len(phrases.subjects(at, survey.observations))
    else:
        who = f"all {len(names)} name servers ({hosts})" if all_of_them else hosts
    addresses = phrases.listed(observation.endpoint.address for observation in at)
    zone = phrases.listed(phrases.owner(observation.zone) for observation in at)
    take_out = f"take {phrases.verb(some, 'it', 'them')} {_REMOVE}"
    if all_of_them:
        take_out = f"correct the delegation of {zone} at its registrar"

    def does(singular: str, plural: str) -> str:
        return phrases.verb(some, singular, plural)

    match code:
        case "nameserver-refuses":
            return (
                f"{who} {does('refuses', 'refuse')} to answer for {zone}",
                (
                    f"REFUSED from {addresses}: the zone is not configured there (lame "
                    "delegation), or not for everybody who asks."
                ),
                f"Configure the zone on {hosts}, or {take_out}.",
            )
        case "nameserver-failing":
            return (
                f"{who} {does('fails', 'fail')} with {phrases.distinct_answers(at)} for {zone}",
                f"{phrases.distinct_answers(at)} from {addresses}: {_why_failing(at)}.",
                f"Read the log on {hosts}: reload the zone, or mend the transfer from the primary.",
            )
        case "not-authoritative":
            return (
                f"{who} {does('answers', 'answer')} without authority for {zone}",
                _without_authority(at, addresses),
                f"Serve the zone on {hosts} as primary or secondary, or {take_out}.",
            )
        case "malformed-answer":
            return (
                f"{who} {does('sends', 'send')} what is no answer to the question",
                f"Received from {addresses}: {phrases.distinct_answers(at)}.",
                (
                    f"Ask {addresses} with dig from another network. If all is well there, a "
                    "firewall or middlebox on the way spoils the answers; else mend the server, "
                    f"or {take_out}."
                ),
            )
        case "tcp-unavailable":
            return (
                (
                    f"{who} {does('cuts its answer', 'cut their answers')} short over UDP and "
                    f"{does('does', 'do')} not answer over TCP"
                ),
                (
                    "A truncated answer, whether for its size or to limit a rate, can be had whole "
                    "over TCP alone."
                ),
                f"Open TCP port 53 to {addresses}.",
            )
        case "address-unreachable":
            servers = phrases.verb(len(names), "server", "servers")
            return (
                (
                    f"{who} {does('does', 'do')} not answer; other addresses of the same name "
                    f"{servers} do"
                ),
                f"Tried: {_details(at)}.",
                (
                    "Let the server listen there and open port 53 (UDP and TCP), or remove the "
                    "address record and glue."
                ),
            )
        case _:
            return _silent(at, who, hosts, take_out)


def _whole_zone(
    names: tuple[dns.name.Name, ...], at: tuple[Observation, ...], survey: Survey
) -> bool:
    """Whether these are all of several name servers of one zone."""
    zones = {observation.zone for observation in at}
    everybody = {
        server.name
        for hop in survey.hops
        for server in hop.zone.nameservers
        if hop.zone.apex in zones
    }
    return len(zones) == 1 and len(names) > 1 and everybody == set(names)


def _why_failing(at: tuple[Observation, ...]) -> str:
    codes = {
        observation.reading.rcode for observation in at if isinstance(observation.reading, Failing)
    }
    if codes == {"YXDOMAIN"}:
        return "a DNAME above the name leads to one that is too long to exist (RFC 6672)"
    if codes <= {"FORMERR", "NOTIMP"}:
        return "the query was not understood"
    return "the zone is not loaded there, has expired, or what serves it is broken"


def _silent(
    at: tuple[Observation, ...], who: str, hosts: str, take_out: str
) -> tuple[str, str, str]:
    plural = who != hosts or len(seen_as.nameservers(at)) > 1
    if all(_is_ours(observation) for observation in at):
        families = phrases.listed(sorted({_family(observation) for observation in at}))
        has = "have" if plural else "has"
        return (
            (
                f"{who} cannot be asked from here: {'they' if plural else 'it'} {has} {families} "
                "addresses only"
            ),
            f"Whether the record is there is not known: {_details(at)}.",
            (
                f"Look from a host that has {families}, or with --family auto. unreachable=warn "
                "would leave these servers out of the verdict."
            ),
        )
    answer = "answers" if not plural else "answer"
    summary = f"no address of {hosts} answers" if who == hosts else f"none of {who} {answer}"
    return (
        summary,
        f"Tried: {_details(at)}.",
        f"Start {'them' if plural else 'it'} and open port 53, UDP and TCP; or {take_out}.",
    )


def _is_ours(observation: Observation) -> bool:
    """Whether it is this host, or its settings, that keep an address from being asked."""
    match observation.reading:
        case NotAsked() | Unreachable(reason=NoResponseReason.NO_ROUTE):
            return True
        case _:
            return False


def _family(observation: Observation) -> str:
    return "IPv6" if observation.endpoint.ipv6 else "IPv4"


def _details(at: tuple[Observation, ...]) -> str:
    words = []
    for observation in at:
        match observation.reading:
            case Unreachable(reason=reason):
                words.append(f"{observation.endpoint.address} {reason.value}")
            case NotAsked(reason=reason):
                words.append(f"{observation.endpoint.address} not asked, {phrases.bounded(reason)}")
            case reading:
                words.append(f"{observation.endpoint.address} {phrases.answer(reading)}")
    return phrases.listed(words)


def _without_authority(at: tuple[Observation, ...], addresses: str) -> str:
    for observation in at:
        match observation.reading:
            case Referral(cut=cut):
                return f"{addresses}: a referral to {phrases.owner(cut)} instead of an answer."
            case NotAuthoritative(recursive=True):
                return (
                    f"A recursive resolver that does not hold the zone (AA=0, RA=1): {addresses}."
                )
            case NotAuthoritative(upward=name) if name is not None:
                return (
                    f"{addresses}: a referral upwards to {phrases.owner(name)}; "
                    "the zone is not configured there."
                )
    return f"{addresses}: AA=0; the server does not hold the zone."
