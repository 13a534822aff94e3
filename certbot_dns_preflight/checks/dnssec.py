"""DNSSEC: what a validating CA would not believe, at which addresses, since when; what ends soon.

Pure: an assessment (`dnssec.validate`) goes in, findings come out. Here are grouping and words.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING, assert_never

import dns.name
import dns.rdatatype

from certbot_dns_preflight.checks import phrases
from certbot_dns_preflight.checks.finding import finding
from certbot_dns_preflight.escaping import show_name
from certbot_dns_preflight.facts.dnssec import UNSUPPORTED, Kind, Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from certbot_dns_preflight.facts.dnssec import (
        Assessment,
        Expiring,
        Fault,
        ServerAddress,
        ZoneState,
    )
    from certbot_dns_preflight.facts.finding import Finding, Json

_HOUR, _DAY = 3600, 86400
_DENYING = frozenset({dns.rdatatype.NSEC, dns.rdatatype.NSEC3, dns.rdatatype.SOA})
_TOP_LEVEL = 2  # labels of a top-level domain's name, the root's empty one included


def judge(assessment: Assessment) -> Iterator[Finding]:
    """Tell each zone's faults, one finding a kind; and signatures that end soon, one a zone."""
    for zone in assessment.zones:
        for kind in Kind:
            faults = [fault for fault in zone.faults if fault.kind is kind]
            if faults:
                yield _bogus(zone, kind, faults, assessment)
        # What is expired or bogus already need not be told as ending soon. A registry renews in
        # time; where its signatures seem to have ended, it is this host's clock.
        registry = len(zone.apex) <= _TOP_LEVEL
        if not zone.faults and any(
            not registry or one.inception is not None or one.expiration < assessment.now
            for one in zone.expiring
        ):
            yield _expiring(zone, assessment.now)


def unjudged(assessment: Assessment) -> tuple[str, ...]:
    """Say what could not be judged and why, as sentences; empty if all could.

    Of a chain only the first zone: what is below it cannot be judged either, and not for reasons of
    its own.
    """
    told: list[ZoneState] = []
    for zone in assessment.zones:
        unknown = zone.status is Status.INDETERMINATE and zone.reason
        unsupported = zone.status is Status.INSECURE and zone.reason == UNSUPPORTED
        if (unknown or unsupported) and not any(zone.apex.is_subdomain(t.apex) for t in told):
            told.append(zone)
    return tuple(
        f"DNSSEC of {phrases.owner(zone.apex)} could not be judged: {phrases.bounded(zone.reason)}."
        for zone in told
    )


# -- findings ------------------------------------------------------------------------------------


def _bogus(zone: ZoneState, kind: Kind, faults: Sequence[Fault], assessment: Assessment) -> Finding:
    places = tuple(dict.fromkeys(place for fault in faults for place in fault.places))
    servers = _nameservers(places)
    addresses = {place.endpoint.address for place in places}
    made = finding(
        "dnssec-bogus",
        summary=_summary(zone, kind, faults, places, assessment.now),
        cause=_cause(zone, kind, faults, assessment),
        remedy=_remedy(zone, kind, faults, places),
        nameserver=servers[0] if len(servers) == 1 else None,
        evidence={
            "kind": kind.value,
            "zone": show_name(zone.apex),
            "faults": [
                {
                    "owner": show_name(fault.owner),
                    "type": dns.rdatatype.to_text(fault.rdtype),
                    "detail": fault.detail,
                    "moment": _iso(fault.moment),
                    "key_tags": list(fault.key_tags),
                    "addresses": _exact(fault.places),
                }
                for fault in faults
            ],
            "judged_at": _iso(assessment.now),
        },
    )
    return replace(made, address=next(iter(addresses))) if len(addresses) == 1 else made


def _expiring(zone: ZoneState, now: int) -> Finding:
    places = tuple(dict.fromkeys(p for one in zone.expiring for p in one.places))
    servers = _nameservers(places)
    summary, cause, remedy = _times(zone, places, now)
    return finding(
        "dnssec-expiring",
        summary=summary,
        cause=cause,
        remedy=remedy,
        nameserver=servers[0] if len(servers) == 1 else None,
        evidence={
            "zone": show_name(zone.apex),
            "expiration": _iso(min(one.expiration for one in zone.expiring)),
            "signatures": [
                {
                    "owner": show_name(one.owner),
                    "type": dns.rdatatype.to_text(one.rdtype),
                    "expiration": _iso(one.expiration),
                    "inception": _iso(one.inception),
                    "addresses": _exact(one.places),
                }
                for one in zone.expiring
            ],
            "judged_at": _iso(now),
        },
    )


# -- words ---------------------------------------------------------------------------------------


def _summary(
    zone: ZoneState, kind: Kind, faults: Sequence[Fault], places: Sequence[ServerAddress], now: int
) -> str:
    apex, where, first = phrases.owner(zone.apex), _where(zone, places), faults[0]
    caa = all(fault.asked == dns.rdatatype.CAA for fault in faults)
    of_caa = f" of {_types(faults)}" if caa else ""
    match kind:
        case Kind.DS_WITHOUT_KEY:
            if zone.apex == dns.name.root:
                return "The trust anchor matches none of the root's keys"
            parent = phrases.owner(zone.apex.parent())
            return f"DNSSEC of {apex}: its DS (seen from {parent}) matches no key{where}"
        case Kind.EXPIRED:
            ago = _span(now - (min(f.moment for f in faults if f.moment) if first.moment else now))
            return f"DNSSEC of {apex}: signatures{of_caa} expired {ago} ago{where}"
        case Kind.NOT_YET_VALID:
            ahead = _span((first.moment or now) - now)
            return f"DNSSEC of {apex}: signatures{of_caa} begin only in {ahead}{where}"
        case Kind.MISSING:
            return f"DNSSEC of {apex}: {_types(faults)} without a signature{where}"
        case Kind.INVALID:
            return f"DNSSEC of {apex}: {_types(faults)} with a signature that does not fit{where}"
        case _ as never:
            assert_never(never)


def _times(zone: ZoneState, places: Sequence[ServerAddress], now: int) -> tuple[str, str, str]:
    """Word summary, cause and remedy of signatures that are near either end of their time."""
    apex, where = phrases.owner(zone.apex), _where(zone, places)
    first = min(zone.expiring, key=lambda one: one.expiration)
    ahead = [one for one in zone.expiring if one.inception is not None]
    tolerated = f"validators allow for clocks that differ so much; this host's says {_when(now)}"
    if first.expiration < now:
        return (
            f"Signatures of {apex} ended {_span(now - first.expiration)} ago{where}",
            f"{_what(first)} is signed until {_when(first.expiration)}; {tolerated}",
            "See that the signer runs and that this host's clock is right; soon the CA will refuse",
        )
    if ahead:
        late = max(ahead, key=lambda one: one.inception or 0)
        return (
            f"Signatures of {apex} begin only in {_span((late.inception or now) - now)}{where}",
            f"{_what(late)} is signed from {_when(late.inception or now)} on; {tolerated}",
            "Set the signer's clock, or this host's",
        )
    return (
        f"Signatures of {apex} end in {_span(first.expiration - now)}{where}",
        f"{_what(first)} is signed until {_when(first.expiration)}; a signer renews in time",
        "See that the signer runs and its work gets to all servers; then the CA would refuse",
    )


def _cause(zone: ZoneState, kind: Kind, faults: Sequence[Fault], assessment: Assessment) -> str:
    lines = []
    for fault in faults:
        text = f"{_what(fault)}: {phrases.bounded(fault.detail)}"
        if kind is Kind.DS_WITHOUT_KEY:
            tags = ", ".join(map(str, fault.key_tags[:8]))
            text = f"the DS names key {tags}; {phrases.bounded(fault.detail)}"
        elif fault.moment is not None:
            verb = "ended" if kind is Kind.EXPIRED else "begins"
            text = f"the signature of {_what(fault)} {verb} {_when(fault.moment)}"
        lines.append(f"{text} ({_hosts(fault.places)})")
    cause = phrases.listed(lines)
    return cause + _clock(zone, kind, faults, assessment)


def _remedy(  # noqa: C901, PLR0911 - one sentence a case
    zone: ZoneState, kind: Kind, faults: Sequence[Fault], places: Sequence[ServerAddress]
) -> str:
    apex = phrases.owner(zone.apex)
    at = {place for place, _ in zone.places}
    partly = not at <= set(places)
    match kind:
        case Kind.DS_WITHOUT_KEY if zone.apex == dns.name.root:
            return "Correct the trust anchors given with trust-anchor, or leave the option out"
        case Kind.DS_WITHOUT_KEY if at.isdisjoint(places):
            return "See that all servers of the zone above serve the DS of the zone's current keys"
        case Kind.DS_WITHOUT_KEY if partly:
            return f"See that these servers get the signed {apex} with its current keys"
        case Kind.DS_WITHOUT_KEY:
            return (
                "Put the DS of the zone's key-signing key into the parent zone (at the registrar); "
                "or remove the DS if the zone is not to be signed"
            )
        case Kind.EXPIRED if partly:
            return (
                f"See why these servers no longer get {apex} from the primary (transfer, serial), "
                "and transfer it anew"
            )
        case Kind.EXPIRED:
            return f"Sign {apex} again, and see why its signer has stopped"
        case Kind.NOT_YET_VALID:
            return "Set the signer's clock, or this host's, and sign again"
        case Kind.MISSING if partly:
            return f"See that these servers hold {apex} as it was signed, with DNSSEC turned on"
        case Kind.MISSING:
            return f"Sign all of {apex}; with a new key or algorithm, before the DS appears"
        case Kind.INVALID if any("trusted keys" in fault.detail for fault in faults):
            return (
                "Publish the key that signs on every server, and keep the old one until all its "
                "signatures are gone"
            )
        case Kind.INVALID:
            return f"Sign {apex} again; let nothing change the zone after signing"
        case _ as never:
            assert_never(never)


def _clock(zone: ZoneState, kind: Kind, faults: Iterable[Fault], assessment: Assessment) -> str:
    """Mention this host's clock where it would explain what is seen."""
    if kind not in (Kind.EXPIRED, Kind.NOT_YET_VALID):
        return ""
    moments = [fault.moment for fault in faults if fault.moment is not None]
    near = any(abs(moment - assessment.now) < _DAY for moment in moments)
    registry = len(zone.apex) <= _TOP_LEVEL  # they do not let signatures expire
    if not near and not registry:
        return ""
    return (
        f"; this host's clock says {_when(assessment.now)}: if it is wrong, that alone may "
        "explain it"
    )


def _where(zone: ZoneState, places: Sequence[ServerAddress]) -> str:
    """Say where, unless it is everywhere."""
    everywhere = {place for place, _ in zone.places}
    if not places or everywhere <= set(places):
        return ""
    return f" on {_hosts(places, zone)}"


def _hosts(places: Sequence[ServerAddress], zone: ZoneState | None = None) -> str:
    """Name servers; with the address where only part of a server's addresses is meant."""
    texts = []
    for place in places:
        if place.nameserver is None:
            texts.append(f"resolver {place.endpoint.address}")
            continue
        own = {p for p, _ in zone.places if p.nameserver == place.nameserver} if zone else set()
        whole = bool(own) and own <= set(places)
        host = phrases.host(place.nameserver)
        texts.append(host if whole else f"{host} at {place.endpoint.address}")
    return phrases.listed(texts)


def _nameservers(places: Iterable[ServerAddress]) -> list[dns.name.Name]:
    return list(dict.fromkeys(p.nameserver for p in places if p.nameserver is not None))


def _types(faults: Iterable[Fault]) -> str:
    """Name what the faults are about: "TXT", "CAA at example.com.", "the denial of CAA at …"."""
    return phrases.listed(map(_type, faults))


def _type(fault: Fault) -> str:
    if fault.rdtype == dns.rdatatype.CAA:
        return f"CAA at {phrases.owner(fault.owner)}"
    if fault.asked == dns.rdatatype.CAA and fault.concerns and fault.rdtype in _DENYING:
        return f"the denial of CAA at {phrases.owner(fault.concerns)}"
    return dns.rdatatype.to_text(fault.rdtype)


def _what(about: Fault | Expiring) -> str:
    return f"{phrases.owner(about.owner)} {dns.rdatatype.to_text(about.rdtype)}"


def _span(seconds: int) -> str:
    if seconds >= 2 * _DAY:
        return phrases.count(seconds // _DAY, "day")
    if seconds >= 2 * _HOUR:
        return phrases.count(seconds // _HOUR, "hour")
    return phrases.count(max(1, seconds // 60), "minute")


def _when(moment: int) -> str:
    return f"{dt.datetime.fromtimestamp(moment, dt.UTC):%Y-%m-%d %H:%M} UTC"


def _iso(moment: int | None) -> str | None:
    if moment is None:
        return None
    return f"{dt.datetime.fromtimestamp(moment, dt.UTC):%Y-%m-%dT%H:%M:%SZ}"


def _exact(places: Iterable[ServerAddress]) -> list[Json]:
    return [
        {
            "nameserver": show_name(p.nameserver) if p.nameserver else None,
            "address": p.endpoint.address,
            "port": p.endpoint.port,
        }
        for p in places
    ]
