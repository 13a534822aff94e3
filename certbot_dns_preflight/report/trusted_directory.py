"""The way to a directory that a report is put in, and whether root may trust it.

Where root writes, no link on the way is followed that somebody else can have put there, and a
directory in which others may exchange files is refused. What is written there is for `atomic_file`.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

_MOST_LINKS = 40  # on the way to a directory, as the kernel has it
_PASS_THROUGH = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC
_DIRECTORY = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC
_GROUP_WRITES, _ALL_WRITE = 0o020, 0o002
_ACCEPTED = "where root writes, it takes one that nobody but its owner can write, or a sticky one"


def open_directory(path: Path) -> int:
    """Open a directory to reach what is in it; where root does, no link of others is followed."""
    try:
        return os.open(path, _DIRECTORY) if os.geteuid() != 0 else _walk(path)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise OSError(error.errno, f"there is no directory {shown_path(path)}") from error


def _walk(path: Path) -> int:
    """Open a directory name by name, and follow a link only if nobody but root can have put it."""
    here = os.open("/" if path.is_absolute() else ".", _DIRECTORY)
    names = _names(path)
    links = 0
    try:
        while names:
            there = os.open(names.pop(), _PASS_THROUGH, dir_fd=here)
            try:
                if stat.S_ISLNK(os.fstat(there).st_mode):
                    links += 1
                    if links > _MOST_LINKS:
                        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
                    if not _roots_own(there, here):
                        raise OSError(
                            errno.ELOOP,
                            f"somebody else can change a link on the way to its directory "
                            f"{shown_path(path)}; where root writes, it takes links that root "
                            "alone can change",
                        )
                    target = Path(os.readlink("", dir_fd=there))
                    names += _names(target)
                    following = os.open("/", _DIRECTORY) if target.is_absolute() else None
                else:
                    following = os.open(".", _DIRECTORY, dir_fd=there)
            finally:
                os.close(there)
            if following is not None:
                os.close(here)
                here = following
    except BaseException:
        os.close(here)
        raise
    return here


def _names(path: Path) -> list[str]:
    """Give the names on a path, the first one last."""
    return [part for part in reversed(path.parts) if part != path.anchor]


def _roots_own(link: int, directory: int) -> bool:
    around = os.fstat(directory)
    trusted = {0, Path("/").stat().st_uid}  # which in a user namespace is not 0
    return {os.fstat(link).st_uid, around.st_uid} <= trusted and not _is_shared(around)


def refuse_shared(descriptor: int, directory: Path) -> None:
    """Raise an `OSError` where others than its owner may exchange what is in the directory."""
    if _is_shared(os.fstat(descriptor)):
        raise OSError(
            errno.EPERM,
            f"others can write its directory {shown_path(directory)}, which is not sticky; "
            f"{_ACCEPTED}",
        )


def _is_shared(directory: os.stat_result) -> bool:
    """Whether others than its owner (and root's group) may exchange what is in a directory."""
    mode = directory.st_mode
    others = mode & _ALL_WRITE or (mode & _GROUP_WRITES and directory.st_gid != 0)
    return bool(others) and not mode & stat.S_ISVTX


def shown_path(path: Path) -> str:
    """Write a path as a message may have it."""
    return ascii(str(path)) if not str(path).isprintable() else str(path)
