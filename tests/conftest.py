"""Fixtures shared by all tests: the lab, and certbot as a process inside it.

Importing this moves pytest into the lab's network namespace before anything else can start a
thread, so that no test can send a packet to the outside.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

from tests import forked
from tests.lab import namespace
from tests.lab.processes import MissingProgramError
from tests.observe import HANG

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.forked import Running
    from tests.lab import Lab, NameServer


def _reset_signals() -> None:
    """Reset the signals that the parent process ignores, for this process and its children.

    A shell without job control ignores SIGINT in background commands, and `nohup` ignores SIGHUP. A
    process started that way does not react to Ctrl-C, and does not say so.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    for number in signal.valid_signals() - {signal.SIGPIPE, signal.SIGXFSZ}:  # Python's own two
        if signal.getsignal(number) is signal.SIG_IGN:
            usual = signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL
            signal.signal(number, usual)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


_reset_signals()

try:
    # Each pytest-xdist worker has its own lab, at the same addresses.
    namespace.enter(anew="PYTEST_XDIST_WORKER" in os.environ)
    _NO_NAMESPACE = ""
except namespace.NoNamespaceError as reason:
    _NO_NAMESPACE = str(reason)


# A loaded machine is not a bug; --hypothesis-profile=fast is for script/test --fast.
hypothesis.settings.register_profile("steady", deadline=None, max_examples=100)
hypothesis.settings.register_profile("fast", deadline=None, max_examples=15)
hypothesis.settings.load_profile("steady")


def _cannot(reason: str) -> None:
    """Handle a machine that lacks something: fail if CI is set, else skip."""
    if os.environ.get("CI"):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


_SLOW = ("tests/differential", "tests/hostile", "tests/plugin", "tests/scenarios", "tests/soak")
_HEAVY = ("tests/differential", "tests/hostile", "tests/scenarios", "tests/soak")
_COVERING = ("test_outcomes.py", "test_beforehand.py")  # certbot runs that coverage needs


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark whole folders of tests, and every test that runs certbot, which takes seconds."""
    for item in items:
        path = item.path.as_posix()
        runs_certbot = {"certbot", "other_certbot"} & set(getattr(item, "fixturenames", ()))
        if runs_certbot or "tests/plugin" in path:
            item.add_marker("certbot")
        if runs_certbot or any(folder in path for folder in _SLOW):
            item.add_marker("slow")
        covers = path.endswith(_COVERING)
        drawn = hypothesis.is_hypothesis_test(getattr(item, "obj", None))
        if drawn or (runs_certbot and not covers) or any(folder in path for folder in _HEAVY):
            item.add_marker("heavy")


@pytest.fixture(scope="session")
def in_namespace() -> None:
    """Require only the lab's network namespace, without any server."""
    if _NO_NAMESPACE:
        _cannot(_NO_NAMESPACE)


@pytest.fixture(scope="session")
def session_lab(in_namespace: None) -> Iterator[Lab]:  # noqa: ARG001  # needed for its effect
    """Start the lab once, on first use; tests use `lab`, which cleans up after them."""
    from tests.lab import Lab  # noqa: PLC0415  # pure tests do without its dependencies

    try:
        made = Lab()
    except MissingProgramError as error:
        _cannot(str(error))
        raise
    with made:
        yield made


@pytest.fixture
def lab(session_lab: Lab) -> Iterator[Lab]:
    """Return the lab; whatever the test adds, kills or pauses is restored afterwards."""
    restore = session_lab.checkpoint()
    yield session_lab
    restore()


@dataclass(frozen=True, slots=True)
class Ran:
    """One finished run of a program."""

    status: int
    stdout: str
    stderr: str
    log: str = ""

    @property
    def output(self) -> str:
        """Everything it printed."""
        return self.stdout + self.stderr

    def succeeded(self) -> Ran:
        """Return itself, if the run succeeded."""
        assert self.status == 0, self.output
        return self


class Certbot:
    """Certbot with its own directories, talking to the lab's CA: call it with arguments."""

    def __init__(self, lab: Lab, directory: Path) -> None:
        self.lab = lab
        self.directory = directory
        self.config_dir = directory / "config"
        self.report = directory / "report.json"
        self.log_file = directory / "logs" / "letsencrypt.log"
        # Logs of runs whose authorizations are still valid, shared by all with the same account.
        self.unread_logs: set[Path] = set()
        self.environment = {**os.environ, **lab.environment}

    def __call__(self, *arguments: str | Path, seconds: float = HANG, **variables: str) -> Ran:
        """Run it to completion; keyword arguments are environment variables."""
        process = self.start(*arguments, **variables)
        try:
            stdout, stderr = process.communicate(timeout=seconds)
        except BaseException:
            process.kill()
            process.wait()
            raise
        return Ran(process.returncode, stdout, stderr, self.log)

    def order(self, domains: str, *options: str | Path, **variables: str) -> Ran:
        """Obtain a certificate through dns-preflight, from the lab's root."""
        return self(
            "certonly", f"--domains={domains}", *self.preflight_options, *options, **variables
        )

    def renew(self, *options: str | Path, **variables: str) -> Ran:
        """Renew its certificates, even if they are not due yet."""
        return self("renew", "--force-renewal", *options, **variables)

    def start(self, *arguments: str | Path, **variables: str) -> Running:
        """Start it, for tests that send signals or watch; adds its directories' options."""
        self._validate_anew()
        self.unread_logs.add(self.log_file)
        command = [beside_python("certbot"), *map(str, arguments), *self.common_options]
        return forked.start(command, {**self.environment, **variables}, variables)

    def _validate_anew(self) -> None:
        """Make the CA validate every name again, as it would after some days.

        Pebble occasionally reuses a valid authorization of the same account, even if configured to
        do so in 0 % of cases: in 1 of 100.
        """
        logs = "".join(
            path.read_text(errors="replace") for path in self.unread_logs if path.exists()
        )
        self.unread_logs.clear()
        authorizations = sorted(set(re.findall(r"https://[^\s\"]+/authZ/[\w-]+", logs)))
        for registration in (self.config_dir / "accounts").rglob("regr.json"):
            url = str(json.loads(registration.read_text())["uri"])
            key = registration.with_name("private_key.json").read_text()
            for authorization in authorizations:
                if url.startswith(authorization.partition("/authZ/")[0]):
                    self.lab.ca.deactivate(authorization, account=url, key=key)

    @property
    def common_options(self) -> list[str]:
        """The options that every run needs."""
        return [
            f"--config-dir={self.config_dir}",
            f"--work-dir={self.directory / 'work'}",
            f"--logs-dir={self.directory / 'logs'}",
            f"--server={self.lab.ca.directory_url}",
            "--non-interactive",
            "--agree-tos",
            "--register-unsafely-without-email",
            "--no-random-sleep-on-renew",
        ]

    @property
    def preflight_options(self) -> list[str]:
        """The plugin options for finding the lab's root, and for checking often."""
        return [
            "--authenticator=dns-preflight",
            f"--dns-preflight-root-hints={self.lab.root_hints}",
            "--dns-preflight-interval=0.5",
            "--dns-preflight-query-timeout=2",
        ]

    @property
    def rfc2136_options(self) -> list[str]:
        """Return the options that wrap certbot-dns-rfc2136 with the lab's key."""
        return [
            "--dns-preflight-authenticator=dns-rfc2136",
            f"--dns-rfc2136-credentials={self.lab.credentials}",
        ]

    @property
    def hook_options(self) -> list[str]:
        """Return the options that wrap certbot's manual authenticator with the lab's hooks."""
        return [
            "--dns-preflight-authenticator=manual",
            f"--manual-auth-hook={self.lab.auth_hook}",
            f"--manual-cleanup-hook={self.lab.cleanup_hook}",
        ]

    @property
    def log(self) -> str:
        """The log of the latest run."""
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def renewal_file(self, name: str) -> Path:
        """Return the path of a lineage's renewal configuration."""
        return self.config_dir / "renewal" / f"{name}.conf"

    def certificate(self, name: str) -> Path:
        """Return the path of a lineage's newest certificate."""
        return self.config_dir / "live" / name / "cert.pem"


@pytest.fixture
def certbot(lab: Lab, tmp_path: Path) -> Certbot:
    """Return certbot inside the lab."""
    return Certbot(lab, tmp_path / "certbot")


@pytest.fixture
def other_certbot(lab: Lab, tmp_path: Path) -> Callable[[str], Certbot]:
    """Return a factory of further certbots, each with its own account and directories."""
    return lambda name: Certbot(lab, tmp_path / name)


@pytest.fixture(params=["bind", "nsd", "knot", "pdns"])
def each_server(request: pytest.FixtureRequest, lab: Lab) -> NameServer:
    """Run the test once with each of the lab's four name servers."""
    server: NameServer = getattr(lab, request.param)
    return server


def beside_python(name: str) -> str:
    """Return a console script in the environment that runs the tests."""
    found = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
    if found is None:
        _cannot(f"{name} is not installed beside {sys.executable}")
        raise MissingProgramError(name)
    return found
