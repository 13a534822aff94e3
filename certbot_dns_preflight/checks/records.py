"""Findings about the TXT record where no zone copy has it: absent, wrong, mangled, misplaced.

Only where all servers agree that a value is missing; whether they agree is `agreement`'s.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import context as seen_as
from certbot_dns_preflight.checks import phrases
from certbot_dns_preflight.checks.finding import finding
from certbot_dns_preflight.checks.txt_difference import Kind
from certbot_dns_preflight.facts.answers import Absent

if TYPE_CHECKING:
    from collections.abc import Iterable

    import dns.name

    from certbot_dns_preflight.checks.context import Context
    from certbot_dns_preflight.checks.txt_difference import Comparison
    from certbot_dns_preflight.facts.finding import Finding, Json
    from certbot_dns_preflight.facts.survey import Observation, Survey

_CLOSE = 10  # beyond that many edits, the distance tells nobody anything
_DIGEST = re.compile(rb"[A-Za-z0-9_-]{43}")  # base64url of a SHA-256 digest (RFC 8555 section 8.4)
_LOOK_ALIKE = "Copy the value instead of typing it; replace the served one."


def misplaced(survey: Survey, context: Context) -> Iterable[Finding]:
    """Tell that an expected value is served at another name."""
    if not context.misplaced or context.holding or context.unsteady:
        return
    sightings = [s for s in survey.probes.sightings if s.value in context.misplaced]
    first = sightings[0]
    # A wildcard's alias is in the way only until the record is at the name itself.
    caught = survey.probes.wildcard_alias is not None
    target = survey.challenge.owner if caught else context.target
    where, right = phrases.owner(first.name), phrases.owner(target)
    why, remedy = {
        "doubled-zone": (
            "The zone was appended to a name that already had it",
            f'Enter the name relative to the zone, or "{right}" with its final dot.',
        ),
        "missing-label": (
            "The record was made without the label _acme-challenge",
            f"Make it at {right} and remove it from {where}",
        ),
        "parent-label": (
            "The record was made one level too high, for the parent domain",
            f"Make it at {right} and remove it from {where}",
        ),
        "beside-alias": (
            "The label _acme-challenge was put once more before the alias's target",
            f"Make it at {right} itself, where the alias leads; remove it from {where}",
        ),
    }.get(first.kind, ("It was made at the wrong name", f"Make it at {right}"))
    yield finding(
        "misplaced-record",
        summary=f"the record is at {where} instead of {right}",
        cause=f"{why}: {where} has the expected value, {right} has not.",
        remedy=remedy,
        evidence={
            "kind": first.kind,
            "name": first.name.to_text(),
            "sightings": [
                {
                    "name": s.name.to_text(),
                    "kind": s.kind,
                    "value": phrases.values([s.value])[0],
                }
                for s in sightings
            ],
        },
    )


def mangled(survey: Survey, context: Context) -> Iterable[Finding]:
    """Tell that the value is there, but for a mistake that has a name."""
    nearest = context.nearest
    if not context.nobody_has_all or context.misplaced or nearest is None:
        return
    if nearest.kind is None or (nearest.kind is Kind.HOSTNAME and context.partly_served):
        return
    at = tuple(seen for seen in context.lacking if nearest.served in seen_as.texts(seen))
    yield mangled_at(survey, context, nearest, at=at)


def mangled_at(
    survey: Survey, context: Context, nearest: Comparison, *, at: tuple[Observation, ...]
) -> Finding:
    """Word the finding for the addresses that show the mangled value."""
    everywhere = len(at) == len(context.usable)
    servers = len(seen_as.nameservers(at))
    who = (
        _everyone(context, servers)
        if everywhere
        else phrases.listed(phrases.subjects(at, context.usable))
    )
    shows = phrases.verb(servers, "shows", "show")
    place = f"at position {nearest.position} of {len(nearest.expected)}"
    match nearest.kind:
        case Kind.QUOTED:
            what, why = "the value with quotation marks in it", "Quotation marks became data"
            remedy = "Publish the value without quotation marks, in place of the served one."
        case Kind.WHITESPACE:
            what, why = "the value with blanks in it", "Blanks or line ends became data"
            remedy = "Publish the value without blanks and line ends, in place of the served one."
        case Kind.CASE:
            what = "the value in other letter case"
            why = f"Upper and lower case were changed, first {place}"
            remedy = (
                "Replace the served value, and have it written by something that keeps upper and "
                "lower case."
            )
        case Kind.TRUNCATED:
            lost = len(nearest.expected) - len(nearest.served)
            what = "only a part of the value"
            why = (
                f"{len(nearest.served)} of {len(nearest.expected)} characters are there, {lost} "
                "were cut off, perhaps by a limit on the way (panel, API, hook)"
            )
            remedy = "Publish the whole value, in place of the served one."
        case Kind.TYPO:
            distance = phrases.count(nearest.distance or 0, "character")
            what = f"a value that differs in {distance}"
            why = f"A mistake of whoever typed, copied or processed it, first {place}"
            remedy = _LOOK_ALIKE
        case Kind.KEY_AUTHORIZATION:
            what = "the key authorization instead of its digest"
            why = (
                "The key authorization (token, dot, thumbprint of the account's key) was published "
                "as it is, which is right for http-01 alone"
            )
            remedy = (
                "Publish its digest, the expected value; certbot gives that to hooks as "
                "CERTBOT_VALIDATION, other clients by a name of their own."
            )
        case _:
            what = "a host name as text"
            why = "An alias target was entered as TXT data"
            remedy = (
                f"At {phrases.owner(context.target)} make a CNAME record to that name instead, "
                "and the TXT there; or publish the expected value."
            )
    return finding(
        "mangled-value",
        summary=f"{who} {shows} {what}",
        cause=why,
        remedy=remedy,
        about=at,
        evidence={**phrases.comparison(nearest), **_served(survey, context)},
    )


def value_missing(survey: Survey, context: Context) -> Iterable[Finding]:
    """Tell that some of several values are served, others nowhere."""
    if not context.nobody_has_all or context.misplaced or not context.partly_served:
        return
    missing = [value for value in context.expected if value not in context.served]
    if not missing or _is_mangled(context):
        return
    there = len(context.expected) - len(missing)
    yield finding(
        "value-missing",
        summary=f"{there} of {len(context.expected)} expected values "
        f"{phrases.verb(there, 'is', 'are')} served; "
        f"{phrases.listed(map(phrases.value, missing))} "
        f"{phrases.verb(len(missing), 'is', 'are')} not",
        cause=f"{phrases.owner(context.target)} must hold {len(context.expected)} values side by "
        "side; probably a later record replaced an earlier one instead of being added to it.",
        remedy="Add the missing value and keep the others: make the plugin or hook add to the "
        "TXT RRset, not overwrite it.",
        about=context.lacking,
        evidence={"missing": phrases.values(missing), **_served(survey, context)},
    )


def wrong_value(survey: Survey, context: Context) -> Iterable[Finding]:
    """Tell that TXT data is there, none of it expected and none a known mangling."""
    nearest = context.nearest
    if not context.nobody_has_all or context.misplaced or context.through_alias:
        return
    if nearest is None or nearest.kind is not None or context.partly_served:
        return
    unexpected = context.served
    wildcard = from_wildcard(survey, context)
    showing = tuple(seen for seen in context.lacking if seen_as.texts(seen))
    silent = len(context.lacking) - len(showing)
    servers = len(seen_as.nameservers(showing))
    yield finding(
        "wrong-value",
        summary=f"{phrases.listed(phrases.subjects(showing, context.usable))} "
        f"{phrases.verb(servers, 'shows', 'show')} "
        f"{phrases.count(len(unexpected), 'TXT value')} at {phrases.owner(context.target)}, "
        "but not the expected one",
        cause=wrong_because(nearest, unexpected, wildcard=wildcard) + _and_silent(silent),
        remedy=_write_beside_wildcard(context.target)
        if wildcard
        else "Write the expected value of this attempt and remove the old one; see which "
        "program wrote it.",
        about=showing,
        evidence={
            "from_wildcard": wildcard,
            **phrases.comparison(nearest),
            **_served(survey, context),
        },
    )


def not_published(survey: Survey, context: Context) -> Iterable[Finding]:
    """Tell that no server has any TXT there."""
    if not context.nobody_has_all or context.misplaced or context.through_alias or context.served:
        return
    servers = len(seen_as.nameservers(context.lacking))
    denied = all(isinstance(s.reading, Absent) and s.reading.nxdomain for s in context.lacking)
    target = phrases.owner(context.target)
    known = {seen.serial for seen in context.lacking if seen.serial is not None}
    serial = phrases.serials(context.lacking)
    if len(known) == 1:
        who = phrases.verb(servers, "It serves", "All of them serve")
        told = f"{who} {serial}, so none is behind another: "
    elif known:
        told = f"They serve {serial}, and even the newest zone lacks it: "
    else:
        told = ""
    above = survey.probes.missing_above
    yield finding(
        "record-not-published",
        summary=f"{_everyone(context, servers)} {phrases.verb(servers, 'says', 'say')} "
        f"that {target} {'does not exist' if denied else 'has no TXT record'}",
        cause=f"{told}the record was not written, or not to these name servers."
        + (f" Not even {phrases.owner(above)} exists there." if above else ""),
        remedy="See whether the program that makes the record reported an error, and that it "
        f"writes to the zone {phrases.owner(context.lacking[0].zone)} on these name servers."
        + _spelt(above, context.lacking[0].zone),
        about=context.lacking,
        evidence={
            **_served(survey, context),
            "missing_above": above.to_text() if above else None,
        },
    )


def stale_values(survey: Survey, context: Context) -> Iterable[Finding]:
    """Tell that it is ready, with other values beside."""
    if not context.expected or not context.usable or context.holding != context.usable:
        return
    beside = [value for value in context.served if value not in context.expected]
    if not beside or survey.obstacle is not None:
        return
    at = tuple(s for s in context.holding if set(beside).intersection(seen_as.texts(s)))
    yield finding(
        "stale-values",
        summary=f"{phrases.count(len(beside), 'other value')} "
        f"{phrases.verb(len(beside), 'stands', 'stand')} "
        f"beside the expected at {phrases.owner(context.target)}",
        cause=f"Probably left over from earlier attempts: "
        f"{phrases.listed(map(phrases.value, beside))}.",
        remedy="Remove what no order under way needs; the CA accepts it as it is.",
        about=at,
        evidence={"unexpected": phrases.values(beside), "addresses": phrases.places(at)},
    )


def _everyone(context: Context, servers: int) -> str:
    """Name all that answer; where some of the zone's servers do not, say so."""
    total = len(context.final.zone.nameservers) if context.final else servers
    told = phrases.everyone(servers)
    return told if servers >= total else f"{told} that {phrases.verb(servers, 'answers', 'answer')}"


def _spelt(above: dns.name.Name | None, zone: dns.name.Name) -> str:
    if above is None:
        return ""
    return (
        f" See that {phrases.host(above)} is spelt right, and registered if {phrases.owner(zone)} "
        "is a registry's zone."
    )


def from_wildcard(survey: Survey, context: Context) -> bool:
    """Whether all that is served is a wildcard's, and the name itself holds nothing."""
    return bool(context.served) and survey.probes.wildcard_texts.issuperset(context.served)


def _write_beside_wildcard(target: dns.name.Name) -> str:
    return (
        f"See why the record at {phrases.owner(target)} was not written; the wildcard's may stay, "
        "the record itself takes the name out of it."
    )


def _and_silent(addresses: int) -> str:
    if not addresses:
        return ""
    has = phrases.verb(addresses, "has", "have")
    return f" {phrases.count(addresses, 'address')} {has} no TXT there at all."


def wrong_because(
    nearest: Comparison, unexpected: tuple[bytes, ...], *, wildcard: bool = False
) -> str:
    """Say how far the nearest value is from the expected one, with a hint where there is one.

    `wildcard`: what is served is a wildcard's.
    """
    if wildcard:
        return (
            "A wildcard TXT record answers for this name as for any other; the record itself "
            f"was not written. The wildcard has "
            f"{phrases.listed(map(phrases.value, unexpected), most=2)}."
        )
    words = "The nearest served" if len(unexpected) > 1 else "The served"
    words += f" value differs from the expected one from position {nearest.position} on"
    if nearest.distance is not None and nearest.distance <= _CLOSE:
        words += f", edit distance {nearest.distance}"
    if nearest.foreign_key_authorization:
        return f"{words}; it looks like the key authorization of another challenge."
    if nearest.contains:
        return f"{words}; the expected value stands inside it, with other data around."
    if _DIGEST.fullmatch(nearest.served):
        return f"{words}; probably left over from another attempt."
    return f"{words}; it looks like no challenge's value, so something else wrote it."


def _is_mangled(context: Context) -> bool:
    kind = context.nearest.kind if context.nearest else None
    return kind is not None and kind is not Kind.HOSTNAME


def _served(survey: Survey, context: Context) -> dict[str, Json]:
    return {
        "owner_name": context.target.to_text(),
        "expected": phrases.values(survey.challenge.expected),
        "addresses": phrases.places(context.lacking, expected=context.expected),
    }
