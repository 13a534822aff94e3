"""What cannot work is refused before the CA or a name server hears of it, in plain words.

Through certbot, a case of each kind; test_option_checks has the others.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Certbot, Ran
    from tests.lab import Lab


def refused(certbot: Certbot, lab: Lab, *options: str | Path) -> Ran:
    since = len(lab.ca.log)
    ran = certbot("certonly", "--domains=example.test", "--authenticator=dns-preflight", *options)
    assert ran.status == 1, ran.output
    assert "Traceback" not in ran.output
    assert "new-order" not in lab.ca.log[since:]
    assert not certbot.renewal_file("example.test").exists()
    return ran


def test_an_authenticator_that_is_not_installed(certbot: Certbot, lab: Lab) -> None:
    ran = refused(certbot, lab, "--dns-preflight-authenticator=dns-rfc2163")
    line = next(line for line in ran.stderr.splitlines() if "did you mean dns-rfc2136?" in line)
    assert line.startswith("--dns-preflight-authenticator: ")
    assert re.search("; did you mean dns-rfc2136[?] installed: .*dns-rfc2136, .*manual$", line)
    assert "The error was" not in ran.output
    assert "PluginError" not in ran.output


def test_http_01_alone(certbot: Certbot, lab: Lab) -> None:
    ran = refused(certbot, lab, *certbot.hook_options, "--preferred-challenges=http")
    assert "--preferred-challenges http-01 leaves out dns-01" in ran.stderr


def test_an_ip_address(certbot: Certbot, lab: Lab) -> None:
    if "--ip-address" not in certbot("--help", "certonly").stdout:
        pytest.skip("this certbot orders no certificates for IP addresses")
    ran = refused(certbot, lab, *certbot.hook_options, "--ip-address=192.0.2.1")
    assert "dns-01 cannot prove control of an IP address (192.0.2.1)" in ran.stderr


def test_without_hooks_and_terminal_the_error_names_our_option_too(
    certbot: Certbot, lab: Lab
) -> None:
    told = " ".join(refused(certbot, lab).stderr.split())
    assert "--manual-auth-hook" in told
    assert re.search(r"--dns-preflight-authenticator \(installed: [^)]*dns-rfc2136[^)]*\)", told)


def test_a_report_that_cannot_be_written(certbot: Certbot, lab: Lab, tmp_path: Path) -> None:
    nowhere = tmp_path / "missing" / "report.json"
    ran = refused(certbot, lab, *certbot.hook_options, f"--dns-preflight-report={nowhere}")
    (line,) = (line for line in ran.stderr.splitlines() if "--dns-preflight-report" in line)
    assert str(nowhere) in line


@pytest.mark.parametrize(("option", "value"), [("timeout", "soon"), ("root-hints", "/nonexistent")])
def test_a_bad_value_is_told_in_exactly_one_line(
    certbot: Certbot, lab: Lab, option: str, value: str
) -> None:
    ran = refused(certbot, lab, *certbot.hook_options, f"--dns-preflight-{option}={value}")
    lines = [line for line in ran.stderr.splitlines() if f"--dns-preflight-{option}" in line]
    assert len(lines) == 1
    assert lines[0].startswith(f"--dns-preflight-{option}: ")
    assert "is not accepted" in lines[0]
    assert "usage" not in ran.stderr
