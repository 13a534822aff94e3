"""Directories that only this user can look into, for state that outlives a process.

Decides where state may lie: in the user's runtime or state directory, in /run for root, else below
the directory for temporary files, where others can plant names. What is used there has a name that
nobody can foresee, and whatever its name, it is opened without following links, belongs to this
user and lets nobody else in.
"""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_NAME = "dns-preflight"
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def directories(*, make: bool = True) -> list[int]:
    """Open every private directory that there is, the preferred one first.

    With `make` there is at least one. Gives descriptors for the caller to close. Raises `OSError`
    where none can be had.
    """
    opened = []
    for base in _bases():
        with contextlib.suppress(OSError):
            # In a directory of somebody else, ours could be moved away and another put there.
            if make and base.stat().st_uid == os.geteuid():
                (base / _NAME).mkdir(mode=0o700)
        descriptor = _opened(base / _NAME)
        if descriptor is not None:
            opened.append(descriptor)
    for path in _made_before():
        descriptor = _opened(path)
        if descriptor is not None:
            opened.append(descriptor)
    if make and not opened:
        created = tempfile.mkdtemp(prefix=f"{_NAME}-{os.geteuid()}-")  # mode 0700
        opened.append(os.open(created, _DIRECTORY))
    return opened


def tidy() -> None:
    """Remove those below the directory for temporary files that are empty."""
    for path in _made_before():
        descriptor = _opened(path)
        if descriptor is not None:
            os.close(descriptor)
            with contextlib.suppress(OSError):  # there is something in it
                path.rmdir()


def _made_before() -> list[Path]:
    return sorted(Path(tempfile.gettempdir()).glob(f"{_NAME}-{os.geteuid()}-*"))


def _bases() -> Iterator[Path]:
    for variable in ("XDG_RUNTIME_DIR", "XDG_STATE_HOME"):
        path = os.environ.get(variable, "")
        if Path(path).is_absolute():
            yield Path(path)
    if os.geteuid() == 0:
        yield Path("/run")


def _opened(path: Path) -> int | None:
    """Open a directory if it is this user's own and nobody else can enter it."""
    try:
        descriptor = os.open(path, _DIRECTORY)
    except OSError:
        return None
    status = os.fstat(descriptor)
    if status.st_uid == os.geteuid() and not stat.S_IMODE(status.st_mode) & 0o077:
        return descriptor
    os.close(descriptor)
    return None
