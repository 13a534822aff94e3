"""Run a client of the world as a process: what it says when, its CPU, its memory, its share of CPU.

Knows nothing of DNS. CPU is what the kernel charges to the process, memory the most that it held
itself (VmHWM: `ru_maxrss` begins with what its parent held).
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_PERIOD = 0.1
"""Seconds in which a process with a share of CPU gets that share once."""
_LOOK_EVERY = 0.05


@dataclass(frozen=True, slots=True)
class Ran:
    """A client that has ended: its lines and when each came, in seconds from its start."""

    status: int
    lines: tuple[tuple[float, str], ...]
    errors: str
    wall: float
    cpu: float
    peak_bytes: int


class Client:
    """A client that runs. `share`: of one core, all that it gets."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        share: float | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Start it."""
        self._stack = contextlib.ExitStack()
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed in `wait`
        prefix = self._stack.enter_context(_limited(share)) if share else []
        self.begun = time.monotonic()
        self._process = subprocess.Popen(
            [*prefix, *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            env=environment,
        )
        self._lines: list[tuple[float, str]] = []
        self._peak = 0
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=each) for each in (self._read, self._watch)]
        if share and not prefix:
            self._threads.append(threading.Thread(target=self._take_turns, args=(share,)))
        for thread in self._threads:
            thread.start()

    def wait(self) -> Ran:
        """Wait for its end."""
        _, status, used = os.wait4(self._process.pid, 0)
        wall = time.monotonic() - self.begun
        self._process.returncode = os.waitstatus_to_exitcode(status)
        self._ended.set()
        for thread in self._threads:
            thread.join()
        self._errors.seek(0)
        errors = self._errors.read()
        self._errors.close()
        self._stack.close()
        return Ran(
            status=self._process.returncode,
            lines=tuple(self._lines),
            errors=errors,
            wall=wall,
            cpu=used.ru_utime + used.ru_stime,
            peak_bytes=self._peak,
        )

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as output:
            for line in output:
                self._lines.append((time.monotonic() - self.begun, line.rstrip("\n")))

    def _watch(self) -> None:
        status = Path(f"/proc/{self._process.pid}/status")
        while not self._ended.wait(_LOOK_EVERY):
            with contextlib.suppress(OSError):
                if found := re.search(r"^VmHWM:\s+(\d+) kB", status.read_text(), re.MULTILINE):
                    self._peak = int(found[1]) * 1024

    def _take_turns(self, share: float) -> None:
        """Stop it for what is left of each period once it has had its share."""
        with contextlib.suppress(ProcessLookupError):
            while not self._ended.is_set():
                os.kill(self._process.pid, signal.SIGCONT)
                self._ended.wait(share * _PERIOD)
                os.kill(self._process.pid, signal.SIGSTOP)
                self._ended.wait((1 - share) * _PERIOD)
                os.kill(self._process.pid, signal.SIGCONT)


def run(
    command: Sequence[str],
    *,
    share: float | None = None,
    environment: Mapping[str, str] | None = None,
) -> Ran:
    """Run a client to its end."""
    return Client(command, share=share, environment=environment).wait()


def ready(ran: Ran, count: int) -> dict[str, float]:
    """Read a line of JSON a name: which names are ready, and when each was told.

    Ends the benchmark where not every name was judged: what fails early seems to cost little.
    """
    if len(ran.lines) != count:
        sys.exit(f"a client judged {len(ran.lines)} of {count} names:\n{ran.errors}")
    told = ((json.loads(line), when) for when, line in ran.lines)
    return {said["domain"]: when for said, when in told if said["outcome"] == "ready"}


@contextlib.contextmanager
def _limited(share: float) -> Iterator[list[str]]:
    """Give the words before a command that put it under a limit of the kernel's; none without.

    Control groups of both versions; where neither is there for us to use, the client is stopped
    and continued in turn.
    """
    period = round(_PERIOD * 1e6)
    quota = round(share * period)
    for base, limits in (
        (_own_group(), (("cpu.cfs_period_us", period), ("cpu.cfs_quota_us", quota))),
        (Path("/sys/fs/cgroup"), (("cpu.max", f"{quota} {period}"),)),
    ):
        group = base / f"dns-preflight-{os.getpid()}"
        try:
            group.mkdir()
        except OSError:
            continue
        try:
            for name, value in limits:
                (group / name).write_text(f"{value}\n")
        except OSError:
            group.rmdir()
            continue
        try:
            yield ["sh", "-c", f'echo $$ >{group}/cgroup.procs && exec "$@"', "sh"]
        finally:
            group.rmdir()
        return
    yield []


def _own_group() -> Path:
    """Say where this process is in the hierarchy of version 1 that shares out CPU."""
    found = re.search(
        r"^\d+:(?:\S+,)?cpu(?:,\S+)?:(/.*)$", Path("/proc/self/cgroup").read_text(), re.MULTILINE
    )
    return Path("/sys/fs/cgroup/cpu") / (found[1].lstrip("/") if found else "")
