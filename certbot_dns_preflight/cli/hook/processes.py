"""Calling processes: whether one client made two calls of a hook.

Between the client and the hook there may be shells, sudo, or a script in any language. Each of them
is a new process on every call, and gone before the next. The client is the common ancestor of two
calls.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_MOST = 64


def of_this_process() -> tuple[str, ...]:
    """Return the parent, its parent and so on, each as an identifier never used again."""
    names: list[str] = []
    pid = os.getppid()
    while pid > 0 and len(names) < _MOST:
        process = _look(pid)
        if process is None:
            break  # no /proc, or another user's process is hidden
        pid, name = process
        names.append(name)
    return tuple(names) or (str(os.getppid()),)


def distance(ours: Sequence[str], theirs: Sequence[str]) -> int | None:
    """Return how far up the nearest common ancestor is; None if the two share no client.

    An ancestor of two clients (a terminal's shell, init) does not count: one of the clients, below
    it, is still running.
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
    """Return the parent's number, and an identifier made of the number and the start time."""
    try:
        # After the program name in parentheses: state, parent, … and as the 20th the start time.
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        fields = text.rpartition(")")[2].split()
        state, parent, started = fields[0], int(fields[1]), fields[19]
    except (OSError, ValueError, IndexError):
        return None
    return None if state == "Z" else (parent, f"{pid} {started}")
