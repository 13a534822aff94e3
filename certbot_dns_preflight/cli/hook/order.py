"""The records of one order, kept between the calls of a hook, one call per challenge.

Decides which calls belong together: those with the same list of names that descend from one
process, the client (`processes`). Stores what each call said; waits for nothing.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from certbot_dns_preflight.challenge import make_challenge
from certbot_dns_preflight.cli.hook import processes, state_dir
from certbot_dns_preflight.errors import PreflightError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_PREFIX, _SUFFIX = "order-", ".jsonl"
_STALE = 86400.0
_LONGEST_HEAD = 65536
_NEW = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
_OLD = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class HookCall:
    """One call: a name, the value it needs (None: not DNS-01), and the exit status of --exec."""

    domain: str
    value: str | None
    failed: bool = False


class StateError(PreflightError):
    """State of earlier calls cannot be read; the message is one line, safe to display."""


class Order:
    """The calls for one order so far. Two concurrent orders share nothing."""

    def __init__(self, names: str, *, callers: Sequence[str] | None = None) -> None:
        """Take the list of all names (CERTBOT_ALL_DOMAINS) and, in tests, the calling processes."""
        self._callers = tuple(callers) if callers is not None else processes.of_this_process()
        self._stem = f"{_PREFIX}{_digest(names)}-"
        self._name = f"{self._stem}{_digest(self._callers[0])}{_SUFFIX}"

    def add(self, call: HookCall, *, first: bool, last: bool) -> list[HookCall]:
        """Add one call and return all so far; `first` starts afresh, `last` leaves nothing behind.

        Raises `OSError` if there is no place for state, `StateError` if it cannot be read.
        """
        if first and last:
            with _every_directory(make=False) as directories:
                _remove_stale(directories)
            return [call]
        try:
            everything = self._add(call, first=first, last=last)
        except FileNotFoundError:  # another order's end removed the directory in the meantime
            everything = self._add(call, first=first, last=last)
        if last:
            state_dir.tidy()
        return everything

    def _add(self, call: HookCall, *, first: bool, last: bool) -> list[HookCall]:
        with _every_directory(make=True) as directories:
            home, name = self._place(directories)
            _remove_stale(directories, keep=name)
            descriptor = os.open(name, _NEW, 0o600, dir_fd=home)
            # An undecodable byte is an error of its line, not of the whole file.
            with open(descriptor, "r+", encoding="utf-8", errors="surrogateescape") as file:  # noqa: PTH123 - a descriptor
                fcntl.flock(file, fcntl.LOCK_EX)
                if first:
                    file.truncate(0)
                file.seek(0)
                if not file.readline():
                    file.write(json.dumps(self._callers) + "\n")
                before = _calls(file)
                file.write(json.dumps(asdict(call)) + "\n")
            if last:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(name, dir_fd=home)
            return [*before, call]

    def _place(self, directories: Sequence[int]) -> tuple[int, str]:
        """Choose the file: that of the closest relatives, or a new one."""
        related: list[tuple[int, int, str]] = []
        for directory in directories:
            for name in os.listdir(directory):  # noqa: PTH208 - of a descriptor
                if name.startswith(self._stem) and name.endswith(_SUFFIX):
                    distance = processes.distance(self._callers, _callers_of(directory, name))
                    if distance is not None:
                        related.append((distance, directory, name))
        if not related:
            return directories[0], self._name
        _, directory, name = min(related)
        return directory, name


def _calls(file: Iterable[str]) -> list[HookCall]:
    """Read the earlier calls; their types are checked, whoever wrote them."""
    try:
        return [_call(json.loads(line)) for line in file]
    except (ValueError, RecursionError) as error:
        raise StateError(
            "what earlier calls of this order left cannot be read; begin the order anew"
        ) from error


def _call(item: object) -> HookCall:
    match item:
        case {"domain": str(domain), "value": str() | None as value, "failed": bool(failed)}:
            for text in (domain, value or ""):
                text.encode("utf-8", "surrogateescape")  # UnicodeEncodeError is a ValueError
            if value is not None:
                make_challenge(domain)  # so is InvalidDomainError
            return HookCall(domain, value, failed)
        case _:
            raise ValueError(f"{type(item).__name__} is no call")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:32]


def _callers_of(directory: int, name: str) -> tuple[str, ...]:
    """Read which processes created a file; empty if unknown."""
    try:
        with os.fdopen(os.open(name, _OLD, dir_fd=directory), encoding="utf-8") as file:
            head = json.loads(file.readline(_LONGEST_HEAD))
    except (OSError, ValueError, RecursionError):
        return ()
    return tuple(map(str, head)) if isinstance(head, list) else ()


@contextlib.contextmanager
def _every_directory(*, make: bool) -> Iterator[list[int]]:
    descriptors = state_dir.directories(make=make)
    try:
        yield descriptors
    finally:
        for descriptor in descriptors:
            os.close(descriptor)


def _remove_stale(directories: Sequence[int], *, keep: str = "") -> None:
    """Remove the state of abandoned orders; never this order's, whatever the clock says."""
    for directory in directories:
        for name in os.listdir(directory):  # noqa: PTH208 - of a descriptor
            with contextlib.suppress(OSError):
                status = os.stat(name, dir_fd=directory, follow_symlinks=False)
                ours = name != keep and name.startswith(_PREFIX) and name.endswith(_SUFFIX)
                if ours and time.time() - status.st_mtime > _STALE:
                    os.unlink(name, dir_fd=directory)
