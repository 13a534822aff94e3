"""A signal in any phase of certbot ends it, and no record is left behind.

The wait itself is in `test_outcomes`. The phase is held open by whoever is asked or called; what
would go on without the signal, or never end, is what each of these would be seen by.
"""

from __future__ import annotations

import os
import shlex
import signal
from typing import TYPE_CHECKING

import pytest

from tests.observe import HANG, asking, until
from tests.plugin.conftest import OWNER

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.conftest import Certbot
    from tests.lab import Lab

pytestmark = pytest.mark.slow


@pytest.fixture
def ended_by(certbot: Certbot) -> Iterator[Callable[..., str]]:
    """Start an order, send it a signal as soon as something is so, and give what it says."""
    started: list[subprocess.Popen[str]] = []

    def run(
        number: signal.Signals,
        when: Callable[[subprocess.Popen[str]], bool],
        *options: str | Path,
        then: Callable[[], object] = lambda: None,
    ) -> str:
        process = certbot.start(
            "certonly",
            "--domains=example.test,*.example.test",
            *certbot.preflight_options,
            "--dns-preflight-query-timeout=60",
            "--dns-preflight-timeout=3600",
            *options,
        )
        started.append(process)
        until(lambda: when(process) or process.poll() is not None)
        assert process.poll() is None, process.communicate()
        os.kill(process.pid, number)
        then()
        stdout, stderr = process.communicate(timeout=HANG)
        assert process.returncode != 0
        assert "Traceback" not in stderr
        return stdout + stderr

    yield run
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture
def held_hook(tmp_path: Path) -> Callable[[str, Path], tuple[Path, Path, Path]]:
    """Make a hook that runs another one and then says so; it ends when it may, or never.

    Gives the hook, the file that says so, and the one that lets it end.
    """

    def make(name: str, real: Path) -> tuple[Path, Path, Path]:
        hook, done, may_end = (tmp_path / f"{name}{kind}" for kind in ("", ".done", ".may-end"))
        hook.write_text(
            f"#!/bin/sh\n{shlex.quote(str(real))}\necho . >> {shlex.quote(str(done))}\n"
            f"until [ -e {shlex.quote(str(may_end))} ]; do sleep 0.1; done\n"
        )
        hook.chmod(0o755)
        return hook, done, may_end

    return make


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_before_a_record_is_made(
    lab: Lab,
    ended_by: Callable[..., str],
    tracing_hook: Callable[[str], Path],
    trace: Callable[[], list[str]],
    number: signal.Signals,
) -> None:
    """All servers keep silent: without the signal the look would end, and the hook be run."""
    for server in lab.nameservers:
        server.freeze()
    try:
        ended_by(
            number,
            lambda process: asking(process, lab.knot.address4),
            "--dns-preflight-authenticator=manual",
            f"--manual-auth-hook={tracing_hook('made')}",
            f"--manual-cleanup-hook={lab.cleanup_hook}",
        )
    finally:
        for server in lab.nameservers:
            server.thaw()
    assert trace() == []


def test_while_the_wrapped_authenticator_makes_a_record(
    lab: Lab,
    ended_by: Callable[..., str],
    held_hook: Callable[..., tuple[Path, ...]],
) -> None:
    """The hook has written it and would sleep for ever; certbot's `manual` does not know of it."""
    hook, done, may_end = held_hook("auth", lab.auth_hook)
    try:
        ended_by(
            signal.SIGTERM,
            lambda _: done.exists(),
            "--dns-preflight-authenticator=manual",
            f"--manual-auth-hook={hook}",
            f"--manual-cleanup-hook={lab.cleanup_hook}",
        )
    finally:
        may_end.touch()
    assert done.read_text().split() == ["."]
    assert not lab.primary.texts(OWNER)


def test_while_records_are_removed(
    lab: Lab, ended_by: Callable[..., str], held_hook: Callable[..., tuple[Path, ...]]
) -> None:
    """The clean-up goes on to its end, and then the signal has its way."""
    hook, done, may_end = held_hook("cleanup", lab.cleanup_hook)
    since = len(lab.ca.log)
    ended_by(
        signal.SIGTERM,
        lambda _: done.exists(),
        "--dns-preflight-authenticator=manual",
        f"--manual-auth-hook={lab.auth_hook}",
        f"--manual-cleanup-hook={hook}",
        then=may_end.touch,
    )
    assert done.read_text().split() == [".", "."]
    assert not lab.primary.texts(OWNER)
    assert lab.ca.challenges_answered(since) == 2
