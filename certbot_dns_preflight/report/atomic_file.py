"""Report files: written whole or not at all, and refused early where that cannot work.

Decides how a text gets into a file without a reader ever seeing half of it, and without anybody
else deciding which file that is. It knows nothing about what the text says.

A directory is opened once for each write, and everything in it is done by that descriptor: what its
path leads to later does not matter. Which directories root may write in is for `trusted_directory`
to say.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import select
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

from certbot_dns_preflight.errors import PreflightError
from certbot_dns_preflight.report.trusted_directory import (
    open_directory,
    refuse_shared,
    shown_path,
)

_TRIES = 8
_PATIENCE = 5.0  # seconds without progress
_BLOCK = 1 << 16
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class ReportFileError(PreflightError, OSError):
    """A report file cannot be written; the message is one line that names the file."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a file is or will be: its name in a directory that is held open."""

    path: Path
    directory: int

    @property
    def name(self) -> str:
        """The file's name in the directory."""
        return self.path.name

    def write(self, text: str | Iterable[str], *, mode: int) -> None:
        """Do what `write_atomically` does, in this directory."""
        data = _blocks((text,) if isinstance(text, str) else text)
        if _is_stream(self):
            _write_through(self, data)
        else:
            _replace(self, data, mode)

    def read(self, most: int) -> bytes:
        """Read the first `most` bytes of the regular file that is there; nothing of any other."""
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
        try:
            descriptor = os.open(self.name, flags, dir_fd=self.directory)
        except OSError:
            return b""
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return b""
            found = bytearray()
            while len(found) < most and (piece := os.read(descriptor, most - len(found))):
                found += piece
            return bytes(found)
        except OSError:
            return b""
        finally:
            os.close(descriptor)


def write_atomically(path: Path | str, text: str | Iterable[str], *, mode: int = 0o600) -> None:
    """Put `text` into `path` with permissions `mode`; a reader sees the old file or the new one.

    What is given in pieces is never held whole.
    Pipes, devices and ``/dev/stdout`` are written to directly; any other symbolic link at `path`
    is replaced, not followed. Raises `ReportFileError`, and then the old file is untouched and
    nothing is left beside it.
    """
    with place(path) as there:
        there.write(text, mode=mode)


def check_writable(path: Path | str) -> None:
    """Find out whether `write_atomically` would work, leaving nothing behind.

    Raises `ReportFileError`. Makes and removes a file in the directory: permission bits alone say
    nothing about read-only file systems, ACLs or a full disk's inodes.
    """
    with place(path) as there:
        reason = _why_not(there)
        if reason:
            raise ReportFileError(_message(there.path, reason))


@contextlib.contextmanager
def place(path: Path | str) -> Iterator[Place]:
    """Hold the directory of a file open; any error of what is done there is `ReportFileError`.

    Refuses a directory that must not be trusted (`trusted_directory`).
    """
    target = Path(path)
    try:
        descriptor = open_directory(target.parent)
        try:
            if os.geteuid() == 0:
                refuse_shared(descriptor, target.parent)
            yield Place(target, descriptor)
        finally:
            os.close(descriptor)
    except ReportFileError:
        raise
    except (OSError, ValueError) as error:
        raise _told(target, error) from error


def _why_not(there: Place) -> str | None:
    with contextlib.suppress(FileNotFoundError):
        kind = os.stat(there.name, dir_fd=there.directory).st_mode
        if stat.S_ISDIR(kind):
            return "it is a directory"
        if stat.S_ISSOCK(kind):
            return "it is a socket"
    if _is_stream(there):
        # Not opened: the reader of a pipe would take that for the end.
        writable = os.access(there.name, os.W_OK, dir_fd=there.directory)
        return None if writable else "no permission to write to it"
    descriptor, temporary = _temporary(there, 0o600)
    os.close(descriptor)
    os.unlink(temporary, dir_fd=there.directory)
    return None


def _is_stream(there: Place) -> bool:
    """Whether it is a pipe, terminal or device, which cannot be replaced.

    A link counts among the process's own descriptors alone (/dev/stdout): anywhere else, somebody
    may have planted it to have a device overwritten, and it is replaced like any file.
    """
    try:
        kind = os.stat(there.name, dir_fd=there.directory, follow_symlinks=False).st_mode
    except FileNotFoundError:
        return False
    if stat.S_ISLNK(kind):
        # One of a descriptor, also where it leads to a regular file: others hold that open.
        return _holds_descriptors(there.directory)
    return not (stat.S_ISREG(kind) or stat.S_ISDIR(kind))


def _holds_descriptors(directory: int) -> bool:
    """Whether a directory is /dev or the one of this process's descriptors."""
    found = os.fstat(directory)
    return any(os.path.samestat(found, Path(known).stat()) for known in ("/dev", "/proc/self/fd"))


def _blocks(pieces: Iterable[str]) -> Iterator[bytes]:
    """Encode, and put pieces together to what is worth writing at once."""
    gathered = bytearray()
    for piece in pieces:
        gathered += piece.encode("utf-8", "backslashreplace")
        if len(gathered) >= _BLOCK:
            yield bytes(gathered)
            gathered.clear()
    yield bytes(gathered)


def _write_through(there: Place, data: Iterator[bytes]) -> None:
    # O_NONBLOCK while opening: a pipe that nobody reads is an error at once, not a hang.
    flags = os.O_WRONLY | os.O_APPEND | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
    own = _holds_descriptors(there.directory)
    if not own:
        flags |= os.O_NOFOLLOW
    descriptor = os.open(there.name, flags, dir_fd=there.directory)
    try:
        if not own and stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EBUSY, "it was exchanged for a file while it was opened")
        for block in data:
            _write_patiently(descriptor, block)
    finally:
        os.close(descriptor)


def _write_patiently(descriptor: int, data: bytes) -> None:
    """Write as fast as it is read, but not forever: a pipe may have a reader that does not read."""
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    view = memoryview(data)
    while view:
        if not poll.poll(_PATIENCE * 1000):
            raise TimeoutError(errno.ETIMEDOUT, f"nobody read from it for {_PATIENCE:g} s")
        view = view[os.write(descriptor, view[: select.PIPE_BUF]) :]


def _replace(there: Place, data: Iterator[bytes], mode: int) -> None:
    descriptor, temporary = _temporary(there, mode)
    try:
        try:
            # The mode given to open() is cut by the umask; content comes only after this.
            os.fchmod(descriptor, mode)
            for block in data:
                _write_all(descriptor, block)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.replace(temporary, there.name, src_dir_fd=there.directory, dst_dir_fd=there.directory)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary, dir_fd=there.directory)
        raise
    _sync_directory(there.directory)


def _temporary(there: Place, mode: int) -> tuple[int, str]:
    """Create a new file beside the target; O_EXCL refuses whatever already has the name."""
    for attempt in range(_TRIES):
        # Short enough for any name that the target itself may have.
        temporary = f".{there.name[:40]}.{secrets.token_hex(8)}.tmp"
        try:
            return os.open(temporary, _NEW_FILE, mode & 0o600, dir_fd=there.directory), temporary
        except FileExistsError:
            if attempt == _TRIES - 1:
                raise
    raise AssertionError


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _sync_directory(directory: int) -> None:
    # The new file is in place already; some file systems cannot sync a directory.
    with contextlib.suppress(OSError):
        descriptor = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=directory)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _told(target: Path, error: OSError | ValueError) -> ReportFileError:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    told = ReportFileError(_message(target, reason))
    told.errno = error.errno if isinstance(error, OSError) else None
    return told


def _message(target: Path, reason: str) -> str:
    return f"cannot write {shown_path(target)}: {reason}"
