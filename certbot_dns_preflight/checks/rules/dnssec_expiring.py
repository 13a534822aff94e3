"""A signature in use ends soon, has just ended, or begins only in a moment; one finding a zone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import (
    dnssec_words,
    phrases,
)
from certbot_dns_preflight.checks.rule import Remedy, Rule, Subject
from certbot_dns_preflight.codes import Code
from certbot_dns_preflight.escaping import show_name
from certbot_dns_preflight.facts.finding import Severity
from certbot_dns_preflight.facts.registry import is_registry

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from certbot_dns_preflight.checks.context import Context
    from certbot_dns_preflight.facts.dnssec import ServerAddress, ZoneState
    from certbot_dns_preflight.facts.finding import Finding
    from certbot_dns_preflight.facts.survey import Survey


RULE = Rule(
    code=Code.DNSSEC_EXPIRING,
    severity=Severity.WARNING,
    meaning="A signature in use ends within 3 days.",
    reference="RFC 6781 section 4.4.2",
    explanation=(
        "The signature is still valid, but should have been renewed by now. Also reported if it "
        "has just expired, or is about to become valid, within the clock difference that "
        "validators tolerate: a tenth of its validity, at least an hour and at most a day."
    ),
    refusal="It does not refuse yet. It will once the signature has expired.",
    confirm=("dig +dnssec +norec @ADDRESS ZONE SOA",),
    remedies=(
        Remedy(
            "the signer has stopped",
            "Start it. Check its log and its access to the keys.",
        ),
        Remedy(
            "a secondary no longer gets the new signatures",
            "Fix the zone transfer.",
        ),
        Remedy(
            "the clock of the signer or of this host is wrong",
            "Set it (NTP).",
        ),
    ),
    subject=Subject.ENVIRONMENT,
)


def check(_survey: Survey, context: Context) -> Iterator[Finding]:
    """Report signatures near either end of their time, in zones that are not bogus already."""
    assessment = context.environment.signatures
    if assessment is None:
        return
    for zone in assessment.zones:
        # A registry renews in time; where its signatures seem to have ended, it is this host's
        # clock.
        registry = is_registry(zone.apex)
        if not zone.faults and any(
            not registry or one.inception is not None or one.expiration < assessment.now
            for one in zone.expiring
        ):
            yield _finding(zone, assessment.now)


def _finding(zone: ZoneState, now: int) -> Finding:
    places = tuple(dict.fromkeys(place for one in zone.expiring for place in one.places))
    servers = dnssec_words.nameservers(places)
    summary, cause, remedy = _texts(zone, places, now)
    return RULE.finding(
        summary=summary,
        cause=cause,
        remedy=remedy,
        nameserver=servers[0] if len(servers) == 1 else None,
        evidence={
            "zone": show_name(zone.apex),
            "expiration": dnssec_words.iso(min(one.expiration for one in zone.expiring)),
            "signatures": [
                {
                    "owner": show_name(one.owner),
                    "type": dnssec_words.type_name(one.rdtype),
                    "expiration": dnssec_words.iso(one.expiration),
                    "inception": dnssec_words.iso(one.inception),
                    "addresses": dnssec_words.places(one.places),
                }
                for one in zone.expiring
            ],
            "judged_at": dnssec_words.iso(now),
        },
    )


def _texts(zone: ZoneState, places: Sequence[ServerAddress], now: int) -> tuple[str, str, str]:
    """Word summary, cause and remedy of signatures that are near either end of their time."""
    apex, where = phrases.owner(zone.apex), dnssec_words.where(zone, places)
    first = min(zone.expiring, key=lambda one: one.expiration)
    ahead = [one for one in zone.expiring if one.inception is not None]
    span, when, what = dnssec_words.span, dnssec_words.when, dnssec_words.what
    tolerated = (
        f"validators tolerate clocks that differ this much; this host's clock says {when(now)}"
    )
    if first.expiration < now:
        return (
            f"The signatures of {apex} expired {span(now - first.expiration)} ago{where}",
            f"{what(first)} is signed until {when(first.expiration)}; {tolerated}",
            (
                "Make sure the signer is running and this host's clock is right. The CA will soon "
                "refuse"
            ),
        )
    if ahead:
        late = max(ahead, key=lambda one: one.inception or 0)
        return (
            (
                f"The signatures of {apex} become valid in "
                f"{span((late.inception or now) - now)}{where}"
            ),
            f"{what(late)} is signed from {when(late.inception or now)}; {tolerated}",
            "Correct the clock of the signer or of this host",
        )
    return (
        f"The signatures of {apex} expire in {span(first.expiration - now)}{where}",
        f"{what(first)} is signed until {when(first.expiration)}; a working signer renews earlier",
        (
            "Make sure the signer is running and all servers get the new signatures. Once they "
            "expire, the CA will refuse"
        ),
    )
