"""DNSSEC as part of a whole run: before a record is made, and of the record once it is there."""

from __future__ import annotations

import asyncio
import json
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from certbot_dns_preflight import beforehand, rounds
from certbot_dns_preflight.caa import Applicant
from certbot_dns_preflight.outcome import ChallengeOutcome, Outcome, Verdict
from certbot_dns_preflight.records import challenge
from certbot_dns_preflight.settings import Settings
from tests.conftest import beside_python

if TYPE_CHECKING:
    from tests.dnssec.world import World

ANYBODY = Applicant(identities=("letsencrypt.org",))
VALUE = b"value"


@pytest.fixture
def settings(signed_world: World) -> Settings:
    return Settings(
        root_hints=signed_world.root_hints,
        trust_anchor=signed_world.trust_anchor,
        query_timeout=1,
        timeout=20,
    )


def run(domain: str, settings: Settings, *, wait: bool = False) -> ChallengeOutcome:
    extras = rounds.Extras(applicant=ANYBODY)
    outcome = rounds.run([challenge(domain, [VALUE])], settings, wait=wait, extras=extras)
    return outcome.challenges[0]


def look_beforehand(domain: str, settings: Settings) -> Outcome:
    facts = asyncio.run(beforehand.look([challenge(domain, [VALUE])], settings))
    return facts.judged(settings, ANYBODY)


def errors(judged: ChallengeOutcome) -> list[tuple[str, object]]:
    return [
        (finding.code, finding.evidence.get("kind"))
        for finding in judged.findings
        if finding.severity.value == "error"
    ]


@pytest.mark.parametrize("wait", [False, True])
@pytest.mark.parametrize(
    "domain", ["ecdsa256.test", "ed25519.test", "nsec3-bind.test", "signed-without-ds.test"]
)
def test_healthy_zones_signed_or_not_are_ready(
    domain: str, settings: Settings, *, wait: bool
) -> None:
    judged = run(domain, settings, wait=wait)
    assert judged.verdict is Verdict.READY
    assert {finding.severity.value for finding in judged.findings} <= {"info"}


@pytest.mark.parametrize("wait", [False, True])
@pytest.mark.parametrize(
    ("domain", "kind"),
    [
        ("stale-ds.test", "ds-without-key"),
        ("expired.test", "signature-expired"),
        ("future.test", "signature-not-yet-valid"),
        ("expired-on-nsd.test", "signature-expired"),
        ("no-txt-signature-on-one.test", "signature-missing"),
    ],
)
def test_what_a_validator_would_not_believe_is_not_ready(
    domain: str, kind: str, settings: Settings, *, wait: bool
) -> None:
    judged = run(domain, settings, wait=wait)
    assert judged.verdict is Verdict.NOT_READY
    assert errors(judged) == [("dnssec-bogus", kind)]


def test_a_broken_chain_is_found_before_the_record_is_made(settings: Settings) -> None:
    outcome = look_beforehand("stale-ds.test", settings)
    (judged,) = beforehand.beyond_waiting(outcome, skip=frozenset())
    assert errors(judged) == [("dnssec-bogus", "ds-without-key")]
    assert beforehand.beyond_waiting(outcome, skip=frozenset({"dnssec-bogus"})) == ()


def test_a_fault_of_the_records_own_signature_shows_once_it_is_there(settings: Settings) -> None:
    before = look_beforehand("no-txt-signature-on-one.test", settings)
    assert beforehand.beyond_waiting(before, skip=frozenset()) == ()
    assert errors(run("no-txt-signature-on-one.test", settings, wait=True)) == [
        ("dnssec-bogus", "signature-missing")
    ]


def test_a_signature_that_ends_soon_is_a_warning(settings: Settings) -> None:
    judged = run("ends-soon.test", settings)
    assert judged.verdict is Verdict.READY
    assert "dnssec-expiring" in {finding.code for finding in judged.findings}


def test_skipped_it_is_still_told(settings: Settings) -> None:
    judged = run("expired.test", replace(settings, skip=("dnssec-bogus",)))
    assert judged.verdict is Verdict.READY
    assert errors(judged) == [("dnssec-bogus", "signature-expired")]


def test_another_root_is_not_judged_by_the_public_roots_keys(settings: Settings) -> None:
    judged = run("expired.test", replace(settings, trust_anchor=None))
    assert judged.verdict is Verdict.READY
    assert errors(judged) == []


def test_the_command_names_the_fault(signed_world: World) -> None:
    ran = subprocess.run(
        [
            beside_python("dns-preflight"),
            "check",
            "expired-on-nsd.test",
            "--json",
            f"--root-hints={signed_world.root_hints}",
            f"--trust-anchor={signed_world.trust_anchor}",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 1
    (found,) = [
        finding
        for finding in json.loads(ran.stdout)["challenges"][0]["findings"]
        if finding["severity"] == "error"
    ]
    assert found["code"] == "dnssec-bogus"
    assert found["evidence"]["kind"] == "signature-expired"


def test_a_bad_trust_anchor_is_refused_in_one_line(signed_world: World) -> None:
    ran = subprocess.run(
        [
            beside_python("dns-preflight"),
            "check",
            "expired.test",
            f"--trust-anchor={signed_world.root_hints}",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 2
    assert ran.stderr.startswith("dns-preflight: --trust-anchor: ")
    assert ran.stderr.count("\n") == 1
