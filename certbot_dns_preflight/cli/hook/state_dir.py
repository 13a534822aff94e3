"""Directories that only this user can access, for state that outlives a process.

Decides where state may live: in the user's runtime or state directory, in /run for root, else below
the directory for temporary files, where others can plant names. A directory there has an
unpredictable name. Whatever its name, it is opened without following links, belongs to this user
and admits nobody else.
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
    """Open every existing private directory, the preferred one first.

    With `make` there is at least one. Returns descriptors for the caller to close. Raises `OSError`
    if none can be had.
    """
    opened = []
    for base in _bases():
        with contextlib.suppress(OSError):
            # In somebody else's directory, ours could be moved away and replaced.
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
    """Remove the empty ones below the directory for temporary files."""
    for path in _made_before():
        descriptor = _opened(path)
        if descriptor is not None:
            os.close(descriptor)
            with contextlib.suppress(OSError):  # it is not empty
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
    """Open a directory if it belongs to this user and nobody else can enter it."""
    try:
        descriptor = os.open(path, _DIRECTORY)
    except OSError:
        return None
    status = os.fstat(descriptor)
    if status.st_uid == os.geteuid() and not stat.S_IMODE(status.st_mode) & 0o077:
        return descriptor
    os.close(descriptor)
    return None
