"""What one zone's faults are told as; real signatures are tests/dnssec's."""

from __future__ import annotations

import dataclasses

import dns.rdatatype
import pytest

from certbot_dns_preflight.checks import resolver_trust, with_environment
from certbot_dns_preflight.facts.answers import Endpoint, Failing
from certbot_dns_preflight.facts.dnssec import (
    Assessment,
    Fault,
    Kind,
    ServerAddress,
    Status,
    Trust,
    Validation,
    ZoneState,
)
from certbot_dns_preflight.facts.environment import DomainEnvironment
from certbot_dns_preflight.facts.finding import Severity
from certbot_dns_preflight.facts.resolver_sight import ExtendedError, ResolverSight
from tests.builders.survey import (
    NS1,
    NS2,
    OWNER,
    THERE,
    at,
    by_resolvers,
    hop,
    name,
    survey,
    texts,
)
from tests.checks.asserting import LETS_ENCRYPT, of_dnssec, only_error, only_remark

TXT = "the TXT records of _acme-challenge.example.test"
NOW = 1_800_000_000
APEX = name("example.test.")
PLACES = tuple(
    ServerAddress(name(f"ns{number}.example.net."), Endpoint(address))
    for number, address in enumerate((NS1, NS2), 1)
)


def bogus(kind: Kind, *places: ServerAddress, moment: int | None = None) -> Assessment:
    fault = Fault(
        kind, APEX, name(OWNER), dns.rdatatype.TXT, "no valid signature", moment, (7,), places
    )
    at = tuple((place, Status.BOGUS) for place in PLACES)
    return Assessment((ZoneState(APEX, Status.BOGUS, "", at, (fault,)),), NOW)


@pytest.mark.parametrize(
    ("kind", "summary"),
    [
        (Kind.DS_WITHOUT_KEY, "the DS at test does not match any key"),
        (Kind.EXPIRED, f"the signature for {TXT} expired 3 days ago"),
        (Kind.NOT_YET_VALID, f"the signature for {TXT} becomes valid in 3 days"),
        (Kind.MISSING, "no signature for TXT"),
        (Kind.INVALID, "invalid signature for TXT"),
    ],
)
def test_each_kind_is_one_error_in_its_own_words(kind: Kind, summary: str) -> None:
    moment = {Kind.EXPIRED: NOW - 3 * 86400, Kind.NOT_YET_VALID: NOW + 3 * 86400}.get(kind)
    assessment = bogus(kind, *PLACES, moment=moment)
    environment = DomainEnvironment(signatures=assessment)
    found = only_remark(environment, "dnssec-bogus", Severity.ERROR)
    assert found.summary == f"DNSSEC of example.test: {summary}."
    assert found.evidence["kind"] == kind.value
    assert (found.nameserver, found.address) == (None, None)


def test_one_of_two_servers_is_named() -> None:
    (found,) = of_dnssec(bogus(Kind.MISSING, PLACES[1]))
    assert found.summary == ("DNSSEC of example.test: no signature for TXT on ns2.example.net.")
    assert (found.nameserver, found.address) == (name("ns2.example.net."), NS2)


@pytest.mark.parametrize(
    ("kind", "moment", "when", "what"),
    [
        (Kind.EXPIRED, NOW - 3 * 86400, "expired 3 days ago", "an expired"),
        (Kind.NOT_YET_VALID, NOW + 3 * 86400, "becomes valid in 3 days", "a not-yet-valid"),
    ],
)
def test_a_server_whose_signatures_are_out_of_time_is_the_subject(
    kind: Kind, moment: int, when: str, what: str
) -> None:
    (found,) = of_dnssec(bogus(kind, PLACES[1], moment=moment))
    assert found.summary == (
        f"ns2.example.net serves {what} DNSSEC signature for {TXT} (it {when})."
    )
    assert f"On ns2.example.net, the signature (RRSIG) for {TXT} " in found.cause
    assert found.cause.endswith(" UTC, so validating resolvers reject the answers.")


@pytest.mark.parametrize(
    ("serial", "remedy"),
    [
        (41, "Repair the transfer of example.test from the primary to ns2.example.net: its "),
        (42, "ns2.example.net has the same serial as ns1.example.net but a different signature. "),
        (43, "Compare the serials of ns2.example.net and of the other name servers. If it is "),
        (None, "Compare the serials of ns2.example.net and of the other name servers. If it is "),
    ],
)
def test_where_serials_were_seen_the_fix_says_what_they_tell(
    serial: int | None, remedy: str
) -> None:
    assessment = bogus(Kind.EXPIRED, PLACES[1], moment=NOW - 86400)
    facts = survey(hop(at(NS1, texts(), 42), at(NS2, texts(), serial)))
    found = with_environment(
        (), facts, DomainEnvironment(signatures=assessment), request=LETS_ENCRYPT
    )
    assert found[0].remedy.startswith(remedy)


def test_several_record_sets_are_the_signatures_of_the_zone() -> None:
    faults = tuple(
        Fault(Kind.EXPIRED, APEX, APEX, rdtype, "expired", NOW - 3 * 86400, (7,), PLACES[1:])
        for rdtype in (dns.rdatatype.DNSKEY, dns.rdatatype.SOA)
    )
    at_all = tuple((place, Status.BOGUS) for place in PLACES)
    (found,) = of_dnssec(Assessment((ZoneState(APEX, Status.BOGUS, "", at_all, faults),), NOW))
    assert found.summary == (
        "ns2.example.net serves expired DNSSEC signatures for example.test (they expired 3 days "
        "ago)."
    )


def test_the_word_of_a_resolver_is_told_as_the_resolvers() -> None:
    errors = (ExtendedError(7, "Signature expired", "for DNSKEY example.test"),)
    found = only_error(by_resolvers(Failing("SERVFAIL"), errors=errors), "dnssec-bogus")
    assert found.summary == (
        "DNSSEC validation fails for _acme-challenge.example.test, as 192.0.2.1 says."
    )
    assert found.cause == (
        "SERVFAIL with the extended error 7, Signature expired: for DNSKEY example.test. This is "
        "the resolver's own finding: signatures were not looked at from here."
    )
    assert found.evidence["kind"] == "signature-expired"
    assert resolver_trust.validation(sight_of(errors)).trust is Trust.BOGUS


def test_the_ad_bit_of_every_resolver_is_its_word_that_it_is_secure() -> None:
    sight = by_resolvers(THERE, THERE, validated=True).sight
    assert sight is not None
    said = resolver_trust.validation(sight)
    assert said.trust is Trust.SECURE
    assert said.reason == "by the word of 192.0.2.1 and 192.0.2.2 (AD bit), not validated here"
    assert resolver_trust.unjudged(sight) == ()


def test_without_the_ad_bit_nothing_is_known() -> None:
    sight = by_resolvers(THERE).sight
    assert sight is not None
    assert resolver_trust.validation(sight).trust is Trust.UNCHECKED
    (said,) = resolver_trust.unjudged(sight)
    assert said == (
        "DNSSEC not checked: 192.0.2.1 sets no AD bit, so the zone is unsigned or its answers are "
        "not validated there."
    )


def sight_of(errors: tuple[ExtendedError, ...]) -> ResolverSight:
    sight = by_resolvers(Failing("SERVFAIL"), errors=errors).sight
    assert sight is not None
    return sight


def test_a_resolver_that_did_not_answer_says_nothing_of_dnssec() -> None:
    sight = by_resolvers(THERE, THERE, validated=True).sight
    assert sight is not None
    first, second = sight.answers
    silent = dataclasses.replace(first, validated=False, heard=False)
    heard = dataclasses.replace(sight, answers=(silent, second))
    assert resolver_trust.validation(heard) == Validation(
        Trust.SECURE, "by the word of 192.0.2.2 (AD bit), not validated here"
    )
    unsigned = dataclasses.replace(second, validated=False)
    (said,) = resolver_trust.unjudged(dataclasses.replace(sight, answers=(silent, unsigned)))
    assert said.startswith("DNSSEC not checked: 192.0.2.2 sets no AD bit")
    (said,) = resolver_trust.unjudged(dataclasses.replace(sight, answers=(silent,)))
    assert said == "DNSSEC not checked: no resolver has answered."
