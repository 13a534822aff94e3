"""The sentences of dnssec-bogus for each kind: what is wrong, where, since when, what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from certbot_dns_preflight.checks import dnssec_words, phrases
from certbot_dns_preflight.facts.dnssec import WITHOUT_PROOF, Kind
from certbot_dns_preflight.facts.registry import is_registry
from certbot_dns_preflight.facts.serials import is_older

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from certbot_dns_preflight.facts.dnssec import Assessment, Fault, ServerAddress, ZoneState
    from certbot_dns_preflight.facts.survey import Survey

_DENYING = frozenset({"NSEC", "NSEC3", "SOA"})


def summary(  # noqa: PLR0911 - one sentence a kind
    zone: ZoneState, kind: Kind, faults: Sequence[Fault], places: Sequence[ServerAddress], now: int
) -> str:
    """Say what is wrong with which zone, and where, unless it is everywhere."""
    apex, where, first = phrases.owner(zone.apex), dnssec_words.where(zone, places), faults[0]
    match kind:
        case Kind.DS_WITHOUT_KEY:
            if _is_root(zone):
                return "the trust anchor does not match any of the root's keys"
            parent = phrases.owner(zone.apex.parent())
            return f"DNSSEC of {apex}: the DS at {parent} does not match any key{where}"
        case Kind.DIGEST_DIFFERS:
            parent = phrases.owner(zone.apex if _is_root(zone) else zone.apex.parent())
            tags = phrases.listed(dict.fromkeys(str(tag) for f in faults for tag in f.key_tags))
            return (
                f"DNSSEC of {apex}: key tag {tags} exists, but its digest differs from the DS at "
                f"{parent}{where}"
            )
        case Kind.EXPIRED:
            ago = dnssec_words.span(
                now - (min(f.moment for f in faults if f.moment) if first.moment else now)
            )
            return _out_of_time(zone, faults, places, f"expired {ago} ago")
        case Kind.NOT_YET_VALID:
            ahead = dnssec_words.span((first.moment or now) - now)
            verb = phrases.verb(len(_sets(faults)), "becomes", "become")
            return _out_of_time(zone, faults, places, f"{verb} valid in {ahead}")
        case Kind.MISSING if all(fault.detail == WITHOUT_PROOF for fault in faults):
            return f"DNSSEC of {apex}: no signed proof that {_types(faults)} is absent{where}"
        case Kind.MISSING:
            return f"DNSSEC of {apex}: no signature for {_types(faults)}{where}"
        case Kind.INVALID:
            return f"DNSSEC of {apex}: invalid signature for {_types(faults)}{where}"
        case Kind.DENIAL_INVALID:
            absent = phrases.listed(map(_denied, faults))
            return f"DNSSEC of {apex}: invalid proof that {absent}{where}"
        case _ as never:
            assert_never(never)


def _out_of_time(
    zone: ZoneState, faults: Sequence[Fault], places: Sequence[ServerAddress], when: str
) -> str:
    """Say that signatures are too old or too new, and whose, unless they are everybody's."""
    apex = phrases.owner(zone.apex)
    sets = _sets(faults)
    caa = all(_type_asked(fault) == "CAA" for fault in faults)
    about = f" of {_types(faults)}" if caa else f" for {sets[0]}" if len(sets) == 1 else ""
    if not dnssec_words.where(zone, places):
        signatures = phrases.verb(len(sets), "signature", "signatures")
        return f"DNSSEC of {apex}: the {signatures}{about} {when}"
    some = len({place.nameserver or place.endpoint for place in places})
    serve = phrases.verb(some, "serves", "serve")
    one = len(sets) == 1
    state = "expired" if when.startswith("expired") else "not-yet-valid"
    what = f"{state} DNSSEC signatures"
    if one:
        what = f"{'an' if state == 'expired' else 'a'} {state} DNSSEC signature"
    it = "it" if one else "they"
    about = about or f" for {apex}"
    return f"{dnssec_words.hosts(places, zone)} {serve} {what}{about} ({it} {when})"


def _sets(faults: Sequence[Fault]) -> list[str]:
    """Name the record sets that faults are about, each once."""
    return list(dict.fromkeys(map(dnssec_words.what, faults)))


def cause(zone: ZoneState, kind: Kind, faults: Sequence[Fault], assessment: Assessment) -> str:
    """Say of each fault what a validator meets, and at which servers."""
    lines = []
    for fault in faults:
        text = f"{dnssec_words.what(fault)}: {phrases.bounded(fault.detail)}"
        if kind is Kind.DS_WITHOUT_KEY:
            tags = ", ".join(map(str, fault.key_tags[:8]))
            text = f"the DS refers to key tag {tags}; {phrases.bounded(fault.detail)}"
        elif fault.moment is not None:
            verb = "expired" if kind is Kind.EXPIRED else "becomes valid"
            when = dnssec_words.when(fault.moment)
            text = f"the signature (RRSIG) for {dnssec_words.what(fault)} {verb} on {when}"
        hosts = dnssec_words.hosts(fault.places, zone)
        if kind is Kind.DS_WITHOUT_KEY:
            lines.append(f"{text} ({hosts})")
        else:
            lines.append(f"on {hosts}, {text}" if hosts else text)
    whole = phrases.listed(lines)
    if any(fault.moment is not None for fault in faults):
        whole += ", so validating resolvers reject the answers"
    return whole[:1].upper() + whole[1:] + _clock(zone, kind, faults, assessment)


def remedy(  # noqa: C901, PLR0911, PLR0912 - one sentence a case
    zone: ZoneState,
    kind: Kind,
    faults: Sequence[Fault],
    places: Sequence[ServerAddress],
    survey: Survey,
) -> str:
    """Say what the signer, the registrar or the servers' operator has to do."""
    apex = phrases.owner(zone.apex)
    at = {place for place, _ in zone.places}
    partly = not at <= set(places)
    servers = dnssec_words.nameservers(places)
    who = phrases.listed(map(phrases.host, servers)) or "these servers"
    get, have = ("gets", "has") if len(servers) == 1 else ("get", "have")
    match kind:
        case Kind.DS_WITHOUT_KEY if _is_root(zone):
            return (
                f"Correct the trust anchors ({phrases.option('trust-anchor')}), or omit the option"
            )
        case Kind.DENIAL_INVALID if any(_is_of_a_delegation(fault) for fault in faults):
            return (
                f"Delegate the zone in {apex} (NS records, and DS if it is signed), or remove it "
                "from the servers. Then re-sign the zone"
            )
        case _ if is_registry(zone.apex):
            return (
                "The registry's signatures are broken; nothing to fix on your side if this host's "
                "clock is right. Try again later"
            )
        case Kind.DS_WITHOUT_KEY if at.isdisjoint(places):
            return "Make sure all name servers of the parent zone serve the DS of the current keys"
        case Kind.DS_WITHOUT_KEY if partly:
            return f"Make sure {who} {get} the signed zone {apex} with its current keys"
        case Kind.DS_WITHOUT_KEY:
            return (
                "At the registrar, set the DS of the zone's key-signing key. If the zone is not "
                "meant to be signed, remove the DS"
            )
        case Kind.DIGEST_DIFFERS:
            return (
                "At the registrar, replace the DS with one made from the key that the zone "
                "serves. The key tag and algorithm match, the digest does not"
            )
        case Kind.EXPIRED if partly:
            everyone = dnssec_words.nameservers([place for place, _ in zone.places])
            rest = [server for server in everyone if server not in servers]
            others = phrases.listed(map(phrases.host, rest)) or "the other addresses"
            behind = _is_behind(zone, places, survey)
            return _of_some(who, others, apex, behind, plural=len(servers) > 1)
        case Kind.EXPIRED:
            return f"Re-sign {apex} and find out why signing stopped"
        case Kind.NOT_YET_VALID:
            return "Correct the clock of the signer or of this host, and re-sign the zone"
        case Kind.MISSING if partly:
            return f"Make sure {who} {have} the signed zone {apex}, with DNSSEC turned on"
        case Kind.MISSING:
            return (
                f"Sign all of {apex}. With a new key or algorithm, sign before you publish the DS"
            )
        case Kind.INVALID if any("trusted keys" in fault.detail for fault in faults):
            return (
                "Publish the signing key on every server, and keep the old key until all of its "
                "signatures are gone"
            )
        case Kind.DENIAL_INVALID:
            return f"Rebuild the NSEC or NSEC3 chain of {apex}, and re-sign the zone"
        case Kind.INVALID:
            return f"Re-sign {apex}, and make sure that nothing changes the zone after signing"
        case _ as never:
            assert_never(never)


def _of_some(
    who: str,
    others: str,
    apex: str,
    behind: bool | None,  # noqa: FBT001
    *,
    plural: bool,
) -> str:
    """Advise on old signatures that only some servers have: they lag, or sign by themselves."""
    it, serve = ("they", "serve") if plural else ("it", "serves")
    signer = (
        f"find out what signs the copy that {who} {serve}, check the signer and its clock, and "
        "re-sign that copy"
    )
    match behind:
        case True:
            their = "their serials are" if plural else "its serial is"
            return f"Repair the transfer of {apex} from the primary to {who}: {their} older"
        case False:
            have, signs = (
                ("have", "they sign their own copies")
                if plural
                else (
                    "has",
                    "it signs its own copy",
                )
            )
            either = (
                f"{who} {have} the same serial as {others} but a different "
                f"signature. Either {signs}, or the zone was re-signed without a new serial, "
                "so nothing was transferred"
            )
            return (
                f"{either}. If {signs}, check the signer and its clock there, and re-sign the "
                "zone. Otherwise, re-sign the zone on the primary, with a higher serial"
            )
        case _:
            lag = "are" if plural else "is"
            return (
                f"Compare the serials of {who} and of the other name servers. If {it} {lag} "
                f"behind, repair the transfer from the primary. If not, {signer}"
            )


def _is_behind(zone: ZoneState, places: Sequence[ServerAddress], survey: Survey) -> bool | None:
    """Tell whether some servers have an older serial than the others, or the same: True or False.

    None where none were seen, or they show neither.
    """
    some = {place.endpoint for place in places}
    seen = [o for hop in survey.hops if hop.zone.apex == zone.apex for o in hop.observations]
    theirs = [o.serial for o in seen if o.endpoint in some and o.serial is not None]
    ours = [o.serial for o in seen if o.endpoint not in some and o.serial is not None]
    if not theirs or not ours:
        return None
    older = [is_older(mine, one) for mine in theirs for one in ours]
    return True if all(older) else False if {*theirs, *ours} == {*theirs[:1]} else None


def _clock(zone: ZoneState, kind: Kind, faults: Iterable[Fault], assessment: Assessment) -> str:
    """Mention this host's clock where it would explain what is seen."""
    if kind not in (Kind.EXPIRED, Kind.NOT_YET_VALID):
        return ""
    moments = [fault.moment for fault in faults if fault.moment is not None]
    near = any(abs(moment - assessment.now) < dnssec_words.DAY for moment in moments)
    if not near and not is_registry(zone.apex):
        return ""
    return (
        f"; this host's clock says {dnssec_words.when(assessment.now)}: if it is wrong, that may "
        "explain "
        "it"
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
