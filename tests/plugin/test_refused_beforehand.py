"""What cannot work is refused before the CA or a name server hears of it, in plain words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Certbot, Ran
    from tests.lab import Lab


def refused(certbot: Certbot, lab: Lab, *options: str | Path, domains: str = "example.test") -> Ran:
    since = len(lab.ca.log)
    ran = certbot("certonly", f"--domains={domains}", "--authenticator=dns-preflight", *options)
    assert ran.status == 1, ran.output
    assert "Traceback" not in ran.output
    assert "new-order" not in lab.ca.log[since:]
    assert not certbot.renewal_file("example.test").exists()
    return ran


def test_a_trust_anchor_that_holds_none(certbot: Certbot, lab: Lab, tmp_path: Path) -> None:
    empty = tmp_path / "anchor"
    empty.write_text("; nothing\n")
    ran = refused(certbot, lab, *certbot.hook_options, f"--dns-preflight-trust-anchor={empty}")
    assert "--dns-preflight-trust-anchor: " in ran.stderr


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("dns-nowhere", "'dns-nowhere' is not installed"),
        ("rfc2136", "'rfc2136' is not installed; did you mean dns-rfc2136?"),
        ("dns_rfc2136", "did you mean dns-rfc2136?"),
        ("dns-rfc2163", "did you mean dns-rfc2136?"),
        ("dns-preflight", "dns-preflight cannot wrap itself"),
        ("standalone", "standalone does not do dns-01"),
        ("webroot", "webroot does not do dns-01"),
        ("null", "null is not an authenticator"),
    ],
)
def test_an_authenticator_of_no_use_here(certbot: Certbot, lab: Lab, name: str, words: str) -> None:
    ran = refused(certbot, lab, f"--dns-preflight-authenticator={name}")
    line = next(line for line in ran.stderr.splitlines() if words in line)
    assert "--dns-preflight-authenticator: " in line
    assert "installed: dns-rfc2136, manual" in line


def test_http_01_alone(certbot: Certbot, lab: Lab) -> None:
    ran = refused(certbot, lab, *certbot.hook_options, "--preferred-challenges=http")
    assert "--preferred-challenges http-01 leaves out dns-01" in ran.stderr


def test_an_ip_address(certbot: Certbot, lab: Lab) -> None:
    if "--ip-address" not in certbot("--help", "all").stdout:
        pytest.skip("this certbot orders no certificates for IP addresses")
    ran = refused(certbot, lab, *certbot.hook_options, "--ip-address=192.0.2.1")
    assert "dns-01 cannot prove control of an IP address (192.0.2.1)" in ran.stderr


def test_manual_without_a_hook_where_nobody_can_be_asked(certbot: Certbot, lab: Lab) -> None:
    assert "--manual-auth-hook" in refused(certbot, lab).stderr


def test_a_report_that_cannot_be_written(certbot: Certbot, lab: Lab, tmp_path: Path) -> None:
    nowhere = tmp_path / "missing" / "report.json"
    ran = refused(certbot, lab, *certbot.hook_options, f"--dns-preflight-report={nowhere}")
    assert str(nowhere) in ran.stderr
    assert "--dns-preflight-report" in ran.stderr


def test_root_hints_that_hold_none(certbot: Certbot, lab: Lab, tmp_path: Path) -> None:
    empty = tmp_path / "root.hints"
    empty.write_text("")
    ran = refused(certbot, lab, *certbot.hook_options, f"--dns-preflight-root-hints={empty}")
    assert "--dns-preflight-root-hints" in ran.stderr


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("timeout", "soon"),
        ("timeout", "-1"),
        ("confirmations", "0"),
        ("unreachable", "maybe"),
        ("resolver", "192.0.2.1,dns.example"),
        ("family", "5"),
        ("root-hints", "/nonexistent"),
    ],
)
def test_a_bad_value_is_told_in_exactly_one_line(
    certbot: Certbot, lab: Lab, option: str, value: str
) -> None:
    ran = refused(certbot, lab, *certbot.hook_options, f"--dns-preflight-{option}={value}")
    lines = [line for line in ran.stderr.splitlines() if f"--dns-preflight-{option}" in line]
    assert len(lines) == 1
    assert lines[0].startswith(f"--dns-preflight-{option}: ")
    assert "is not accepted" in lines[0]
    assert "usage" not in ran.stderr
