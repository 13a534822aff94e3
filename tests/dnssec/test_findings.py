"""What the scenarios are told as: which finding, of which kind, about whom, in which words."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import dns.name
import dns.rdatatype
import pytest

from certbot_dns_preflight.checks import unjudged
from certbot_dns_preflight.checks.rules import dnssec_bogus
from certbot_dns_preflight.dnssec import anchors
from certbot_dns_preflight.dnssec.validate import validate
from certbot_dns_preflight.facts.answers import Endpoint
from certbot_dns_preflight.facts.dnssec import (
    Assessment,
    Fault,
    Kind,
    ServerAddress,
    Status,
    ZoneState,
)
from certbot_dns_preflight.facts.finding import Severity
from tests.checks.asserting import of_dnssec
from tests.dnssec.test_against_unbound import assess, collect

if TYPE_CHECKING:
    from certbot_dns_preflight.facts.finding import Finding
    from tests.dnssec.world import World

FAULTS = {
    "stale-ds.test.": ("ds-without-key",),
    "ds-but-unsigned.test.": ("ds-without-key",),
    "ds-but-unsigned-on-one.test.": ("ds-without-key", "signature-missing"),
    "ds-wrong-digest.test.": ("digest-differs",),
    "expired.test.": ("signature-expired",),
    "expired-on-nsd.test.": ("signature-expired",),
    "expired-on-pdns.test.": ("signature-expired",),
    "future.test.": ("signature-not-yet-valid",),
    "future-on-nsd.test.": ("signature-not-yet-valid",),
    "future-on-pdns.test.": ("signature-not-yet-valid",),
    "no-txt-signature-on-one.test.": ("signature-missing",),
    "no-key-signature-on-one.test.": ("signature-missing",),
    "tampered-on-one.test.": ("signature-invalid",),
    "key-removed-too-early.test.": ("signature-invalid",),
    "no-denial-on-one.test.": ("signature-missing",),
    "no-denial3-on-one.test.": ("signature-missing",),
    "p-expired.test.": ("signature-expired",),
    "child.p-expired.test.": ("signature-expired",),
    "child.two-ds.test.": ("ds-without-key",),
    "caa-unsigned.test.": ("signature-missing",),
    "caa-unsigned-on-one.test.": ("signature-missing",),
    "caa-no-denial.test.": ("signature-missing",),
    "brief-2h-early.test.": ("signature-not-yet-valid",),
    "brief-2h-late.test.": ("signature-expired",),
    "brief-30h-early.test.": ("signature-not-yet-valid",),
    "brief-30h-late.test.": ("signature-expired",),
    "long-30h-early.test.": ("signature-not-yet-valid",),
    "long-30h-late.test.": ("signature-expired",),
}


# Within what validators allow for clocks that differ.
TOLERATED = {
    "brief-10m-early.test.": "become valid in",
    "brief-10m-late.test.": "expired",
    "long-10m-early.test.": "become valid in",
    "long-10m-late.test.": "expired",
    "long-2h-early.test.": "become valid in",
    "long-2h-late.test.": "expired",
}


@pytest.fixture(scope="module")
def told(signed_world: World) -> dict[str, list[Finding]]:
    facts = collect(signed_world, list(signed_world.scenarios))
    return {name: list(of_dnssec(assess(signed_world, found))) for name, found in facts.items()}


@pytest.mark.parametrize(("origin", "kinds"), FAULTS.items())
def test_each_fault_is_told_with_its_kind_and_nothing_else(
    told: dict[str, list[Finding]], origin: str, kinds: tuple[str, ...]
) -> None:
    found = told[origin]
    assert [f.evidence["kind"] for f in found] == list(kinds)
    assert {f.code for f in found} == {"dnssec-bogus"}
    assert {f.severity for f in found} == {Severity.ERROR}
    for finding in found:
        for text in (finding.summary, finding.cause, finding.remedy):
            assert text.isprintable()


def test_healthy_and_unsigned_zones_are_told_nothing_of(told: dict[str, list[Finding]]) -> None:
    rest = {name: found for name, found in told.items() if name not in FAULTS}
    for origin in ("ends-soon.test.", *TOLERATED):
        del rest[origin]
    assert len(rest) > 50
    assert {name: found for name, found in rest.items() if found} == {}


def test_signatures_that_end_within_three_days_are_a_warning(
    told: dict[str, list[Finding]],
) -> None:
    (found,) = told["ends-soon.test."]
    assert (found.code, found.severity) == ("dnssec-expiring", Severity.WARNING)
    assert found.summary == "The signatures of ends-soon.test expire in 47 hours."


@pytest.mark.parametrize(("origin", "words"), TOLERATED.items())
def test_what_clocks_that_differ_explain_is_a_warning_that_names_the_clock(
    told: dict[str, list[Finding]], origin: str, words: str
) -> None:
    (found,) = told[origin]
    assert (found.code, found.severity) == ("dnssec-expiring", Severity.WARNING)
    assert f"The signatures of {origin[:-1]} {words}" in found.summary
    assert "this host's clock says" in found.cause
    assert "clock" in found.remedy


def test_what_is_wrong_with_caa_is_told_as_that(told: dict[str, list[Finding]]) -> None:
    for origin, what in {"caa-unsigned.test.": "", "caa-no-denial.test.": "the denial of "}.items():
        (found,) = told[origin]
        assert found.summary == (
            f"DNSSEC of {origin[:-1]}: no signature for {what}CAA at {origin[:-1]}."
        )


def test_a_ds_that_only_some_of_the_parents_servers_serve_names_these(
    told: dict[str, list[Finding]],
) -> None:
    (found,) = told["child.two-ds.test."]
    assert str(found.nameserver) == "knot.ns.test."
    assert "the DS at two-ds.test does not match any key on knot.ns.test at " in found.summary
    assert "all name servers of the parent zone" in found.remedy


def test_the_one_server_with_old_signatures_is_named(told: dict[str, list[Finding]]) -> None:
    (found,) = told["expired-on-nsd.test."]
    assert str(found.nameserver) == "nsd.ns.test."
    assert found.summary == (
        "nsd.ns.test serves expired DNSSEC signatures for expired-on-nsd.test (they expired 2 days "
        "ago)."
    )
    assert found.remedy.startswith("Compare the serials of nsd.ns.test and of the other name ")


def test_a_ds_without_key_names_the_key_and_the_registrar(told: dict[str, list[Finding]]) -> None:
    (found,) = told["stale-ds.test."]
    assert found.summary == ("DNSSEC of stale-ds.test: the DS at test does not match any key.")
    assert "At the registrar" in found.remedy
    assert found.nameserver is None


def test_a_ds_with_the_right_tag_and_another_digest_says_so(told: dict[str, list[Finding]]) -> None:
    (found,) = told["ds-wrong-digest.test."]
    ((tag,),) = [fault["key_tags"] for fault in found.evidence["faults"]]
    assert found.summary == (
        f"DNSSEC of ds-wrong-digest.test: key tag {tag} exists, but its digest differs from the DS "
        "at test."
    )
    assert f"key tag {tag} exists, but its digest differs" in found.cause
    assert "At the registrar" in found.remedy


def test_with_another_root_nothing_below_is_blamed(signed_world: World) -> None:
    facts = collect(signed_world, ["ecdsa256.test."])["ecdsa256.test."]
    assessment = validate(facts, anchors.builtin(), now=int(time.time()))
    (found,) = of_dnssec(assessment)
    assert found.evidence["kind"] == "ds-without-key"
    assert found.summary == "the trust anchor does not match any of the root's keys."


@pytest.mark.parametrize(("days", "kind"), [(40, "expired"), (-40, "not-yet-valid")])
def test_a_wrong_clock_here_is_mentioned(signed_world: World, days: int, kind: str) -> None:
    facts = collect(signed_world, ["ecdsa256.test."])["ecdsa256.test."]
    now = int(time.time()) + days * 86400
    assessment = validate(facts, anchors.read(signed_world.trust_anchor), now=now)
    found = next(iter(of_dnssec(assessment)))
    assert found.evidence["kind"] == f"signature-{kind}"
    assert "this host's clock says" in found.cause
    assert unjudged(assessment) == ()


def test_each_kind_has_a_remedy_in_the_catalogue() -> None:
    remedies = dnssec_bogus.RULE.remedies
    assert [remedy.cause for remedy in remedies] == [kind.value for kind in Kind]


def test_a_registrys_signatures_are_not_the_users_to_mend() -> None:
    tld, own = (dns.name.from_text(text) for text in ("test.", "example.test."))
    place = ServerAddress(dns.name.from_text("a.nic.test."), Endpoint("192.0.2.1"))

    def told(kind: Kind, owner: dns.name.Name, rdtype: str) -> str:
        about = dns.rdatatype.from_text(rdtype)
        fault = Fault(kind, tld, owner, about, "does not fit", None, (), (place,))
        zone = ZoneState(tld, Status.BOGUS, "", ((place, Status.BOGUS),), (fault,))
        (found,) = of_dnssec(Assessment((zone,), now=0))
        return found.remedy

    for kind in (Kind.DS_WITHOUT_KEY, Kind.DIGEST_DIFFERS, Kind.MISSING, Kind.INVALID):
        assert told(kind, tld, "DNSKEY") == (
            "The registry's signatures are broken; nothing to fix on your side if this host's "
            "clock is right. Try again later."
        )
    forgotten = told(Kind.DENIAL_INVALID, own, "DS")
    assert forgotten.startswith("Delegate the zone in test (NS records, and DS if it is signed)")
