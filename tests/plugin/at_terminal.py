"""Certbot at a terminal: what it asks is read, and answered."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import select
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.conftest import beside_python
from tests.observe import HANG

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Certbot

_SHOWN = {"TERM": "xterm", "COLUMNS": "120", "LINES": "40"}
# For its menu certbot prepares all plugins, and dns-route53 would look for a cloud's credentials.
_CLOUDS = {"AWS_EC2_METADATA_DISABLED": "true"}


@dataclass(frozen=True, slots=True)
class Terminal:
    """A running certbot, and the side of its terminal where a person sits."""

    process: subprocess.Popen[bytes]
    side: int

    def read_until(self, pattern: str, *, seconds: float = HANG) -> str:
        """Give what is shown from now until `pattern` is, or until the end."""
        deadline, seen = time.monotonic() + seconds, ""
        while not re.search(pattern, seen):
            ready, _, _ = select.select([self.side], [], [], max(0.0, deadline - time.monotonic()))
            assert ready, seen
            try:
                seen += os.read(self.side, 65536).decode(errors="replace")
            except OSError:  # the other side is closed
                break
        return seen

    def enter(self, text: str = "") -> None:
        """Type a line."""
        os.write(self.side, f"{text}\n".encode())

    def end(self) -> int:
        """Wait for its end, and give its exit status."""
        return self.process.wait(timeout=HANG)


@contextlib.contextmanager
def running(certbot: Certbot, *arguments: str) -> Iterator[Terminal]:
    """Start it with its directories' options, and end it."""
    mine, theirs = pty.openpty()
    options = (option for option in certbot.common_options if option != "--non-interactive")
    process = subprocess.Popen(
        [beside_python("certbot"), *arguments, *options],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**certbot.environment, **_SHOWN, **_CLOUDS},
    )
    os.close(theirs)
    try:
        yield Terminal(process, mine)
    finally:
        process.kill()
        process.wait()
        os.close(mine)
