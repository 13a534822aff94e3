"""What to type next: a rule's commands, filled in with what a finding is about. Pure.

Every name and address is quoted for the shell where it needs to be: a report may be copied as it
is. A command that something is missing for is left out.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import urlsplit

from certbot_dns_preflight.checks.rules import BY_CODE
from certbot_dns_preflight.facts.obstacle import NoEgress, Tried
from certbot_dns_preflight.facts.survey import Status
from certbot_dns_preflight.report.plain_name import plain_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from certbot_dns_preflight.facts.answers import Endpoint
    from certbot_dns_preflight.facts.finding import Finding, Json
    from certbot_dns_preflight.facts.survey import Hop, Survey

Place: TypeAlias = "Mapping[str, Json]"

_DNS_PORT = 53
_MOST_RESOLVERS = 2
_PLACEHOLDER = re.compile(
    r"@OTHER-ADDRESS|@IPV6-ADDRESS|@ADDRESS|\b(?:PARENT-ADDRESS|PARENT-OF-DOMAIN|NAMESERVER|NAME|ADDRESS|OWNER|ZONE|DOMAIN|TARGET"
    r"|PRIMARY|oWnEr\.eXaMpLe)\b"
)
_PLACES = ("behind", "addresses", "answers", "served_by")


def commands(finding: Finding, survey: Survey) -> tuple[str, ...]:
    """Fill in the first commands that confirm a finding; none for a code that is not known."""
    rule = BY_CODE.get(finding.code)
    if isinstance(survey.obstacle, NoEgress) and survey.obstacle.asked is not Tried.ROOT:
        return _of_resolvers(survey.obstacle)
    if rule is None:
        return ()
    place = next(_places(finding), None)
    hop = _hop(place, survey)
    values = _values(finding, survey, place, hop)
    recursive = hop is not None and hop.recursive
    aliased = _values(finding, survey, None, survey.hops[0]) if survey.hops[1:] else values
    filled = [
        _PLACEHOLDER.sub(lambda found, known=known: known[found[0]], command)  # type: ignore[misc]
        for command in (_recursing(c, survey) if recursive else c for c in rule.confirm)
        for known in [aliased if command.endswith(" CNAME") else values]
        if known.keys() >= set(_PLACEHOLDER.findall(command))
    ]
    return tuple(dict.fromkeys(filled))[: rule.shown]


def _of_resolvers(obstacle: NoEgress) -> tuple[str, ...]:
    """Ask the resolvers that did not answer; name servers are not what the user gave."""
    if obstacle.asked is not Tried.RESOLVERS:
        return ()
    plain = [endpoint for endpoint in obstacle.tried if not endpoint.service]
    return tuple(f"dig {_at(e.address, e.port)} . NS" for e in plain[:_MOST_RESOLVERS])


def _at(address: str, port: object) -> str:
    """Write whom dig asks."""
    return f"@{shlex.quote(address)}" + (f" -p {port}" if port != _DNS_PORT else "")


def _recursing(command: str, survey: Survey) -> str:
    """Have a resolver asked, for what it was asked: it may know a zone, and fail for the record.

    Not before the record is made, as it would keep the miss.
    """
    if survey.challenge.expected:
        command = command.replace("ZONE SOA", "OWNER TXT")
    return command.replace("+norec ", "").replace("+nsid ", "")


def _values(
    finding: Finding, survey: Survey, place: Place | None, hop: Hop | None
) -> dict[str, str]:
    """Find what the placeholders stand for, quoted; those that nothing is known for are missing."""
    owner = plain_name(hop.owner if hop else survey.challenge.owner)
    parent = survey.challenge.domain.partition(".")[2]
    found: dict[str, str | None] = {
        "OWNER": owner,
        "oWnEr.eXaMpLe": "".join(
            character.upper() if number % 2 else character.lower()
            for number, character in enumerate(owner)
        ),
        "DOMAIN": survey.challenge.domain,
        "PARENT-OF-DOMAIN": parent if "." in parent else None,  # a registry's own CAA is no help
        "ZONE": _text(place, "zone")
        or _text(finding.evidence, "zone")
        or (plain_name(hop.zone.apex) if hop else None),
        "TARGET": _text(finding.evidence, "target")
        or (plain_name(survey.alias_chain[-1]) if survey.alias_chain else None),
        "NAME": _text(finding.evidence, "name"),
        "NAMESERVER": plain_name(finding.nameserver) if finding.nameserver else None,
    }
    values = {key: shlex.quote(text) for key, text in found.items() if text}
    address, port = _address(place, hop)
    service = _service(hop, address, port)
    if address and service:
        values["@ADDRESS"] = service
    elif address:
        values["ADDRESS"] = shlex.quote(address)
        values["@ADDRESS"] = _at(address, port)
    other = _other(finding, hop)
    if other:
        values["@OTHER-ADDRESS"] = _at(*other)
    ipv6 = _ipv6_too(finding, address)
    if ipv6:
        values["@IPV6-ADDRESS"] = _at(*ipv6)
    return values


def _ipv6_too(finding: Finding, address: str | None) -> tuple[str, object] | None:
    """Find an IPv6 address that the finding is about, where the one to ask first is IPv4."""
    if address is None or ":" in address:
        return None
    about = ((str(one), port) for one, port in _addresses(finding))
    return next(((one, port) for one, port in about if ":" in one), None)


def _other(finding: Finding, hop: Hop | None) -> tuple[str, object] | None:
    """Choose an address to compare with: the evidence's, or one that has what it should."""
    better = finding.evidence.get("up_to_date")
    for one in better[:1] if isinstance(better, list) else ():
        if isinstance(one, Mapping) and isinstance(one.get("address"), str):
            return str(one["address"]), one.get("port", _DNS_PORT)
    endpoint = _right(finding, hop)
    return (endpoint.address, endpoint.port) if endpoint else None


def _right(finding: Finding, hop: Hop | None) -> Endpoint | None:
    """Choose an address that has what it should, of a name server that the finding is not about."""
    about = set(_addresses(finding))
    wanted = Status.ALIAS if hop and hop.followed else Status.MATCH
    for seen in hop.observations if hop and not hop.recursive else ():
        if seen.status is wanted and (seen.endpoint.address, seen.endpoint.port) not in about:
            return seen.endpoint
    return None


def _addresses(finding: Finding) -> Iterator[tuple[object, object]]:
    """List the addresses that the finding is about, with their ports."""
    for place in _places(finding):
        yield place.get("address"), place.get("port", _DNS_PORT)


def _places(finding: Finding) -> Iterator[Place]:
    """Find the addresses that the finding's evidence names."""
    faults = finding.evidence.get("faults")
    holders: list[Json | Place] = [finding.evidence]
    holders += faults if isinstance(faults, list) else []
    for holder in holders:
        if isinstance(holder, Mapping):
            for key in _PLACES:
                some = holder.get(key)
                if isinstance(some, Sequence) and not isinstance(some, str):
                    yield from (one for one in some if isinstance(one, Mapping))
                    yield from ({"address": one} for one in some if isinstance(one, str))


def _hop(place: Place | None, survey: Survey) -> Hop | None:
    """Find the hop whose servers the finding is about; the last one if it names none."""
    zone = None if place is None else place.get("zone")
    for hop in survey.hops:
        if zone is not None and hop.zone.apex.to_text() == zone:
            return hop
    return survey.hops[-1] if survey.hops else None


def _address(place: Place | None, hop: Hop | None) -> tuple[str | None, int]:
    """Choose the address to ask: the one in the evidence, else one that lacks the record."""
    if place is not None and place.get("address", "") is None:
        return None, _DNS_PORT  # a resolver's word: no name server said so
    if place is not None and isinstance(place.get("address"), str):
        port = place.get("port")
        return str(place["address"]), port if isinstance(port, int) else _DNS_PORT
    if hop is None or not hop.observations:
        return None, _DNS_PORT
    wrong = [o for o in hop.observations if o.status not in (Status.MATCH, Status.ALIAS)]
    endpoint = (wrong or list(hop.observations))[0].endpoint
    return endpoint.address, endpoint.port


def _service(hop: Hop | None, address: str | None, port: int) -> str | None:
    """Write how dig asks a resolver over TLS or by HTTPS; None where it is neither."""
    for observation in hop.observations if hop else ():
        endpoint = observation.endpoint
        if endpoint.service and (endpoint.address, endpoint.port) == (address, port):
            how = "+tls"
            if endpoint.service.startswith("https://"):
                how = f"+https={urlsplit(endpoint.service).path}"
            return f"{shlex.quote(how)} -p {port} @{shlex.quote(endpoint.address)}"
    return None


def _text(holder: Place | None, key: str) -> str | None:
    """Read a name from evidence, where it has its final dot."""
    found = None if holder is None else holder.get(key)
    return (found.removesuffix(".") or ".") if isinstance(found, str) else None
