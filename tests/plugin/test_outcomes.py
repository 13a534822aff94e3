"""What certbot does with an outcome: nothing is answered that was not seen, unless asked for."""

from __future__ import annotations

import datetime as dt
import fcntl
import json
import os
import re
import signal
import stat
from typing import TYPE_CHECKING

import pytest
from cryptography import x509

from certbot_dns_preflight.plugin import outcome
from tests.observe import HANG, until
from tests.plugin.conftest import OWNER

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import Certbot
    from tests.lab import Lab

pytestmark = pytest.mark.slow


def names_in(certificate: Path) -> set[str]:
    parsed = x509.load_pem_x509_certificate(certificate.read_bytes())
    extension = parsed.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    return set(extension.value.get_values_for_type(x509.DNSName))


def test_an_order_of_apex_wildcard_and_an_alias_into_another_zone_issues_through_hooks(
    certbot: Certbot, lab: Lab
) -> None:
    since = len(lab.ca.log)
    ran = certbot.order("example.test,*.example.test,www.alias.test", *certbot.hook_options)
    assert ran.status == 0, ran.output
    assert lab.ca.challenges_answered(since) == 3
    assert names_in(certbot.certificate("example.test")) == {
        "example.test",
        "*.example.test",
        "www.alias.test",
    }


def test_a_secondary_that_never_gets_it_aborts_before_the_ca_is_told(
    certbot: Certbot, lab: Lab
) -> None:
    lab.pause_transfers(lab.knot)
    since = len(lab.ca.log)
    ran = certbot.order(
        "example.test",
        *certbot.rfc2136_options,
        "--dns-preflight-timeout=6",
        f"--dns-preflight-report={certbot.report}",
    )
    assert ran.status == 1
    answer = next(line for line in ran.stderr.splitlines() if line.startswith("Not ready"))
    assert lab.knot.host.rstrip(".") in answer
    assert "certbot is now removing any records it created," in " ".join(ran.stderr.split())
    assert lab.ca.challenges_answered(since) == 0
    assert not lab.primary.texts(OWNER)
    written = json.loads(certbot.report.read_text())
    assert written["outcome"] == "not-ready"
    assert stat.S_IMODE(certbot.report.stat().st_mode) == 0o600
    assert not certbot.renewal_file("example.test").exists()


def test_a_secondary_that_catches_up_is_waited_for(certbot: Certbot, lab: Lab) -> None:
    lab.pause_transfers(lab.nsd)
    process = certbot.start(
        "certonly",
        "--domains=example.test",
        *certbot.preflight_options,
        *certbot.rfc2136_options,
    )
    until(lambda: f"{lab.nsd.address4}#53 {OWNER} TXT: NXDOMAIN" in certbot.log)
    lab.resume_transfers(lab.nsd)
    stdout, stderr = process.communicate(timeout=HANG)
    assert process.returncode == 0, stderr
    assert "Ready: example.test after " in stdout


def test_on_failure_continue_answers_all_the_same_with_a_warning(
    certbot: Certbot, lab: Lab
) -> None:
    lab.pause_transfers(lab.knot)
    since = len(lab.ca.log)
    ran = certbot.order(
        "example.test",
        *certbot.rfc2136_options,
        "--dns-preflight-timeout=6",
        "--dns-preflight-on-failure=continue",
        "--dns-preflight-settle=60",
    )
    assert lab.ca.challenges_answered(since) == 1
    assert "(settle)" not in ran.log  # a pause after readiness; there was none
    assert "Not ready: " in ran.stderr
    assert "Continuing with the CA anyway" in " ".join(ran.stderr.split())


def test_quiet_prints_nothing_on_success_settle_waits_and_log_and_report_have_the_outcome(
    certbot: Certbot,
) -> None:
    ran = certbot.order(
        "example.test",
        *certbot.rfc2136_options,
        f"--dns-preflight-report={certbot.report}",
        "--dns-preflight-settle=3",
        "--quiet",
    )
    assert (ran.status, ran.output) == (0, "")
    assert json.loads(certbot.report.read_text())["outcome"] == "ready"
    assert stat.S_IMODE(certbot.report.stat().st_mode) == 0o600
    assert '"outcome": "ready"' in ran.log
    stamps = re.findall(r"^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}):(.*)", ran.log, re.MULTILINE)
    begun = next(i for i, (_, words) in enumerate(stamps) if "(settle)" in words)
    at, then = (dt.datetime.fromisoformat(stamps[i][0]) for i in (begun, begun + 1))
    assert (then - at).total_seconds() > 2.9


# -- names that are not ready don't take down those that are ---------------------------------------


@pytest.fixture
def broken(lab: Lab) -> str:
    """A zone that its second name server never gets updates of."""
    lab.zone("broken.test.", [lab.bind, lab.nsd], dynamic=True)
    lab.pause_transfers(lab.nsd, "broken.test.")
    return "broken.test"


def test_allow_subset_of_names_drops_the_names_that_are_not_ready(
    certbot: Certbot, lab: Lab, broken: str
) -> None:
    since = len(lab.ca.log)
    ran = certbot.order(
        f"example.test,www.{broken},{broken},www.example.test",
        *certbot.rfc2136_options,
        "--dns-preflight-timeout=15",
        "--allow-subset-of-names",
    )
    assert ran.status == 0, ran.output
    assert names_in(certbot.certificate("example.test")) == {"example.test", "www.example.test"}
    assert lab.ca.challenges_answered(since) == 2
    assert "Not ready: " in ran.stderr
    for owner in (OWNER, f"_acme-challenge.{broken}.", f"_acme-challenge.www.{broken}."):
        assert not lab.primary.texts(owner)


def test_allow_subset_of_names_fails_where_no_name_is_ready(
    certbot: Certbot, lab: Lab, broken: str
) -> None:
    since = len(lab.ca.log)
    ran = certbot.order(
        f"{broken},www.{broken}",
        *certbot.rfc2136_options,
        "--dns-preflight-timeout=6",
        "--allow-subset-of-names",
    )
    assert ran.status == 1
    assert "Not ready: " in ran.stderr
    assert "left out" not in ran.stderr
    assert lab.ca.challenges_answered(since) == 0


def test_without_it_one_name_that_is_not_ready_stops_the_order(
    certbot: Certbot, lab: Lab, broken: str
) -> None:
    since = len(lab.ca.log)
    ran = certbot.order(
        f"example.test,{broken}",
        *certbot.rfc2136_options,
        "--dns-preflight-timeout=6",
    )
    assert ran.status == 1
    assert lab.ca.challenges_answered(since) == 0
    assert not lab.primary.texts(OWNER)


# -- signals in the wait ---------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("wrapped", ["rfc2136_options", "hook_options"])
def test_a_signal_in_the_wait_ends_it_at_once_and_the_records_are_removed(
    certbot: Certbot, lab: Lab, number: signal.Signals, wrapped: str
) -> None:
    lab.pause_transfers(lab.knot)
    since = len(lab.ca.log)
    process = certbot.start(
        "certonly",
        "--domains=example.test,*.example.test",
        *certbot.preflight_options,
        *getattr(certbot, wrapped),
        "--dns-preflight-timeout=3600",
    )
    try:
        # Whoever has been asked for the record is waited for.
        until(lambda: f"{lab.knot.address4}#53 {OWNER} TXT: NXDOMAIN" in certbot.log)
        os.kill(process.pid, number)
        _, stderr = process.communicate(timeout=HANG)
    finally:
        process.kill()
        process.wait()
    assert process.returncode != 0
    assert "Traceback" not in stderr
    assert not lab.primary.texts(OWNER)
    assert lab.ca.challenges_answered(since) == 0


# -- the CA refuses all the same -------------------------------------------------------------------


@pytest.fixture
def misled_ca(lab: Lab) -> Iterator[None]:
    """The CA's resolver says NXDOMAIN, whatever the name servers say."""
    lab.unbound.stop()
    lab.unbound.extra_configuration = f'  local-zone: "{OWNER}" always_nxdomain'
    lab.unbound.start()
    lab.unbound.wait_ready()
    yield
    lab.unbound.stop()
    lab.unbound.extra_configuration = ""
    lab.unbound.start()
    lab.unbound.wait_ready()


def test_after_a_refusal_the_hint_says_what_was_seen_and_what_may_explain_it(
    certbot: Certbot, lab: Lab, misled_ca: None
) -> None:
    del misled_ca
    ran = certbot.order("example.test", *certbot.rfc2136_options)
    assert ran.status == 1
    told = " ".join(ran.stdout.split())
    assert "all 8 addresses of 4 name servers showed every expected value" in told
    assert "Checked again at" in told
    assert "UTC: unchanged." in told
    assert "cached an answer from before the record existed (for up to 60 seconds)" in told
    assert "created by --dns-rfc2136. Ensure the above domains are hosted" in told
    assert "propagation-seconds" not in told
    assert "Waiting 0 seconds" not in told
    assert not lab.primary.texts(OWNER)


# -- many names ------------------------------------------------------------------------------------


def test_an_order_of_a_hundred_names_issues_and_nothing_is_left_behind(
    certbot: Certbot, lab: Lab
) -> None:
    names = [f"n{number}.example.test" for number in range(100)]
    since = len(lab.ca.log)
    ran = certbot.order(",".join(names), *certbot.rfc2136_options)
    assert ran.status == 0, ran.output
    assert lab.ca.challenges_answered(since) == 100
    assert re.search(
        r"^Ready: n\d+\.example\.test, n\d+\.example\.test and 98 more names, after ",
        ran.stdout,
        re.MULTILINE,
    )
    assert not any(lab.primary.texts(f"_acme-challenge.{name}.") for name in names)


def test_a_signal_while_files_are_written_still_ends_it_before_the_ca_is_told(
    certbot: Certbot, lab: Lab, tmp_path: Path
) -> None:
    """Certbot's handler raises an exception like any other: nothing may take it for a failure."""
    directory = tmp_path / "metrics"
    directory.mkdir()
    held = os.open(directory, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    since = len(lab.ca.log)
    process = certbot.start(
        "certonly",
        "--domains=example.test",
        f"--dns-preflight-metrics={directory / 'preflight.prom'}",
        *certbot.preflight_options,
        *certbot.rfc2136_options,
    )
    try:
        until(lambda: "The outcome of the preflight" in certbot.log)
        os.kill(process.pid, signal.SIGTERM)
        process.communicate(timeout=HANG)
    finally:
        process.kill()
        process.wait()
        os.close(held)
    assert process.returncode != 0
    assert lab.ca.challenges_answered(since) == 0
    assert not lab.primary.texts(OWNER)


def test_a_report_of_megabytes_does_not_fill_certbots_log() -> None:
    assert outcome._for_the_log("{}\n") == "{}\n"
    logged = outcome._for_the_log("x" * 3_000_000)
    assert len(logged) < outcome.LONGEST_LOGGED_REPORT + 100
    assert logged.endswith("\n(and 2737856 characters more: --dns-preflight-report keeps all)")
