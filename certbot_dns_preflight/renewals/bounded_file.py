"""Read a file of certbot's within bounds, whatever it is: whoever wrote it may mean harm.

Knows files, and what is too long for the parser of renewal files; not what they mean.
"""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_MOST_BYTES = 1 << 18
# The parser takes a time for a heading that grows with the square of its length, and for any other
# line a little of that (DiffSK/configobj#281).
_LONGEST_HEADING, _LONGEST_LINE = 64, 4096


def read(path: str | Path) -> bytes:
    """Read a regular file, if it is not too large; raises `OSError`. A pipe is not waited for."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as stream:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "it is no regular file")
        data = stream.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        raise OSError(errno.EFBIG, f"it has more than {_MOST_BYTES} bytes")
    return data


def read_lines(path: str | Path) -> bytes:
    """Read a renewal file, if no line of it is too long to be parsed; raises `OSError`."""
    data = read(path)
    for number, line in enumerate(data.splitlines(), 1):
        most = _LONGEST_HEADING if line.lstrip().startswith(b"[") else _LONGEST_LINE
        if len(line) > most:
            raise OSError(errno.EFBIG, f"line {number} has more than {most} characters")
    return data
