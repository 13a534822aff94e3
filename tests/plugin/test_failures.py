"""Failures are told where it counts, and nothing is waited for that cannot come."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.plugin.renewal_files import edit

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Certbot, Ran
    from tests.lab import Lab

pytestmark = pytest.mark.slow

NAME = "example.test"


@pytest.fixture
def failing_hook(lab: Lab) -> Path:
    """Writes all records but those of names that begin with "bad"."""
    hook = lab.path / "failing-hook"
    hook.write_text(
        "#!/bin/sh\ncase $CERTBOT_DOMAIN in\n"
        "bad*) echo 'the API says \"403\"' >&2; exit 3;;\nesac\n"
        f"exec {lab.auth_hook}\n"
    )
    hook.chmod(0o755)
    return hook


@pytest.fixture
def telling_hook(tmp_path: Path) -> tuple[str, Callable[[], list[dict[str, str]]]]:
    """A failure hook that writes down what it gets; and what it has got."""
    told = tmp_path / "told"
    script = tmp_path / "tell it"
    script.write_text(
        "#!/usr/bin/env python3\nimport json, os, sys\n"
        "got = {n: v for n, v in os.environ.items() if n.startswith('DNS_PREFLIGHT_')}\n"
        f"open({str(told)!r}, 'a').write(json.dumps({{**got, 'text': sys.stdin.read()}}) + '\\n')\n"
    )
    script.chmod(0o755)

    def read() -> list[dict[str, str]]:
        return [json.loads(line) for line in told.read_text().splitlines()] if told.exists() else []

    return f"'{script}'", read


def test_an_auth_hook_that_fails_is_told_at_once_in_its_words_and_runs_the_failure_hook(
    certbot: Certbot,
    lab: Lab,
    failing_hook: Path,
    telling_hook: tuple[str, Callable[[], list[dict[str, str]]]],
) -> None:
    command, told = telling_hook
    since = len(lab.ca.log)
    ran = certbot.order(
        "bad.example.test,good.example.test",
        f"--manual-auth-hook={failing_hook}",
        f"--manual-cleanup-hook={lab.cleanup_hook}",
        "--dns-preflight-timeout=1000",
        f"--dns-preflight-failure-hook={command}",
    )
    assert ran.status == 1
    words = 'Not ready: bad.example.test: the auth hook exited with status 3: the API says "403"'
    assert words in " ".join(ran.stderr.split())
    assert "certbot is now removing any records it created," in " ".join(ran.stderr.split())
    assert lab.ca.challenges_answered(since) == 0
    assert not lab.primary.texts("_acme-challenge.good.example.test.")
    (got,) = told()
    assert got["DNS_PREFLIGHT_DOMAINS"] == "bad.example.test"
    assert words in got["text"]


def test_a_name_whose_hook_fails_is_dropped_from_a_subset(
    certbot: Certbot, lab: Lab, failing_hook: Path
) -> None:
    since = len(lab.ca.log)
    ran = certbot.order(
        "bad.example.test,good.example.test",
        f"--manual-auth-hook={failing_hook}",
        f"--manual-cleanup-hook={lab.cleanup_hook}",
        "--allow-subset-of-names",
    )
    assert ran.status == 0, ran.output
    assert lab.ca.challenges_answered(since) == 1


def test_a_failed_preflight_runs_the_failure_hook_once_with_report_and_facts(
    certbot: Certbot,
    lab: Lab,
    telling_hook: tuple[str, Callable[[], list[dict[str, str]]]],
) -> None:
    command, told = telling_hook
    lab.pause_transfers(lab.knot)
    ran = certbot.order(
        "example.test,www.example.test",
        *certbot.rfc2136_options,
        "--dns-preflight-timeout=3",
        f"--dns-preflight-report={certbot.report}",
        f"--dns-preflight-failure-hook={command}",
    )
    assert ran.status == 1
    (got,) = told()
    assert got["DNS_PREFLIGHT_OUTCOME"] == "not-ready"
    assert set(got["DNS_PREFLIGHT_DOMAINS"].split(",")) == {"example.test", "www.example.test"}
    assert got["DNS_PREFLIGHT_CODES"] == "secondary-behind"
    assert got["DNS_PREFLIGHT_REPORT"] == str(certbot.report)
    assert got["DNS_PREFLIGHT_LINEAGE"] == ""
    assert got["text"].startswith("Not ready: ")
    assert lab.knot.host.rstrip(".") in got["text"]


def test_renewals_run_it_too_with_the_lineage_and_only_on_failure(
    certbot: Certbot,
    lab: Lab,
    lineage: Callable[..., None],
    telling_hook: tuple[str, Callable[[], list[dict[str, str]]]],
) -> None:
    command, told = telling_hook
    lineage(NAME, *certbot.rfc2136_options)
    edit(certbot.renewal_file(NAME), "dns_preflight_failure_hook", f'"{command}"')
    certbot.renew().succeeded()
    assert told() == []
    lab.update(lab.primary, "example.test.", add=['example.test. CAA 0 issue "other.example"'])
    lab.wait_synchronous()
    ran = certbot.renew("--dns-preflight-caa-identity=letsencrypt.org")
    assert ran.status == 1
    (got,) = told()
    assert got["DNS_PREFLIGHT_LINEAGE"] == NAME
    assert got["DNS_PREFLIGHT_CODES"] == "caa-forbids"
    assert got["DNS_PREFLIGHT_REPORT"] == ""


def test_a_record_that_stays_is_warned_of_and_nothing_else(
    lab: Lab, issue: Callable[..., Ran], report: Callable[[], dict[str, Any]], certbot: Certbot
) -> None:
    ran = issue(
        NAME,
        f"--manual-auth-hook={lab.auth_hook}",
        "--manual-cleanup-hook=true",
        f"--dns-preflight-report={certbot.report}",
    )
    told = " ".join(ran.stderr.split())
    (value,) = lab.primary.texts("_acme-challenge.example.test.")
    shown = value.decode() if isinstance(value, bytes) else value
    (challenge,) = report()["challenges"]
    servers = challenge["servers"]
    slow = any(server["rtt_seconds"] >= 0.5 for server in servers)
    late = min(server["first_match_seconds"] for server in servers) >= 3
    if slow or late:  # a loaded machine: nobody is asked again then
        assert "(record-lingers)" not in told
        return
    assert f'_acme-challenge.example.test TXT "{shown}" at ns' in told
    assert "(record-lingers)" in told


def test_the_help_shows_defaults_and_hides_what_is_nobodys_to_set(certbot: Certbot) -> None:
    told = " ".join(certbot("--help", "dns-preflight").stdout.split())
    assert "(default: None)" not in told
    assert "(default: auto)" in told
    assert "(default: built in)" in told
    assert "(default: follow; with manual keep)" in told
    assert "(default: manual)" in told
    assert "--dns-preflight-lineage" not in told
