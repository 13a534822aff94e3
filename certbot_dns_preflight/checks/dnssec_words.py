"""The words and the evidence that rules about DNSSEC share: servers, record types, moments."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import phrases
from certbot_dns_preflight.escaping import show_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import dns.name
    import dns.rdatatype

    from certbot_dns_preflight.facts.dnssec import (
        Expiring,
        Fault,
        ServerAddress,
        ZoneState,
    )
    from certbot_dns_preflight.facts.finding import Json

_HOUR, DAY = 3600, 86400


def where(zone: ZoneState, places: Sequence[ServerAddress]) -> str:
    """Say where, unless it is everywhere."""
    everywhere = {place for place, _ in zone.places}
    if not places or everywhere <= set(places):
        return ""
    return f" on {hosts(places, zone)}"


def hosts(places: Sequence[ServerAddress], zone: ZoneState | None = None) -> str:
    """Name servers; with the address where only part of a server's addresses is meant."""
    texts = [f"resolver {p.endpoint.address}" for p in places if p.nameserver is None]
    for server in nameservers(places):
        own = {p for p, _ in zone.places if p.nameserver == server} if zone else set()
        host = phrases.host(server)
        if own and own <= set(places):
            texts.append(host)
        else:
            addresses = [p.endpoint.address for p in places if p.nameserver == server]
            texts.append(f"{host} at {phrases.listed(addresses)}")
    return phrases.listed(texts)


def nameservers(places: Iterable[ServerAddress]) -> list[dns.name.Name]:
    """List the name servers of some addresses, each once."""
    return list(dict.fromkeys(p.nameserver for p in places if p.nameserver is not None))


def type_name(rdtype: dns.rdatatype.RdataType) -> str:
    """Name a record type."""
    import dns.rdatatype  # noqa: PLC0415 - `explain` reads the rules without dnspython

    return dns.rdatatype.to_text(rdtype)


def what(about: Fault | Expiring) -> str:
    """Name a record set: "the DNSKEY records of example.com"."""
    kind = type_name(about.rdtype)
    noun = "record" if kind == "SOA" else "records"
    return f"the {kind} {noun} of {phrases.owner(about.owner)}"


def span(seconds: int) -> str:
    """Write a duration in its largest unit of which there are two."""
    if seconds >= 2 * DAY:
        return phrases.count(seconds // DAY, "day")
    if seconds >= 2 * _HOUR:
        return phrases.count(seconds // _HOUR, "hour")
    return phrases.count(max(1, seconds // 60), "minute")


def when(moment: int) -> str:
    """Write a moment for people."""
    return f"{dt.datetime.fromtimestamp(moment, dt.UTC):%Y-%m-%d %H:%M} UTC"


def iso(moment: int | None) -> str | None:
    """Write a moment for machines."""
    if moment is None:
        return None
    return f"{dt.datetime.fromtimestamp(moment, dt.UTC):%Y-%m-%dT%H:%M:%SZ}"


def places(some: Iterable[ServerAddress]) -> list[Json]:
    """Give each address, exact."""
    return [
        {
            "nameserver": show_name(p.nameserver) if p.nameserver else None,
            "address": p.endpoint.address,
            "port": p.endpoint.port,
        }
        for p in some
    ]
