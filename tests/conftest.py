"""What all tests share: the lab, and certbot as a process inside it.

Importing this moves pytest into the lab's network namespace, so that no test can send a packet
to the outside, and before anything else may have started a thread.
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
    """Forget what whoever started the tests ignores: this process, and so all that it starts.

    A shell without job control ignores SIGINT in what it runs in the background, `nohup` SIGHUP;
    and a process that was started so neither hears of Ctrl-C nor says so.
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
    # Each of pytest-xdist's workers has a lab of its own, at the same addresses.
    namespace.enter(anew="PYTEST_XDIST_WORKER" in os.environ)
    _NO_NAMESPACE = ""
except namespace.NoNamespaceError as reason:
    _NO_NAMESPACE = str(reason)


# A loaded machine is no fault of the code; --hypothesis-profile=fast is for script/test --fast.
hypothesis.settings.register_profile("steady", deadline=None, max_examples=100)
hypothesis.settings.register_profile("fast", deadline=None, max_examples=15)
hypothesis.settings.load_profile("steady")


def _cannot(reason: str) -> None:
    """A machine that lacks something: a failure where CI is set, else a skip."""
    if os.environ.get("CI"):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test that runs certbot, which takes seconds each time."""
    for item in items:
        fixtures = getattr(item, "fixturenames", ())
        if {"certbot", "other_certbot"} & set(fixtures) or "tests/plugin" in item.path.as_posix():
            item.add_marker("certbot")
            item.add_marker("slow")


@pytest.fixture(scope="session")
def in_namespace() -> None:
    """Ask for nothing but the lab's network namespace, without any server."""
    if _NO_NAMESPACE:
        _cannot(_NO_NAMESPACE)


@pytest.fixture(scope="session")
def session_lab(in_namespace: None) -> Iterator[Lab]:  # noqa: ARG001  # asked for its effect
    """Start the lab once, at its first use; tests take `lab`, which tidies up behind them."""
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
    """Give the lab; what the test adds, kills or pauses is as before afterwards."""
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
        """Everything that it printed."""
        return self.stdout + self.stderr

    def succeeded(self) -> Ran:
        """Give it back, if it did."""
        assert self.status == 0, self.output
        return self


class Certbot:
    """Certbot with directories of its own, talking to the lab's CA: call it with arguments."""

    def __init__(self, lab: Lab, directory: Path) -> None:
        self.lab = lab
        self.directory = directory
        self.config_dir = directory / "config"
        self.report = directory / "report.json"
        self.log_file = directory / "logs" / "letsencrypt.log"
        # Logs of runs whose authorizations are still valid, of all that have the same account.
        self.unread_logs: set[Path] = set()
        self.environment = {**os.environ, **lab.environment}

    def __call__(self, *arguments: str | Path, seconds: float = HANG, **variables: str) -> Ran:
        """Run it to its end; keyword arguments are environment variables."""
        process = self.start(*arguments, **variables)
        try:
            stdout, stderr = process.communicate(timeout=seconds)
        except BaseException:
            process.kill()
            process.wait()
            raise
        return Ran(process.returncode, stdout, stderr, self.log)

    def order(self, domains: str, *options: str | Path, **variables: str) -> Ran:
        """Have it get a certificate through dns-preflight, from the lab's root."""
        return self(
            "certonly", f"--domains={domains}", *self.preflight_options, *options, **variables
        )

    def renew(self, *options: str | Path, **variables: str) -> Ran:
        """Have it renew what it has, though it need not be yet."""
        return self("renew", "--force-renewal", *options, **variables)

    def start(self, *arguments: str | Path, **variables: str) -> Running:
        """Start it, for tests that send signals or watch; its directories' options included."""
        self._validate_anew()
        self.unread_logs.add(self.log_file)
        command = [beside_python("certbot"), *map(str, arguments), *self.common_options]
        return forked.start(command, {**self.environment, **variables}, variables)

    def _validate_anew(self) -> None:
        """See that the CA wants every name validated again, as it would after some days.

        Pebble takes up a valid authorization of the same account now and then, even where it is
        told to do so in 0 % of cases: in 1 of 100.
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
        """What every run needs."""
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
        """What the plugin needs to find the lab's root, and to look often."""
        return [
            "--authenticator=dns-preflight",
            f"--dns-preflight-root-hints={self.lab.root_hints}",
            "--dns-preflight-interval=0.5",
            "--dns-preflight-query-timeout=2",
        ]

    @property
    def rfc2136_options(self) -> list[str]:
        """Wrap certbot-dns-rfc2136 with the lab's key."""
        return [
            "--dns-preflight-authenticator=dns-rfc2136",
            f"--dns-rfc2136-credentials={self.lab.credentials}",
        ]

    @property
    def hook_options(self) -> list[str]:
        """Wrap certbot's manual authenticator with the lab's hooks."""
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
        """Say where a lineage's renewal configuration is."""
        return self.config_dir / "renewal" / f"{name}.conf"

    def certificate(self, name: str) -> Path:
        """Say where a lineage's newest certificate is."""
        return self.config_dir / "live" / name / "cert.pem"


@pytest.fixture
def certbot(lab: Lab, tmp_path: Path) -> Certbot:
    """Give certbot inside the lab."""
    return Certbot(lab, tmp_path / "certbot")


@pytest.fixture
def other_certbot(lab: Lab, tmp_path: Path) -> Callable[[str], Certbot]:
    """Give further certbots, each with an account and directories of its own."""
    return lambda name: Certbot(lab, tmp_path / name)


@pytest.fixture(params=["bind", "nsd", "knot", "pdns"])
def each_server(request: pytest.FixtureRequest, lab: Lab) -> NameServer:
    """Run the test once with each of the lab's four name servers."""
    server: NameServer = getattr(lab, request.param)
    return server


def beside_python(name: str) -> str:
    """Find a console script in the environment that runs the tests."""
    found = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
    if found is None:
        _cannot(f"{name} is not installed beside {sys.executable}")
        raise MissingProgramError(name)
    return found
