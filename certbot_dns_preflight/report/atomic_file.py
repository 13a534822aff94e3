"""Report files: written whole or not at all, and refused early where that cannot work.

Decides how a text gets into a file without a reader ever seeing half of it. It knows nothing
about what the text says.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import select
import stat
from pathlib import Path

from certbot_dns_preflight.errors import PreflightError

_TRIES = 8
_PATIENCE = 5.0  # seconds without progress
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class ReportFileError(PreflightError, OSError):
    """A report file cannot be written; the message is one line that names the file."""


def write_atomically(path: Path | str, text: str, *, mode: int = 0o600) -> None:
    """Put `text` into `path` with permissions `mode`; a reader sees the old file or the new one.

    Pipes, devices and ``/dev/stdout`` are written to directly; any other symbolic link at `path`
    is replaced, not followed. Raises `ReportFileError`, and then the old file is untouched and
    nothing is left beside it.
    """
    target = Path(path)
    data = text.encode("utf-8", "backslashreplace")
    try:
        if _is_stream(target):
            _write_through(target, data)
        else:
            _replace(target, data, mode)
    except (OSError, ValueError) as error:
        raise _told(target, error) from error


def check_writable(path: Path | str) -> None:
    """Find out whether `write_atomically` would work, leaving nothing behind.

    Raises `ReportFileError`. Makes and removes a file in the directory: permission bits alone say
    nothing about read-only file systems, ACLs or a full disk's inodes.
    """
    target = Path(path)
    try:
        reason = _why_not(target)
    except (OSError, ValueError) as error:
        raise _told(target, error) from error
    if reason:
        raise ReportFileError(_message(target, reason))


def _why_not(target: Path) -> str | None:
    if target.is_dir():
        return "it is a directory"
    if target.is_socket():
        return "it is a socket"
    if _is_stream(target):
        # Not opened: the reader of a pipe would take that for the end.
        return None if os.access(target, os.W_OK) else "no permission to write to it"
    if not target.parent.is_dir():
        return f"there is no directory {_shown(target.parent)}"
    descriptor, temporary = _temporary(target, 0o600)
    os.close(descriptor)
    temporary.unlink()
    return None


def _is_stream(target: Path) -> bool:
    """Whether it is a pipe, terminal or device, which cannot be replaced.

    A link counts among the process's own descriptors alone (/dev/stdout): anywhere else, somebody
    may have planted it to have a device overwritten, and it is replaced like any file.
    """
    if _is_descriptor(target):
        return True  # also where it leads to a regular file: others hold that open
    try:
        kind = target.lstat().st_mode
    except FileNotFoundError:
        return False
    return not (stat.S_ISREG(kind) or stat.S_ISDIR(kind) or stat.S_ISLNK(kind))


def _is_descriptor(target: Path) -> bool:
    if not target.is_symlink():
        return False
    return target.parent.resolve() in (Path("/dev"), Path("/proc/self/fd").resolve())


def _write_through(target: Path, data: bytes) -> None:
    # O_NONBLOCK while opening: a pipe that nobody reads is an error at once, not a hang.
    flags = os.O_WRONLY | os.O_APPEND | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
    if not _is_descriptor(target):
        flags |= os.O_NOFOLLOW
    descriptor = os.open(target, flags)
    try:
        _write_patiently(descriptor, data)
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


def _replace(target: Path, data: bytes, mode: int) -> None:
    descriptor, temporary = _temporary(target, mode)
    try:
        try:
            # The mode given to open() is cut by the umask; content comes only after this.
            os.fchmod(descriptor, mode)
            _write_all(descriptor, data)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        temporary.replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    _sync_directory(target.parent)


def _temporary(target: Path, mode: int) -> tuple[int, Path]:
    """Create a new file beside the target; O_EXCL refuses whatever already has the name."""
    for attempt in range(_TRIES):
        # Short enough for any name that the target itself may have.
        temporary = target.parent / f".{target.name[:40]}.{secrets.token_hex(8)}.tmp"
        try:
            return os.open(temporary, _NEW_FILE, mode & 0o600), temporary
        except FileExistsError:
            if attempt == _TRIES - 1:
                raise
    raise AssertionError


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _sync_directory(directory: Path) -> None:
    # The new file is in place already; some file systems cannot sync a directory.
    with contextlib.suppress(OSError):
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
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
    return f"cannot write {_shown(target)}: {reason}"


def _shown(path: Path) -> str:
    return ascii(str(path)) if not str(path).isprintable() else str(path)
