"""What the tests of certbot's side share: lineages, hooks that leave a trace, real challenges."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING

import pytest

from certbot_dns_preflight.plugin.precheck import MEMORY
from tests.plugin.lineages import Lineages

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
    return lambda domains, *options: certbot.order(domains, *options).succeeded()


@pytest.fixture(scope="session")
def lineages(session_lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Lineages:
    """Give the session's lineages."""
    return Lineages(session_lab, tmp_path_factory.mktemp("lineages"))


@pytest.fixture
def lineage(certbot: Certbot, lineages: Lineages) -> Callable[..., None]:
    """Have a lineage through dns-preflight to begin with: domains, then further options.

    Before anything is done to the lab: the first test to want it waits for its issuance.
    """

    def give(domains: str, *options: str) -> None:
        lineages.give(certbot, f"--domains={domains}", *certbot.preflight_options, *options)

    return give


@pytest.fixture
def rfc2136_lineage(certbot: Certbot, lab: Lab, lineages: Lineages) -> str:
    """Have a lineage of dns-rfc2136, with a pause that it sleeps; gives its name."""
    lineages.give(
        certbot,
        "--domains=example.test",
        "--authenticator=dns-rfc2136",
        f"--dns-rfc2136-credentials={lab.credentials}",
        "--dns-rfc2136-propagation-seconds=2",
    )
    return "example.test"


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
