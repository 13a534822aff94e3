"""A validating CA would get SERVFAIL; each zone's faults, one finding a kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import (
    dnssec_bogus_words,
    dnssec_words,
    phrases,
)
from certbot_dns_preflight.checks.rule import Remedy, Rule, Subject
from certbot_dns_preflight.codes import Code
from certbot_dns_preflight.escaping import show_name
from certbot_dns_preflight.facts.dnssec import Kind
from certbot_dns_preflight.facts.finding import Severity
from certbot_dns_preflight.facts.resolver_sight import ZoneSeen

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from certbot_dns_preflight.checks.context import Context
    from certbot_dns_preflight.facts.dnssec import Assessment, Fault, ZoneState
    from certbot_dns_preflight.facts.finding import Finding
    from certbot_dns_preflight.facts.survey import Survey


RULE = Rule(
    code=Code.DNSSEC_BOGUS,
    severity=Severity.ERROR,
    meaning="A validating resolver would answer SERVFAIL.",
    reference="RFC 4035 section 5",
    explanation=(
        "The chain of trust from the root is broken; `kind` says where: ds-without-key, "
        "digest-differs, signature-expired, signature-not-yet-valid, signature-missing, "
        "signature-invalid, denial-invalid. Each server address is checked by itself: usually, one "
        "secondary has old signatures."
    ),
    refusal=(
        "CAs must validate DNSSEC for TXT and CAA, also for the answer that there is no CAA "
        "record. Answers that do not validate are rejected."
    ),
    confirm=(
        "dig +dnssec +norec @ADDRESS OWNER TXT",
        "dig +dnssec +norec @ADDRESS ZONE DNSKEY",
        "dig +norec @ADDRESS ZONE SOA",
        "dig +norec @OTHER-ADDRESS ZONE SOA",
        "dig ZONE DS",
        "delv OWNER TXT",
    ),
    shown=4,
    remedies=(
        Remedy(
            "ds-without-key",
            "Correct the DS at the registrar, or remove it while the zone is unsigned; where "
            "only some servers of the parent zone have it, fix their transfers.",
        ),
        Remedy(
            "digest-differs",
            "Make a new DS from the key that the zone serves; tag and algorithm are right.",
        ),
        Remedy(
            "signature-expired",
            "Re-sign the zone. Find out why the signer stopped, or why the transfer to this "
            "secondary did: its serial tells which.",
        ),
        Remedy(
            "signature-not-yet-valid",
            "Correct the clock of the signer or of this host.",
        ),
        Remedy(
            "signature-missing",
            "Sign the whole zone on every server; with a new algorithm, sign with it before the DS "
            "appears.",
        ),
        Remedy(
            "signature-invalid",
            "Publish the key that signed; let no server alter the zone after signing.",
        ),
        Remedy(
            "denial-invalid",
            "Let the signer rebuild the NSEC or NSEC3 chain; delegate each zone below that the "
            "servers hold.",
        ),
    ),
    subject=Subject.ENVIRONMENT,
)


def check(survey: Survey, context: Context) -> Iterator[Finding]:
    """Report each zone's faults, one finding a kind."""
    assessment = context.environment.signatures
    if assessment is None:
        return
    for zone in assessment.zones:
        for kind in Kind:
            faults = [fault for fault in zone.faults if fault.kind is kind]
            if faults:
                yield _finding(zone, kind, faults, assessment, survey)


def by_resolvers(survey: Survey) -> Iterator[Finding]:
    """Report that resolvers do not believe what is served, by their own word (RFC 8914)."""
    if survey.sight is None:
        return
    bogus = [(a, a.bogus) for a in survey.sight.answers if a.bogus is not None]
    if not bogus:
        return
    who = phrases.listed(phrases.resolver(answer.endpoint) for answer, _ in bogus)
    error = bogus[0][1]
    # If the domain's zone answers, it may be another one that an alias leads to.
    zone = survey.zone if survey.sight.zone is ZoneSeen.FAILING else None
    asked = survey.challenge.owner if survey.challenge.expected else survey.hops[-1].owner
    says = phrases.verb(len(bogus), "says", "say")
    text = f": {phrases.bounded(error.text)}" if error.text else ""
    yield RULE.finding(
        summary=f"DNSSEC validation fails for {phrases.owner(zone or asked)}, as {who} {says}",
        cause=f"SERVFAIL with the extended error {error.code}, {error.name}{text}. This is the "
        "resolver's own finding: signatures were not looked at from here",
        remedy="Have the zone's signatures, keys and DS checked from a host that reaches its name "
        "servers",
        evidence={
            "kind": error.bogus.value if error.bogus is not None else None,
            "zone": None if zone is None else show_name(zone),
            "resolvers": [phrases.resolver(answer.endpoint) for answer, _ in bogus],
            "extended_error": {
                "code": error.code,
                "name": error.name,
                "text": phrases.bounded(error.text),
            },
        },
    )


def _finding(
    zone: ZoneState, kind: Kind, faults: Sequence[Fault], assessment: Assessment, survey: Survey
) -> Finding:
    places = tuple(dict.fromkeys(place for fault in faults for place in fault.places))
    servers = dnssec_words.nameservers(places)
    addresses = {place.endpoint.address for place in places}
    return RULE.finding(
        summary=dnssec_bogus_words.summary(zone, kind, faults, places, assessment.now),
        cause=dnssec_bogus_words.cause(zone, kind, faults, assessment),
        remedy=dnssec_bogus_words.remedy(zone, kind, faults, places, survey),
        nameserver=servers[0] if len(servers) == 1 else None,
        address=next(iter(addresses)) if len(addresses) == 1 else None,
        evidence={
            "kind": kind.value,
            "zone": show_name(zone.apex),
            "faults": [
                {
                    "owner": show_name(fault.owner),
                    "type": dnssec_words.type_name(fault.rdtype),
                    "detail": fault.detail,
                    "moment": dnssec_words.iso(fault.moment),
                    "key_tags": list(fault.key_tags),
                    "addresses": dnssec_words.places(fault.places),
                }
                for fault in faults
            ],
            "judged_at": dnssec_words.iso(assessment.now),
        },
    )
