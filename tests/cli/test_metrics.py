"""`metrics FILE` with certbot and with the command, as processes: good runs, bad runs, misuse."""

from __future__ import annotations

import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from prometheus_client.parser import text_string_to_metric_families

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Command
    from tests.conftest import Certbot
    from tests.lab import Lab

VALUE = "gfj9Xq8kZ2mT4vB7nR1sL0pW6yD3hC5aE9uG2iK8oJg"


def value(file: Path, metric: str, **labels: str) -> float | None:
    for family in text_string_to_metric_families(file.read_text()):
        for sample in family.samples:
            if sample.name == metric and labels.items() <= sample.labels.items():
                return sample.value
    return None


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "preflight.prom"


@pytest.fixture
def without_client(tmp_path: Path) -> str:
    """A PYTHONPATH on which prometheus-client cannot be imported."""
    directory = tmp_path / "without"
    directory.mkdir()
    (directory / "prometheus_client.py").write_text("raise ImportError('not installed')\n")
    return str(directory)


# -- the command -----------------------------------------------------------------------------------


def test_a_check_writes_what_it_saw(
    in_lab: Command, publish: Callable[..., None], file: Path
) -> None:
    publish("counted.example.test", VALUE)
    ran = in_lab("check", "counted.example.test", "--expect", VALUE, "--metrics", file)
    assert (ran.status, ran.stderr) == (0, "")
    domain = "counted.example.test"
    assert value(file, "dns_preflight_ready", domain=domain) == 1
    for number in range(1, 5):
        server = f"ns{number}.dns.test."
        seen = value(
            file, "dns_preflight_nameserver_first_match_seconds", domain=domain, nameserver=server
        )
        assert seen is not None, server
        assert 0 <= seen < 5
    assert stat.S_IMODE(file.stat().st_mode) == 0o644


def test_a_check_that_fails_writes_too(in_lab: Command, file: Path) -> None:
    ran = in_lab("check", "uncounted.example.test", "--expect", VALUE, "--metrics", file)
    assert ran.status == 1
    assert value(file, "dns_preflight_ready") == 0
    assert value(file, "dns_preflight_findings", code="record-not-published") == 1
    assert value(file, "dns_preflight_last_success_timestamp_seconds") is None


def test_without_the_client_nothing_is_asked(
    command: Command, without_client: str, file: Path
) -> None:
    ran = command("check", "example.test", "--metrics", file, PYTHONPATH=without_client)
    assert (ran.status, ran.stdout) == (2, "")
    assert ran.stderr == (
        "dns-preflight: --metrics: prometheus-client is not installed; get it with pip install "
        "'certbot-dns-preflight[metrics]'\n"
    )
    assert not file.exists()


def test_without_the_option_the_client_is_not_missed(in_lab: Command, without_client: str) -> None:
    assert in_lab("check", "example.test", PYTHONPATH=without_client).status == 0


def test_a_place_that_cannot_be_written_is_misuse(command: Command, tmp_path: Path) -> None:
    ran = command("check", "example.test", "--metrics", tmp_path / "no" / "x.prom")
    assert ran.status == 2
    assert ran.stderr.startswith("dns-preflight: --metrics: cannot write")


# -- certbot ---------------------------------------------------------------------------------------


def test_a_renewal_that_fails_updates_the_metrics(certbot: Certbot, lab: Lab, file: Path) -> None:
    options = [*certbot.preflight_options, f"--dns-preflight-metrics={file}"]
    good = certbot("certonly", *options, *certbot.rfc2136_options, "-d", "example.test")
    assert good.status == 0, good.output
    assert value(file, "dns_preflight_ready", domain="example.test") == 1
    success = value(file, "dns_preflight_last_success_timestamp_seconds")
    assert success
    lab.pause_transfers(lab.knot)
    bad = certbot("renew", "--force-renewal", "--dns-preflight-timeout=6")
    assert bad.status == 1
    assert value(file, "dns_preflight_ready", domain="example.test") == 0
    assert value(file, "dns_preflight_findings", code="secondary-behind") == 1
    assert value(file, "dns_preflight_last_success_timestamp_seconds") == success
    last_run = value(file, "dns_preflight_last_run_timestamp_seconds")
    assert last_run is not None
    assert last_run > success
    served = "dns_preflight_nameserver_first_match_seconds"
    assert value(file, served, nameserver="ns1.dns.test.") is not None
    assert value(file, served, nameserver="ns3.dns.test.") is None
    assert stat.S_IMODE(file.stat().st_mode) == 0o644


def test_lineages_that_share_a_file_are_all_told(certbot: Certbot, lab: Lab, file: Path) -> None:
    options = [*certbot.preflight_options, f"--dns-preflight-metrics={file}"]
    for domain in ("example.test", "target.test"):
        made = certbot("certonly", *options, *certbot.rfc2136_options, "-d", domain)
        assert made.status == 0, made.output
    lab.pause_transfers(lab.knot, "target.test.")
    ran = certbot("renew", "--force-renewal", "--dns-preflight-timeout=6")
    assert ran.status == 1
    assert value(file, "dns_preflight_ready", domain="example.test") == 1
    assert value(file, "dns_preflight_ready", domain="target.test") == 0


def test_a_record_that_cannot_even_be_made_is_no_success(certbot: Certbot, file: Path) -> None:
    ran = certbot(
        *("certonly", *certbot.preflight_options, "-d", "www.example.test"),
        *("--dns-preflight-authenticator=dns-rfc2136", f"--dns-preflight-metrics={file}"),
        f"--dns-rfc2136-credentials={_wrong_credentials(certbot)}",
    )
    assert ran.status == 1
    assert value(file, "dns_preflight_ready", domain="www.example.test") == 0
    assert value(file, "dns_preflight_outcome", outcome="inconclusive") == 1


def _wrong_credentials(certbot: Certbot) -> Path:
    path = certbot.lab.credentials.with_name("wrong.ini")
    right = certbot.lab.credentials.read_text()
    path.write_text(right.replace("dns_rfc2136_secret = ", "dns_rfc2136_secret = AAAA"))
    path.chmod(0o600)
    return path


def test_certbot_is_told_of_a_missing_client_before_a_record_is_made(
    certbot: Certbot, lab: Lab, without_client: str, file: Path
) -> None:
    serial = lab.primary.serial("example.test.")
    ran = certbot(
        *("certonly", *certbot.preflight_options, *certbot.rfc2136_options, "-d", "example.test"),
        f"--dns-preflight-metrics={file}",
        PYTHONPATH=without_client,
    )
    assert ran.status == 1
    assert "--dns-preflight-metrics: prometheus-client is not installed" in ran.output
    assert "certbot-dns-preflight[metrics]" in ran.output
    assert lab.primary.serial("example.test.") == serial


def test_loading_the_plugin_does_not_load_the_client() -> None:
    code = (
        "import sys, certbot_dns_preflight.plugin.authenticator; "
        "sys.exit('prometheus_client' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
