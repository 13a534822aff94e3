"""What the tests of certbot's side share: lineages, hooks that leave a trace, real challenges."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING

import pytest

from certbot_dns_preflight.plugin.precheck import MEMORY

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Certbot, Ran
    from tests.lab import Lab

OWNER = "_acme-challenge.example.test."


@pytest.fixture(autouse=True)
def forgetful() -> None:
    """Let each test begin with what a new process knows."""
    MEMORY.forget()


@pytest.fixture
def issue(certbot: Certbot) -> Callable[..., Ran]:
    """Get a certificate through dns-preflight: domains, then further options."""

    def issue(domains: str, *options: str) -> Ran:
        ran = certbot("certonly", f"--domains={domains}", *certbot.preflight_options, *options)
        assert ran.status == 0, ran.output
        return ran

    return issue


@pytest.fixture
def tracing_hook(lab: Lab, tmp_path: Path) -> Callable[[str], Path]:
    """Make an auth hook that writes the record and appends its own name to `trace`."""

    def make(name: str) -> Path:
        hook = tmp_path / name
        hook.write_text(
            f"#!/bin/sh\necho {name} >> {shlex.quote(str(tmp_path / 'trace'))}\n"
            f"exec {shlex.quote(str(lab.auth_hook))}\n"
        )
        hook.chmod(0o755)
        return hook

    return make


@pytest.fixture
def trace(tmp_path: Path) -> Callable[[], list[str]]:
    """Say which tracing hooks ran since the last call, in order."""

    def read() -> list[str]:
        path = tmp_path / "trace"
        names = path.read_text().split() if path.exists() else []
        path.unlink(missing_ok=True)
        return names

    return read


@pytest.fixture
def report(certbot: Certbot) -> Callable[[], dict[str, object]]:
    """Read the JSON report that `--dns-preflight-report` asked for."""
    return lambda: json.loads(certbot.report.read_text())
