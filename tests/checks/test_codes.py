"""Each code shown by a survey built by hand: that error, and no other."""

from __future__ import annotations

import dataclasses

import dns.name
import pytest

from certbot_dns_preflight.checks import diagnose
from certbot_dns_preflight.checks.verdict import judge
from certbot_dns_preflight.facts.answers import (
    Endpoint,
    Failing,
    Malformed,
    NoResponseReason,
    NotAsked,
    NotAuthoritative,
    Referral,
    Refused,
)
from certbot_dns_preflight.facts.finding import Finding, Severity
from certbot_dns_preflight.facts.outcome import Verdict
from certbot_dns_preflight.facts.survey import (
    AliasLoop,
    Hop,
    Listing,
    NameServer,
    NoEgress,
    NoSuchDomain,
    OutOfTime,
    Sighting,
    Survey,
)
from certbot_dns_preflight.settings import UnreachablePolicy
from tests.builders.survey import (
    BOTH,
    NS1,
    NS2,
    NS2_V6,
    NS3,
    OTHER,
    OWNER,
    SECOND,
    TARGET,
    VALUE,
    alias,
    at,
    hop,
    name,
    nodata,
    nxdomain,
    silent,
    survey,
    texts,
)

DELEGATION, APEX = frozenset({Listing.DELEGATION}), frozenset({Listing.APEX})


def codes(found: tuple[Finding, ...], severity: Severity) -> list[str]:
    return [finding.code for finding in found if finding.severity is severity]


def only_error(facts: Survey, code: str, *, warnings: tuple[str, ...] = ()) -> Finding:
    found = diagnose(facts)
    assert codes(found, Severity.ERROR) == [code]
    assert codes(found, Severity.WARNING) == list(warnings)
    assert judge(facts, found, skip=frozenset()) is Verdict.NOT_READY
    return found[0]


def only_warning(
    facts: Survey, code: str, unreachable: UnreachablePolicy = UnreachablePolicy.FAIL
) -> Finding:
    found = diagnose(facts, unreachable=unreachable)
    assert codes(found, Severity.ERROR) == []
    assert codes(found, Severity.WARNING) == [code]
    assert judge(facts, found, skip=frozenset(), unreachable=unreachable) is Verdict.READY
    return found[0]


def aliased(*final: object, first: Hop | None = None, **more: object) -> Survey:
    return survey(
        first or hop(at(NS1, alias()), at(NS2, alias())),
        hop(*final, owner=TARGET, zone="other.test."),  # type: ignore[arg-type]
        **more,  # type: ignore[arg-type]
    )


# -- healthy -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "facts",
    [
        survey(hop(at(NS1, texts()), at(NS2, texts()), at(NS2_V6, texts()))),
        survey(hop(at(NS1, texts(SECOND, VALUE))), expected=(VALUE, SECOND)),
        survey(hop(at(NS1, nodata()), at(NS2, nxdomain())), expected=()),
        survey(hop(at(NS1, texts(OTHER)), at(NS2, texts(OTHER))), expected=()),
        aliased(at(NS3, texts())),
        survey(hop(at(NS1, texts(), matched_before=True, flips=1))),
        survey(hop(at(NS2, texts()), at(NS2_V6, NotAsked("no IPv6 here")))),
        survey(hop(at(NS2, texts()), at(NS2_V6, silent(NoResponseReason.NO_ROUTE)))),
    ],
)
def test_a_healthy_survey_has_no_finding(facts: Survey) -> None:
    found = diagnose(facts)
    assert found == ()
    assert judge(facts, found, skip=frozenset()) is Verdict.READY


# -- records -------------------------------------------------------------------------------------


def test_nobody_has_it() -> None:
    found = only_error(
        survey(hop(at(NS1, nxdomain(), 42), at(NS2, nodata(), 42))), "record-not-published"
    )
    assert found.summary == (
        "both name servers say that _acme-challenge.example.test. has no TXT record."
    )
    assert "serial 42" in found.cause


def test_a_secondary_with_an_older_zone_is_behind() -> None:
    facts = survey(hop(at(NS1, texts(), 42), at(NS2, nxdomain(), 41), at(NS3, texts(), 42)))
    found = only_error(facts, "secondary-behind")
    assert found.summary == (
        "2 of 3 name servers show the record; ns2.example.net answers NXDOMAIN, serial 41, "
        "the others 42."
    )
    assert found.nameserver == name("ns2.example.net.")
    behind = found.evidence["behind"]
    assert isinstance(behind, list)
    assert behind[0] == {
        "nameserver": "ns2.example.net.",
        "address": NS2,
        "port": 53,
        "zone": "example.test.",
        "serial": 41,
        "answer": "NXDOMAIN",
    }


def test_serials_are_compared_around_their_end() -> None:
    only_error(survey(hop(at(NS1, texts(), 3), at(NS2, nxdomain(), 2**32 - 5))), "secondary-behind")


def test_a_secondary_that_shows_an_older_value_is_behind() -> None:
    only_error(survey(hop(at(NS1, texts(), 42), at(NS2, texts(OTHER), 41))), "secondary-behind")


def test_without_serials_it_is_behind() -> None:
    only_error(survey(hop(at(NS1, texts()), at(NS2, nodata()))), "secondary-behind")


def test_one_address_of_a_server_behind_is_named_with_its_address() -> None:
    facts = survey(hop(at(NS1, texts(), 42), at(NS2, texts(), 42), at(NS2_V6, nxdomain(), 41)))
    found = only_error(facts, "secondary-behind")
    assert found.address == NS2_V6
    assert "ns2.example.net at 2001:db8::2 answers NXDOMAIN" in found.summary


@pytest.mark.parametrize("theirs", [42, 43])
def test_where_no_transfer_is_due_the_servers_disagree(theirs: int) -> None:
    only_error(survey(hop(at(NS1, texts(), 42), at(NS2, nxdomain(), theirs))), "servers-disagree")


def test_values_scattered_over_servers_are_a_disagreement() -> None:
    facts = survey(hop(at(NS1, texts(), 42), at(NS2, texts(SECOND), 42)), expected=(VALUE, SECOND))
    only_error(facts, "servers-disagree")


def test_without_an_expected_value_servers_must_answer_alike() -> None:
    only_error(
        survey(hop(at(NS1, texts(OTHER), 42), at(NS2, nodata(), 41)), expected=()),
        "secondary-behind",
    )
    only_error(
        survey(hop(at(NS1, texts(OTHER), 42), at(NS2, nodata(), 42)), expected=()),
        "servers-disagree",
    )


def test_one_of_two_values_is_missing() -> None:
    facts = survey(hop(at(NS1, texts()), at(NS2, texts())), expected=(VALUE, SECOND))
    found = only_error(facts, "value-missing")
    assert found.evidence["missing"] == [SECOND.decode()]
    assert "1 of 2 expected values is served" in found.summary


def test_another_value_is_wrong() -> None:
    facts = survey(hop(at(NS1, texts(OTHER)), at(NS2, texts(OTHER, b"x" * 80))))
    found = only_error(facts, "wrong-value")
    assert found.evidence["nearest_value"] == OTHER.decode()
    assert found.evidence["first_differing_offset"] == 0
    assert found.evidence["edit_distance"] == 43


def test_a_server_without_any_txt_beside_a_wrong_one_adds_no_error() -> None:
    only_error(survey(hop(at(NS1, texts(OTHER)), at(NS2, nxdomain()))), "wrong-value")


@pytest.mark.parametrize(
    ("served", "kind"),
    [
        (b'"' + VALUE + b'"', "quoted"),
        (VALUE + b"\n", "whitespace"),
        (VALUE.lower(), "case"),
        (VALUE[:30], "truncated"),
        (VALUE.replace(b"L0p", b"LOp"), "typo"),
        (b"target.other.test.", "hostname"),
    ],
)
def test_a_mangled_value_is_named_by_its_kind(served: bytes, kind: str) -> None:
    facts = survey(hop(at(NS1, texts(OTHER, served)), at(NS2, texts(OTHER, served))))
    found = only_error(facts, "mangled-value")
    assert found.evidence["kind"] == kind
    assert found.summary.startswith("both name servers show ")


def test_a_mangled_value_at_an_alias_target_is_mangled() -> None:
    only_error(aliased(at(NS3, texts(VALUE.lower()))), "mangled-value")


@pytest.mark.parametrize("beside", [nxdomain(), texts(OTHER), texts(VALUE.lower())])
@pytest.mark.parametrize("kind", ["doubled-zone", "missing-label", "parent-label"])
def test_a_misplaced_record_hides_what_is_at_the_owner_name(beside: object, kind: str) -> None:
    where = name("_acme-challenge.example.test.example.test.")
    facts = survey(
        hop(at(NS1, beside), at(NS2, beside)),  # type: ignore[arg-type]
        sightings=(Sighting(where, kind, VALUE),),
    )
    found = only_error(facts, "misplaced-record")
    assert found.evidence["kind"] == kind
    assert found.summary == f"the record is at {where} instead of {OWNER}"


def test_a_record_beside_the_alias_is_misplaced() -> None:
    facts = aliased(at(NS3, nxdomain()), sightings=(Sighting(name(OWNER), "beside-alias", VALUE),))
    assert only_error(facts, "misplaced-record").summary.endswith(f"instead of {TARGET}")


def test_a_sighting_elsewhere_is_nothing_where_a_server_has_the_record() -> None:
    sightings = (Sighting(name("example.test."), "missing-label", VALUE),)
    facts = survey(hop(at(NS1, texts(), 42), at(NS2, nxdomain(), 41)), sightings=sightings)
    only_error(facts, "secondary-behind")


def test_other_values_beside_are_stale() -> None:
    found = only_warning(survey(hop(at(NS1, texts(OTHER, VALUE)))), "stale-values")
    assert found.evidence["unexpected"] == [OTHER.decode()]


# -- over the rounds -----------------------------------------------------------------------------


@pytest.mark.parametrize("now", [texts(), nxdomain()])
def test_back_and_forth_is_unstable(now: object) -> None:
    facts = survey(
        hop(at(NS1, texts()), at(NS2, now, flips=3, matched_before=True))  # type: ignore[arg-type]
    )
    assert only_error(facts, "answer-unstable").nameserver == name("ns2.example.net.")


@pytest.mark.parametrize("others", [texts(), nxdomain()])
def test_a_record_that_was_there_has_vanished(others: object) -> None:
    facts = survey(
        hop(at(NS1, others), at(NS2, nxdomain(), flips=1, matched_before=True))  # type: ignore[arg-type]
    )
    assert only_error(facts, "record-vanished").address == NS2


# -- aliases -------------------------------------------------------------------------------------


@pytest.mark.parametrize("there", [nxdomain(), nodata(), texts(OTHER)])
def test_an_alias_target_lacks_the_record(there: object) -> None:
    found = only_error(aliased(at(NS3, there)), "alias-target-lacks-record")
    assert found.evidence["target"] == TARGET


def test_a_lagging_server_of_the_alias_target_is_behind() -> None:
    only_error(aliased(at(NS1, texts(), 42), at(NS3, nxdomain(), 41)), "secondary-behind")


@pytest.mark.parametrize(("serial", "code"), [(6, "secondary-behind"), (7, "servers-disagree")])
def test_a_server_of_the_alias_zone_without_the_alias(serial: int, code: str) -> None:
    first = hop(at(NS1, alias(), 7), at(NS2, nxdomain(), serial))
    assert only_error(aliased(at(NS3, texts()), first=first), code).address == NS2


def test_different_aliases_are_a_disagreement() -> None:
    facts = survey(hop(at(NS1, alias(), 7), at(NS2, alias("elsewhere.test."), 7)))
    only_error(facts, "servers-disagree")


def test_an_alias_to_nowhere_dangles() -> None:
    obstacle = NoSuchDomain(name("other.test."), name("test."))
    facts = survey(hop(at(NS1, alias())), obstacle=obstacle)
    assert TARGET in only_error(facts, "alias-dangling").summary


def test_an_alias_loop() -> None:
    chain = (name(TARGET), name(OWNER))
    facts = survey(
        hop(at(NS1, alias())),
        hop(at(NS1, alias(OWNER)), owner=TARGET),
        obstacle=AliasLoop(chain),
    )
    found = only_error(facts, "alias-loop")
    assert f"{OWNER} -> {TARGET} -> {OWNER}"[:-1] in found.cause


@pytest.mark.parametrize("there", [texts(), nxdomain()])
def test_data_beside_an_alias_conflicts(there: object) -> None:
    first = hop(at(NS1, alias(conflict=True, texts=(VALUE,))))
    only_error(aliased(at(NS3, there), first=first), "alias-conflict")


def test_a_wildcard_alias_is_an_error_where_the_value_is_not_served() -> None:
    only_error(aliased(at(NS3, nxdomain()), wildcard_alias=name(TARGET)), "alias-wildcard")


def test_a_wildcard_alias_to_nowhere_is_the_cause() -> None:
    facts = survey(
        hop(at(NS1, alias())),
        obstacle=NoSuchDomain(name("other.test."), name("test.")),
        wildcard_alias=name(TARGET),
    )
    only_error(facts, "alias-wildcard")


def test_a_wildcard_alias_is_a_warning_where_the_value_is_served() -> None:
    only_warning(aliased(at(NS3, texts()), wildcard_alias=name(TARGET)), "alias-wildcard")
    lagging = aliased(at(NS1, texts(), 42), at(NS3, nxdomain(), 41), wildcard_alias=name(TARGET))
    only_error(lagging, "secondary-behind", warnings=("alias-wildcard",))


# -- servers -------------------------------------------------------------------------------------

TROUBLES = [
    (Refused(), "nameserver-refuses"),
    (Failing("SERVFAIL"), "nameserver-failing"),
    (NotAuthoritative(recursive=True), "not-authoritative"),
    (NotAuthoritative(recursive=False, upward=dns.name.root), "not-authoritative"),
    (Referral(name("_acme-challenge.example.test."), frozenset()), "not-authoritative"),
    (Malformed("another question"), "malformed-answer"),
    (silent(NoResponseReason.TRUNCATED), "tcp-unavailable"),
    (silent(), "nameserver-unreachable"),
    (silent(NoResponseReason.NO_ROUTE), "nameserver-unreachable"),
    (NotAsked("no IPv6 route from this host"), "nameserver-unreachable"),
]


@pytest.mark.parametrize(("reading", "code"), TROUBLES)
def test_a_server_in_trouble_is_one_error_with_its_name(reading: object, code: str) -> None:
    facts = survey(hop(at(NS1, texts()), at(NS2, reading), at(NS2_V6, reading)))  # type: ignore[arg-type]
    found = only_error(facts, code)
    assert found.nameserver == name("ns2.example.net.")
    assert found.address is None
    assert "ns2.example.net" in found.summary


@pytest.mark.parametrize(("reading", "code"), TROUBLES)
def test_with_unreachable_warn_it_is_a_warning_while_another_shows_it(
    reading: object, code: str
) -> None:
    facts = survey(hop(at(NS1, texts()), at(NS2, reading)))  # type: ignore[arg-type]
    only_warning(facts, code, unreachable=UnreachablePolicy.WARN)


@pytest.mark.parametrize(("reading", "code"), TROUBLES)
def test_with_unreachable_warn_it_stays_an_error_where_no_server_answers(
    reading: object, code: str
) -> None:
    facts = survey(hop(at(NS1, reading), at(NS2, reading)))  # type: ignore[arg-type]
    found = diagnose(facts, unreachable=UnreachablePolicy.WARN)
    assert codes(found, Severity.ERROR) == [code]
    skipped = judge(facts, found, skip=frozenset({code}), unreachable=UnreachablePolicy.WARN)
    assert skipped is Verdict.NOT_READY


def test_a_server_that_refuses_at_one_address_is_in_error() -> None:
    only_error(survey(hop(at(NS2, texts()), at(NS2_V6, Refused()))), "nameserver-refuses")


def test_a_server_that_refuses_is_not_also_unreachable() -> None:
    facts = survey(hop(at(NS1, texts()), at(NS2, Refused()), at(NS2_V6, silent())))
    only_error(facts, "nameserver-refuses", warnings=("address-unreachable",))


def test_an_unreachable_address_beside_an_answering_one_is_a_warning() -> None:
    found = only_warning(survey(hop(at(NS2, texts()), at(NS2_V6, silent()))), "address-unreachable")
    assert (found.nameserver, found.address) == (name("ns2.example.net."), NS2_V6)


def test_several_dead_servers_are_one_finding() -> None:
    facts = survey(hop(at(NS1, texts()), at(NS2, silent()), at(NS3, silent())))
    found = only_error(facts, "nameserver-unreachable")
    assert found.nameserver is None
    assert "ns2.example.net and ns3.example.net" in found.summary


def test_a_server_of_two_zones_passed_is_told_once() -> None:
    first = hop(at(NS1, alias()), at(NS2, silent()))
    facts = aliased(at(NS1, texts()), at(NS2, silent()), first=first)
    addresses = only_error(facts, "nameserver-unreachable").evidence["addresses"]
    assert isinstance(addresses, list)
    assert len(addresses) == 1


def test_an_ns_name_without_address() -> None:
    servers = (
        NameServer(name("ns1.example.net."), BOTH, own=(Endpoint(NS1),)),
        NameServer(name("gone.example.net."), BOTH, failure="it does not exist"),
    )
    facts = survey(hop(at(NS1, texts()), nameservers=servers))
    found = only_error(facts, "nameserver-without-address")
    assert found.nameserver == name("gone.example.net.")
    assert "it does not exist" in found.cause
    only_warning(facts, "nameserver-without-address", unreachable=UnreachablePolicy.WARN)


# -- delegation and the walk -----------------------------------------------------------------------


def test_a_domain_that_does_not_exist() -> None:
    facts = survey(obstacle=NoSuchDomain(name("example.test."), name("test.")))
    assert only_error(facts, "no-such-domain").summary == (
        "example.test does not exist: test. answers NXDOMAIN."
    )


@pytest.mark.parametrize(("reading", "code"), TROUBLES)
def test_a_zone_of_which_no_server_answers(reading: object, code: str) -> None:
    only_error(survey(hop(at(NS1, reading))), code)  # type: ignore[arg-type]


def test_a_zone_whose_servers_have_no_address() -> None:
    asked = hop(nameservers=(NameServer(name("gone.example.net."), DELEGATION),))
    only_error(survey(asked), "nameserver-without-address")


def test_time_that_ran_out_is_an_error_of_the_servers() -> None:
    facts = survey(obstacle=OutOfTime(name("example.test.")))
    assert "time ran out" in only_error(facts, "nameserver-unreachable").summary


def test_without_egress_nothing_is_concluded() -> None:
    facts = survey(obstacle=NoEgress((Endpoint("198.41.0.4"),)))
    found = diagnose(facts)
    assert codes(found, Severity.ERROR) == ["no-dns-egress"]
    assert judge(facts, found, skip=frozenset({"no-dns-egress"})) is Verdict.INCONCLUSIVE


def test_ns_sets_that_differ() -> None:
    servers = (
        NameServer(name("ns1.example.net."), BOTH, own=(Endpoint(NS1),)),
        NameServer(name("ns2.example.net."), DELEGATION, own=(Endpoint(NS2),)),
        NameServer(name("ns3.example.net."), APEX, own=(Endpoint(NS3),)),
    )
    facts = survey(hop(*(at(a, texts()) for a in (NS1, NS2, NS3)), nameservers=servers))
    found = only_warning(facts, "delegation-mismatch")
    assert "ns2.example.net only in the delegation" in found.summary
    assert "ns3.example.net only in the zone itself" in found.summary


def test_one_unknown_ns_set_is_no_difference() -> None:
    servers = (NameServer(name("ns1.example.net."), DELEGATION, glue=(Endpoint(NS1),)),)
    assert diagnose(survey(hop(at(NS1, texts()), nameservers=servers))) == ()


def test_glue_that_differs() -> None:
    server = NameServer(name("ns1.example.net."), BOTH, glue=(Endpoint(NS3),), own=(Endpoint(NS1),))
    facts = survey(
        hop(
            at(NS1, texts()),
            at(NS3, texts(), nameserver=name("ns1.example.net.")),
            nameservers=(server,),
        )
    )
    only_warning(facts, "glue-mismatch")


def test_glue_without_the_second_family_is_no_mismatch() -> None:
    server = NameServer(
        name("ns2.example.net."), BOTH, (Endpoint(NS2),), (Endpoint(NS2), Endpoint(NS2_V6))
    )
    facts = survey(hop(at(NS2, texts()), at(NS2_V6, texts()), nameservers=(server,)))
    assert diagnose(facts) == ()


# -- transport -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("probe", "code"),
    [
        ("tcp_refused", "tcp-unavailable"),
        ("edns_broken", "edns-broken"),
        ("case_changed", "case-not-preserved"),
        ("rate_limited", "rate-limited"),
    ],
)
def test_an_oddity_of_one_address_is_a_warning(probe: str, code: str) -> None:
    facts = survey(hop(at(NS1, texts()), at(NS2, texts())), **{probe: frozenset({Endpoint(NS2)})})
    assert only_warning(facts, code).address == NS2


def test_a_negative_answer_without_soa_is_a_warning_beside_the_error() -> None:
    facts = survey(hop(at(NS1, nxdomain(soa=None))))
    only_error(facts, "record-not-published", warnings=("negative-answer-without-soa",))


# -- the verdict ---------------------------------------------------------------------------------


def test_a_skipped_error_does_not_count() -> None:
    facts = survey(hop(at(NS1, texts()), at(NS2, Refused())))
    found = diagnose(facts)
    assert judge(facts, found, skip=frozenset({"nameserver-refuses"})) is Verdict.READY
    assert judge(facts, found, skip=frozenset({"nameserver-failing"})) is Verdict.NOT_READY


def test_an_error_from_elsewhere_counts_though_the_record_is_ready() -> None:
    facts = survey(hop(at(NS1, texts())))
    caa = Finding("caa-forbids", Severity.ERROR, "s.", "c.", "r.", "RFC 8659")
    assert judge(facts, (caa,), skip=frozenset()) is Verdict.NOT_READY
    warning = dataclasses.replace(caa, severity=Severity.WARNING)
    assert judge(facts, (warning,), skip=frozenset()) is Verdict.READY
