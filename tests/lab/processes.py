"""Daemons that cannot outlive the process that started them, and the directory they write to.

Each runs in its own PID namespace, which the kernel empties when its starter ends, for whatever
reason. A small process that waits for the same event removes the directory.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_PACKAGES = {
    "named": "bind9",
    "rndc": "bind9-utils",
    "nsupdate": "bind9-dnsutils",
    "nsd": "nsd",
    "nsd-control": "nsd",
    "knotd": "knot",
    "knotc": "knot",
    "pdns_server": "pdns-server with pdns-backend-bind",
    "pdns_control": "pdns-server",
    "unbound": "unbound",
    "pebble": "pebble",
    "dnsdist": "dnsdist",
    "setpriv": "util-linux",
    "unshare": "util-linux",
    "nsenter": "util-linux",
}
PATIENCE = 60.0
"""Seconds for a daemon to do what it is told; on a loaded machine it may take many."""
_PATH = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])


class MissingProgramError(RuntimeError):
    """A program that the lab needs is not installed; the message names it and its package."""


class DaemonError(RuntimeError):
    """A daemon ended or did not become ready; the message holds the end of its log."""


def program(name: str) -> str:
    """Return a program's path, searching also where a normal user's PATH does not."""
    found = shutil.which(name, path=_PATH)
    if found is None:
        package = _PACKAGES.get(name, name)
        raise MissingProgramError(f"the lab needs {name} (Debian package {package})")
    return found


def missing(*names: str) -> list[str]:
    """Return, for each program that is not installed, what to install."""
    lines = []
    for name in names:
        try:
            program(name)
        except MissingProgramError as error:
            lines.append(str(error))
    return lines


class Directory:
    """A temporary directory that is removed when this process ends, at the latest."""

    def __init__(self, prefix: str = "dns-preflight-lab-") -> None:
        self.path = Path(tempfile.mkdtemp(prefix=prefix))
        self._janitor = subprocess.Popen(
            # Daemons are killed at the same moment; a second pass removes what they wrote
            # meanwhile.
            ["sh", "-c", 'read _; rm -rf "$1"; sleep 0.2; rm -rf "$1"', "sh", str(self.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            cwd="/",
        )

    def remove(self) -> None:
        """Remove it now."""
        self._janitor.communicate()

    def sub(self, name: str) -> Path:
        """Create a directory in it."""
        path = self.path / name
        path.mkdir(parents=True)
        return path


class Daemon:
    """One running program, its log and its signals."""

    def __init__(
        self,
        label: str,
        command: Sequence[str | Path],
        *,
        log: Path,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.label = label
        self.log = log
        wrapper = [program("setpriv"), "--pdeathsig", "KILL", "--"]
        wrapper += [program("unshare"), "--pid", "--fork", "--kill-child=KILL", "--"]
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [*wrapper, program(str(command[0])), *map(str, command[1:])],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                cwd=log.parent,
                env={**os.environ, "PATH": _PATH, **(environment or {})},
            )

    @property
    def running(self) -> bool:
        """Whether it is still running."""
        return self._process.poll() is None

    def kill(self) -> None:
        """Kill it and everything that it started, at once."""
        # The program first, so that its wrapper is there to reap it.
        self.send(signal.SIGKILL)
        try:
            self._process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def innermost(self) -> int:
        """Return the process ID of the program inside the wrappers."""
        return _descendants(self._process.pid)[-1]

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the program and its children (not to its wrappers)."""
        for pid in _descendants(self._process.pid):
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                continue

    def wait_until(
        self, ready: Callable[[], bool], *, what: str, seconds: float = PATIENCE
    ) -> None:
        """Poll until `ready`; raises `DaemonError` if a daemon ends first or time runs out."""
        deadline = time.monotonic() + seconds
        while not ready():
            if not self.running:
                raise DaemonError(f"{self.label} ended before {what}\n{self.tail()}")
            if time.monotonic() > deadline:
                raise DaemonError(f"{self.label}: {what}: not within {seconds:g} s\n{self.tail()}")
            time.sleep(0.02)

    def tail(self, lines: int = 25) -> str:
        """Return the end of its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


def _descendants(pid: int) -> list[int]:
    try:
        listed = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except FileNotFoundError:
        return []
    children = [int(child) for child in listed.split()]
    return children + [deep for child in children for deep in _descendants(child)]
