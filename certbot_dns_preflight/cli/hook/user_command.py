"""The user's own hook as a process: run as certbot would run it, and ended when we are ended.

Decides what a signal to us does to it: its whole process group gets SIGTERM, and SIGKILL if it has
not ended a moment later, so that nothing writes records after the client has given up.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from typing import Final

from certbot_dns_preflight.cli import signals

GRACE: Final = 2.0  # seconds between SIGTERM and SIGKILL
_POLL = 0.02


def run(command: str) -> int:
    """Run a command in the shell, with our output and environment; return its exit status."""
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    # In its own process group, except at a terminal: there it could no longer read what is typed,
    # and Ctrl-C reaches it anyway.
    alone = not os.isatty(0)
    process = None
    try:
        # A running process can be ended only once its number is known.
        with signals.held():
            process = subprocess.Popen(  # noqa: S602 - the user's command line
                command, shell=True, process_group=0 if alone else None
            )
        return process.wait()
    except KeyboardInterrupt:  # Ctrl-C, or a signal that ends us
        if process is not None:
            _end(process, group=alone)
        raise


def _end(process: subprocess.Popen[bytes], *, group: bool) -> None:
    """Wait for it to end, then end it; a second signal shortens the wait."""
    deadline = time.monotonic() + GRACE
    try:
        _send(process, signal.SIGTERM, group=group)
        with contextlib.suppress(KeyboardInterrupt):
            while _is_there(process, group=group) and time.monotonic() < deadline:
                time.sleep(_POLL)
    finally:
        _send(process, signal.SIGKILL, group=group)
        process.wait()


def _is_there(process: subprocess.Popen[bytes], *, group: bool) -> bool:
    """Return whether it, or anything in its group, which outlives its shell, still runs."""
    if process.poll() is None:
        return True
    if group:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, 0)
            return True
    return False


def _send(process: subprocess.Popen[bytes], number: int, *, group: bool) -> None:
    if group:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
    else:
        process.send_signal(number)  # does nothing once it has ended
