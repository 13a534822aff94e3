"""The records of one order, kept between the calls of a hook, one call a challenge.

Decides which calls belong together: those made for one process (certbot), about one list of names.
Holds what was told; waits for nothing.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from certbot_dns_preflight.cli import private

if TYPE_CHECKING:
    from collections.abc import Iterator

_PREFIX, _SUFFIX = "order-", ".jsonl"
_STALE = 86400.0
# A shell between the client and this command is a new process with every call.
_SHELLS = frozenset(
    {"sh", "ash", "bash", "dash", "ksh", "mksh", "zsh", "busybox", "env", "timeout"}
)
_NEW = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Told:
    """One call: a name and the value that must be there (None: no DNS-01), and how --exec ended."""

    domain: str
    value: str | None
    failed: bool = False


class Order:
    """The calls for one order so far. Two orders at once have nothing in common."""

    def __init__(self, names: str, *, caller: str | None = None) -> None:
        """Take the list of all names (CERTBOT_ALL_DOMAINS) and, in tests, who calls."""
        key = f"{caller or _caller()}\n{names}"
        self._name = f"{_PREFIX}{hashlib.sha256(key.encode()).hexdigest()[:32]}{_SUFFIX}"

    def add(self, told: Told, *, first: bool, last: bool) -> list[Told]:
        """Take one call and give all so far; `first` begins anew, `last` leaves nothing behind.

        Raises `OSError` where there is no place for state.
        """
        with _every_directory() as directories:
            _remove_stale(directories)
            home = next((d for d in directories if _has(d, self._name)), directories[0])
            if first and last:
                self._remove(home)
                return [told]
            descriptor = os.open(self._name, _NEW, 0o600, dir_fd=home)
            with os.fdopen(descriptor, "r+", encoding="utf-8") as stream:
                fcntl.flock(stream, fcntl.LOCK_EX)
                if first:
                    stream.truncate(0)
                stream.seek(0)
                before = [Told(**json.loads(line)) for line in stream]
                stream.write(json.dumps(asdict(told)) + "\n")
            if last:
                self._remove(home)
            return [*before, told]

    def _remove(self, directory: int) -> None:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._name, dir_fd=directory)


@contextlib.contextmanager
def _every_directory() -> Iterator[list[int]]:
    found = private.directories()
    try:
        yield found
    finally:
        for descriptor in found:
            os.close(descriptor)


def _has(directory: int, name: str) -> bool:
    try:
        os.stat(name, dir_fd=directory, follow_symlinks=False)
    except OSError:
        return False
    return True


def _remove_stale(directories: list[int]) -> None:
    """Remove what orders left that came to no end."""
    for directory in directories:
        for name in os.listdir(directory):  # noqa: PTH208 - of a descriptor
            with contextlib.suppress(OSError):
                seen = os.stat(name, dir_fd=directory, follow_symlinks=False)
                ours = name.startswith(_PREFIX) and name.endswith(_SUFFIX)
                if ours and time.time() - seen.st_mtime > _STALE:
                    os.unlink(name, dir_fd=directory)


def _caller() -> str:
    """Name the process that called, shells left out, in a way that no later process has."""
    pid = os.getppid()
    while pid > 1:
        try:
            program = Path(f"/proc/{pid}/exe").readlink().name.removesuffix(" (deleted)")
            # After the name in parentheses: state, parent, … and as the 20th the start time.
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            parent, started = int(fields[1]), fields[19]
        except (OSError, ValueError, IndexError):
            break  # no /proc, or a process of somebody else
        if program not in _SHELLS:
            return f"{pid} {started}"
        pid = parent
    return str(pid)
