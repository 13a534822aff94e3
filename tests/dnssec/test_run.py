"""DNSSEC as part of a whole run: before a record is made, and of the record once it is there."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import dns.dnssec
import dns.exception
import dns.rcode
import pytest

from certbot_dns_preflight.caa.policy import IssuanceRequest
from certbot_dns_preflight.challenge import make_challenge
from certbot_dns_preflight.dnssec import anchors, assessment
from certbot_dns_preflight.facts.dnssec import Trust
from certbot_dns_preflight.facts.finding import Severity
from certbot_dns_preflight.facts.outcome import ChallengeOutcome, Outcome, Progress, Verdict
from certbot_dns_preflight.run import permanence, precheck, waiting
from certbot_dns_preflight.run.signature_check import SignatureCheck
from certbot_dns_preflight.run.timings import Timings
from certbot_dns_preflight.settings import Settings
from tests.clock import run as clocked
from tests.conftest import beside_python
from tests.dnssec.test_against_unbound import collect
from tests.observe import HANG

if TYPE_CHECKING:
    from tests.clock import Clock
    from tests.dnssec.world import World

pytestmark = [pytest.mark.slow, pytest.mark.versioned]

ANYBODY = IssuanceRequest(identities=("letsencrypt.org",))
VALUE = b"value"


@pytest.fixture
def settings(signed_world: World) -> Settings:
    return Settings(
        root_hints=signed_world.root_hints,
        trust_anchor=signed_world.trust_anchor,
        timeout=60,
    )


def run(domain: str, settings: Settings, *, wait: bool = False) -> ChallengeOutcome:
    extras = waiting.Extras(request=ANYBODY)
    outcome = waiting.run([make_challenge(domain, [VALUE])], settings, wait=wait, extras=extras)
    return outcome.challenges[0]


def look_beforehand(domain: str, settings: Settings, *more: str) -> Outcome:
    wanted = [make_challenge(name, [VALUE]) for name in (domain, *more)]
    facts = asyncio.run(precheck.check(wanted, settings))
    return facts.judged(settings, ANYBODY)


def errors(judged: ChallengeOutcome) -> list[tuple[str, object]]:
    return [
        (finding.code, finding.evidence.get("kind"))
        for finding in judged.findings
        if finding.severity.value == "error"
    ]


@pytest.mark.parametrize("wait", [False, True])
@pytest.mark.parametrize(
    "domain",
    [
        "ecdsa256.test",
        "ed25519.test",
        "nsec3-bind.test",
        "signed-without-ds.test",
        "caa-signed.test",
        "caa-alias.test",
        "fine.caa-alias.test",
        "wc-wildcard.test",
    ],
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
        ("caa-unsigned.test", "signature-missing"),
        ("caa-no-denial.test", "signature-missing"),
        ("www.caa-alias.test", "signature-expired"),
    ],
)
def test_what_a_validator_would_not_believe_is_not_ready(
    domain: str, kind: str, settings: Settings, *, wait: bool
) -> None:
    judged = run(domain, settings, wait=wait)
    assert judged.verdict is Verdict.NOT_READY
    assert errors(judged) == [("dnssec-bogus", kind)]


@pytest.mark.parametrize("wait", [False, True])
@pytest.mark.parametrize(
    ("domain", "code", "kind"),
    [
        ("stale-ds.test", "wrong-value", "ds-without-key"),
        ("tampered-on-one.test", "wrong-value", "signature-invalid"),
        ("no-denial-on-one.test", "record-not-published", "signature-missing"),
        ("caa-unsigned.test", "wrong-value", "signature-missing"),
    ],
)
def test_what_a_validator_would_not_believe_is_told_beside_a_record_that_is_not_there(
    domain: str, code: str, kind: str, settings: Settings, *, wait: bool
) -> None:
    wanted = [make_challenge(domain, [b"k" * 43])]
    extras = waiting.Extras(request=ANYBODY)
    outcome = waiting.run(wanted, replace(settings, timeout=6), wait=wait, extras=extras)
    told = errors(outcome.challenges[0])
    assert (code, "dnssec-bogus") == tuple(one for one, _ in told)
    assert dict(told)["dnssec-bogus"] == kind


def test_a_record_that_is_not_there_yet_is_told_alone_where_its_denial_is_sound(
    settings: Settings,
) -> None:
    for domain in ("absent.test", "absent3.test", "absentopt-wildcard.test", "wildcard3.test"):
        judged = run(domain, settings)
        assert judged.verdict is Verdict.NOT_READY
        assert "dnssec-bogus" not in [code for code, _ in errors(judged)]


def test_a_broken_chain_is_found_before_the_record_is_made(settings: Settings) -> None:
    outcome = look_beforehand("stale-ds.test", settings)
    (judged,) = permanence.has_permanent_errors(outcome, skip=frozenset())
    assert errors(judged) == [("dnssec-bogus", "ds-without-key")]
    assert permanence.has_permanent_errors(outcome, skip=frozenset({"dnssec-bogus"})) == ()


@pytest.mark.parametrize(
    "domain", ["caa-unsigned.test", "caa-no-denial.test", "www.caa-alias.test"]
)
def test_caa_that_cannot_be_believed_stops_an_order_as_it_stops_a_ca(
    domain: str, settings: Settings, signed_world: World
) -> None:
    assert signed_world.unbound is not None
    signed_world.unbound.flush()
    answer = signed_world.unbound.query(f"{domain}.", "CAA", dnssec=True)
    assert answer.rcode() == dns.rcode.SERVFAIL
    outcome = look_beforehand(domain, settings)
    (judged,) = permanence.has_permanent_errors(outcome, skip=frozenset())
    assert [code for code, _ in errors(judged)] == ["dnssec-bogus"]


def test_the_faults_of_one_names_data_harm_no_other_name_of_the_zone(settings: Settings) -> None:
    outcome = look_beforehand("www.caa-alias.test", settings, "caa-alias.test", "expired.test")
    assert [bool(errors(judged)) for judged in outcome.challenges] == [True, False, True]
    extras = waiting.Extras(request=ANYBODY)
    wanted = [make_challenge(f"{name}caa-alias.test", [VALUE]) for name in ("www.", "", "fine.")]
    outcome = waiting.run(wanted, replace(settings, timeout=15), wait=True, extras=extras)
    assert [judged.verdict.value for judged in outcome.challenges] == [
        "not-ready",
        "ready",
        "ready",
    ]


@pytest.mark.parametrize("wait", [False, True])
def test_what_was_seen_without_time_for_its_signatures_is_not_ready(
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    wait: bool,  # noqa: FBT001 - a table's column
) -> None:
    async def cut_off(*_: object, **__: object) -> None:
        """Do what a look does whose time is up before it has learned anything."""

    monkeypatch.setattr(SignatureCheck, "look_at", cut_off)
    judged = run("ecdsa256.test", settings, wait=wait)
    assert judged.verdict is Verdict.NOT_READY
    (found,) = [f for f in judged.findings if f.severity is Severity.ERROR]
    assert found.code == "unconfirmed"
    assert "before the DNSSEC signatures were checked" in found.summary
    assert judged.survey.ready_after is None
    without = run("ecdsa256.test", replace(settings, trust_anchor=None), wait=wait)
    assert without.verdict is Verdict.READY


def test_what_cannot_be_judged_is_said(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def unable(*_: object, **__: object) -> None:
        raise dns.exception.UnsupportedAlgorithm

    assert run("ecdsa256.test", settings).unjudged == ()
    (sentence,) = run("unknown-algorithm.test", settings).unjudged
    assert sentence.startswith("DNSSEC of unknown-algorithm.test not checked: its DS has")
    without = replace(settings, trust_anchor=None)
    (sentence,) = run("ecdsa256.test", without).unjudged
    assert sentence.startswith("DNSSEC not checked: discovery used a resolver or other root hints")
    monkeypatch.setattr(dns.dnssec, "validate_rrsig", unable)
    judged = run("ecdsa256.test", settings)
    assert judged.verdict is Verdict.READY
    (sentence,) = judged.unjudged
    assert sentence.startswith("DNSSEC of the root not checked: this host's cryptography cannot")
    assert judged.dnssec.trust is Trust.UNCHECKED
    assert (judged.dnssec.reason or "").startswith(".: this host's cryptography cannot check ECDSA")


@pytest.mark.parametrize(
    ("domain", "trust", "reason"),
    [
        ("ecdsa256.test", Trust.SECURE, None),
        ("unsigned.test", Trust.INSECURE, "unsigned.test.: its parent proves that it has no DS"),
        ("unsigned.optout.", Trust.INSECURE, "unsigned.optout.: its parent proves that it has no "),
        ("expired.test", Trust.BOGUS, "expired.test. DNSKEY: expired"),
        ("caa-no-denial.test", Trust.BOGUS, "caa-no-denial.test. NSEC: no signature of this zone"),
        ("unknown-algorithm.test", Trust.UNCHECKED, "unknown-algorithm.test.: its DS has no algor"),
    ],
)
def test_the_report_says_in_one_word_what_dnssec_comes_to(
    domain: str, trust: Trust, reason: str | None, settings: Settings
) -> None:
    for judged in (run(domain, settings), look_beforehand(domain, settings).challenges[0]):
        assert judged.dnssec.trust is trust
        assert judged.dnssec.reason == reason or (judged.dnssec.reason or "").startswith(
            reason or "!"
        )


def test_without_an_anchor_dnssec_is_unchecked(settings: Settings) -> None:
    judged = run("ecdsa256.test", replace(settings, trust_anchor=None))
    assert judged.dnssec.trust is Trust.UNCHECKED
    assert judged.dnssec.reason == (
        "DNSSEC not checked: discovery used a resolver or other root hints; "
        "add --trust-anchor FILE."
    )


def test_the_page_says_what_was_not_judged(signed_world: World) -> None:
    options = ["check", "ecdsa256.test", f"--root-hints={signed_world.root_hints}"]
    for more, told in (([f"--trust-anchor={signed_world.trust_anchor}"], False), ([], True)):
        ran = subprocess.run(
            [beside_python("dns-preflight"), *options, *more],
            capture_output=True,
            text=True,
            check=True,
        )
        assert ("DNSSEC not checked" in ran.stdout) is told


def test_signatures_that_take_long_hold_up_neither_the_loop_nor_the_end(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = dns.dnssec.validate_rrsig
    computing, ticked = threading.Event(), threading.Event()

    def slow(*given: object, **named: object) -> None:
        computing.set()
        assert ticked.wait(HANG), "the loop stands still"
        time.sleep(0.6)
        real(*given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(dns.dnssec, "validate_rrsig", slow)

    async def ticking() -> None:
        while True:
            await asyncio.sleep(0.01)
            if computing.is_set():
                ticked.set()

    async def go() -> Outcome:
        ticks = asyncio.create_task(ticking())
        wanted = [make_challenge("ecdsa256.test", [VALUE])]
        extras = waiting.Extras(request=ANYBODY, timings=Timings(validation=0.5))
        outcome = await waiting.preflight(wanted, settings, wait=False, extras=extras)
        ticks.cancel()
        return outcome

    (judged,) = asyncio.run(go()).challenges
    assert ticked.is_set()
    assert judged.verdict is Verdict.READY
    assert "takes too long" in judged.unjudged[0]


def test_a_run_that_is_cancelled_leaves_no_computation_behind(
    signed_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = collect(signed_world, ["ecdsa256.test."])["ecdsa256.test."]
    trusted = anchors.read(signed_world.trust_anchor)
    computing, cancelled = threading.Event(), threading.Event()
    computed: list[None] = []

    def slow(*_: object, **__: object) -> None:
        computed.append(None)
        computing.set()
        assert cancelled.wait(HANG)

    monkeypatch.setattr(dns.dnssec, "validate_rrsig", slow)

    async def go() -> None:
        assessing = asyncio.create_task(assessment.assess(facts, trusted, seconds=HANG))
        await asyncio.to_thread(computing.wait, HANG)
        assessing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await assessing
        cancelled.set()

    asyncio.run(go())  # waits for its threads
    assert len(computed) == 1


def test_a_fault_of_the_records_own_signature_shows_once_it_is_there(settings: Settings) -> None:
    before = look_beforehand("no-txt-signature-on-one.test", settings)
    assert permanence.has_permanent_errors(before, skip=frozenset()) == ()
    assert errors(run("no-txt-signature-on-one.test", settings, wait=True)) == [
        ("dnssec-bogus", "signature-missing")
    ]


def test_signatures_are_looked_at_though_the_time_of_a_single_look_is_over(
    settings: Settings,
) -> None:
    async def go(clock: Clock) -> ChallengeOutcome:
        def watch(progress: Progress) -> None:
            if progress.surveys[0].rounds == settings.confirmations:
                clock.move_on(settings.timeout)

        # What is collected of CAA by then is too little in any case.
        timings = Timings(least_for_signatures=60)
        extras = waiting.Extras(request=ANYBODY, timings=timings)
        wanted = [make_challenge("expired.test", [VALUE])]
        outcome = await waiting.preflight(wanted, settings, wait=False, watch=watch, extras=extras)
        return outcome.challenges[0]

    assert ("dnssec-bogus", "signature-expired") in errors(clocked(go))


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
