"""Which processes called: whether two calls of a hook were made by one client.

Between the client and the hook there may be shells, sudo, or a script in any language; each of
them is a new process with every call, and gone before the next. The client is what two calls have
in common.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_MOST = 64


def of_this_process() -> tuple[str, ...]:
    """Name the parent, its parent and so on, each in a way that no later process has."""
    names: list[str] = []
    pid = os.getppid()
    while pid > 0 and len(names) < _MOST:
        process = _look(pid)
        if process is None:
            break  # no /proc, or none of another user's
        pid, name = process
        names.append(name)
    return tuple(names) or (str(os.getppid()),)


def distance(ours: Sequence[str], theirs: Sequence[str]) -> int | None:
    """Tell how far up the nearest common ancestor is; None where the two have no client in common.

    An ancestor of two clients (a terminal's shell, init) is none: there one of them, below it, is
    still running.
    """
    for number, name in enumerate(ours):
        if name in theirs:
            below = theirs[: theirs.index(name)]
            return None if any(map(_is_running, below)) else number
    return None


def _is_running(name: str) -> bool:
    pid = name.partition(" ")[0]
    process = _look(int(pid)) if pid.isdigit() else None
    return process is not None and process[1] == name


def _look(pid: int) -> tuple[int, str] | None:
    """Give the parent's number, and a name made of the number and the time of the start."""
    try:
        # After the program's name in parentheses: state, parent, … and as the 20th the start.
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        fields = text.rpartition(")")[2].split()
        state, parent, started = fields[0], int(fields[1]), fields[19]
    except (OSError, ValueError, IndexError):
        return None
    return None if state == "Z" else (parent, f"{pid} {started}")
