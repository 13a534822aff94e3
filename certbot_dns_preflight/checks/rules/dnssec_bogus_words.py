"""The sentences of dnssec-bogus: what is wrong, where, since when, and what to do, a kind each."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from certbot_dns_preflight.checks import dnssec_words, phrases
from certbot_dns_preflight.facts.dnssec import WITHOUT_PROOF, Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from certbot_dns_preflight.facts.dnssec import Assessment, Fault, ServerAddress, ZoneState

_DENYING = frozenset({"NSEC", "NSEC3", "SOA"})


def summary(  # noqa: PLR0911 - one sentence a kind
    zone: ZoneState, kind: Kind, faults: Sequence[Fault], places: Sequence[ServerAddress], now: int
) -> str:
    """Say what is wrong with which zone, and where, unless it is everywhere."""
    apex, where, first = phrases.owner(zone.apex), dnssec_words.where(zone, places), faults[0]
    caa = all(_type_asked(fault) == "CAA" for fault in faults)
    of_caa = f" of {_types(faults)}" if caa else ""
    match kind:
        case Kind.DS_WITHOUT_KEY:
            if _is_root(zone):
                return "The trust anchor matches none of the root's keys"
            parent = phrases.owner(zone.apex.parent())
            return f"DNSSEC of {apex}: its DS (seen from {parent}) matches no key{where}"
        case Kind.DIGEST_DIFFERS:
            parent = phrases.owner(zone.apex if _is_root(zone) else zone.apex.parent())
            tags = phrases.listed(dict.fromkeys(str(tag) for f in faults for tag in f.key_tags))
            return (
                f"DNSSEC of {apex}: its DS (seen from {parent}) names key tag {tags}, but another "
                f"digest than that key has{where}"
            )
        case Kind.EXPIRED:
            ago = dnssec_words.span(
                now - (min(f.moment for f in faults if f.moment) if first.moment else now)
            )
            return f"DNSSEC of {apex}: signatures{of_caa} expired {ago} ago{where}"
        case Kind.NOT_YET_VALID:
            ahead = dnssec_words.span((first.moment or now) - now)
            return f"DNSSEC of {apex}: signatures{of_caa} begin only in {ahead}{where}"
        case Kind.MISSING if all(fault.detail == WITHOUT_PROOF for fault in faults):
            return f"DNSSEC of {apex}: {_types(faults)} denied without a signed proof{where}"
        case Kind.MISSING:
            return f"DNSSEC of {apex}: {_types(faults)} without a signature{where}"
        case Kind.INVALID:
            return f"DNSSEC of {apex}: {_types(faults)} with a signature that does not fit{where}"
        case Kind.DENIAL_INVALID:
            absent = phrases.listed(map(_denied, faults))
            return f"DNSSEC of {apex}: the proof that {absent} does not hold{where}"
        case _ as never:
            assert_never(never)


def cause(zone: ZoneState, kind: Kind, faults: Sequence[Fault], assessment: Assessment) -> str:
    """Say of each fault what a validator meets, and at which servers."""
    lines = []
    for fault in faults:
        text = f"{dnssec_words.what(fault)}: {phrases.bounded(fault.detail)}"
        if kind is Kind.DS_WITHOUT_KEY:
            tags = ", ".join(map(str, fault.key_tags[:8]))
            text = f"the DS names key {tags}; {phrases.bounded(fault.detail)}"
        elif fault.moment is not None:
            verb = "ended" if kind is Kind.EXPIRED else "begins"
            when = dnssec_words.when(fault.moment)
            text = f"the signature of {dnssec_words.what(fault)} {verb} {when}"
        lines.append(f"{text} ({dnssec_words.hosts(fault.places)})")
    return phrases.listed(lines) + _clock(zone, kind, faults, assessment)


def remedy(  # noqa: C901, PLR0911, PLR0912 - one sentence a case
    zone: ZoneState, kind: Kind, faults: Sequence[Fault], places: Sequence[ServerAddress]
) -> str:
    """Say what the signer, the registrar or the servers' operator has to do."""
    apex = phrases.owner(zone.apex)
    at = {place for place, _ in zone.places}
    partly = not at <= set(places)
    match kind:
        case Kind.DS_WITHOUT_KEY if _is_root(zone):
            return "Correct the trust anchors given with trust-anchor, or leave the option out"
        case Kind.DENIAL_INVALID if any(_is_of_a_delegation(fault) for fault in faults):
            return (
                f"Delegate the zone in {apex} (NS records, and DS if it is signed), or remove it "
                "from the servers; then sign again"
            )
        case _ if dnssec_words.is_top_level(zone):
            return (
                "The registry's signatures do not hold; nothing to fix on your side, if this "
                "host's clock is right. Try again later"
            )
        case Kind.DS_WITHOUT_KEY if at.isdisjoint(places):
            return "See that all servers of the zone above serve the DS of the zone's current keys"
        case Kind.DS_WITHOUT_KEY if partly:
            return f"See that these servers get the signed {apex} with its current keys"
        case Kind.DS_WITHOUT_KEY:
            return (
                "Put the DS of the zone's key-signing key into the parent zone (at the registrar); "
                "or remove the DS if the zone is not to be signed"
            )
        case Kind.DIGEST_DIFFERS:
            return (
                "Put the DS into the parent zone (at the registrar) anew, made from the key that "
                "the zone serves: key tag and algorithm are right, the digest is not"
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
        case Kind.DENIAL_INVALID:
            return f"Rebuild the chain of NSEC or NSEC3 records of {apex}, and sign it again"
        case Kind.INVALID:
            return f"Sign {apex} again; let nothing change the zone after signing"
        case _ as never:
            assert_never(never)


def _clock(zone: ZoneState, kind: Kind, faults: Iterable[Fault], assessment: Assessment) -> str:
    """Mention this host's clock where it would explain what is seen."""
    if kind not in (Kind.EXPIRED, Kind.NOT_YET_VALID):
        return ""
    moments = [fault.moment for fault in faults if fault.moment is not None]
    near = any(abs(moment - assessment.now) < dnssec_words.DAY for moment in moments)
    if not near and not dnssec_words.is_top_level(zone):
        return ""
    return (
        f"; this host's clock says {dnssec_words.when(assessment.now)}: if it is wrong, that alone "
        "may explain it"
    )


def _types(faults: Iterable[Fault]) -> str:
    """Name what the faults are about: "TXT", "CAA at example.com.", "the denial of CAA at …"."""
    return phrases.listed(map(_type, faults))


def _type(fault: Fault) -> str:
    name = dnssec_words.type_name(fault.rdtype)
    if name == "CAA":
        return f"CAA at {phrases.owner(fault.owner)}"
    if _type_asked(fault) == "CAA" and fault.concerns and name in _DENYING:
        return f"the denial of CAA at {phrases.owner(fault.concerns)}"
    return name


def _denied(fault: Fault) -> str:
    return f"{phrases.owner(fault.owner)} has no {dnssec_words.type_name(fault.rdtype)}"


def _is_of_a_delegation(fault: Fault) -> bool:
    return dnssec_words.type_name(fault.rdtype) == "DS"


def _type_asked(fault: Fault) -> str | None:
    return None if fault.asked is None else dnssec_words.type_name(fault.asked)


def _is_root(zone: ZoneState) -> bool:
    return len(zone.apex) == 1
