"""A host on a closed network: its own namespace, which reaches only one address of the lab.

No name server is reachable from it, nor anything else on port 53 except that address, if something
listens there. `command` runs programs in it.
"""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

from tests.lab.processes import Daemon, DaemonError, program

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

OUTSIDE = "10.53.0.1"
"""The only address that is reached from there: one of the lab's own."""
_INSIDE = "10.53.0.2"


class ClosedHost:
    """The namespace; its /etc/resolv.conf names `OUTSIDE`, whether that answers or not."""

    def __init__(self, directory: Path) -> None:
        program("nsenter")
        self.directory = directory
        self._daemon: Daemon | None = None

    def start(self) -> None:
        """Create it, with a link to the lab."""
        resolv = self.directory / "resolv.conf"
        resolv.write_text(f"nameserver {OUTSIDE}\noptions timeout:2 attempts:1\n")
        ready = self.directory / "ready"
        script = (
            "file=$(readlink -f /etc/resolv.conf) && umount $file; "  # the lab's own, which is gone
            f"mount --bind {resolv} $file && ip link set lo up && "
            f"echo $$ > {ready} && exec sleep infinity"
        )
        self._daemon = Daemon(
            "closed host",
            ["unshare", "--net", "--mount", "sh", "-c", script],
            log=self.directory / "log",
        )
        self._daemon.wait_until(
            lambda: ready.exists() and bool(ready.read_text().strip()), what="it is there"
        )
        self._pid = self._daemon.innermost()
        lines = (
            f"link add lab0 type veth peer name eth0 netns {self._pid}\n"
            f"addr add {OUTSIDE}/30 dev lab0\nlink set lab0 up\n"
        )
        _ip(lines)
        inside = f"addr add {_INSIDE}/30 dev eth0\nlink set eth0 up\n"
        subprocess.run(
            [*self.command("ip", "-batch", "-")],
            input=inside,
            check=True,
            capture_output=True,
            text=True,
        )

    def command(self, *arguments: str) -> list[str]:
        """Return the command that runs another one inside it."""
        if self._daemon is None:
            raise DaemonError("the closed host is not there")
        return ["nsenter", f"--target={self._pid}", "--net", "--mount", "--", *arguments]

    @staticmethod
    def command_outside(*arguments: str) -> list[str]:
        """Return the command that runs another one in the lab, from inside it."""
        return ["nsenter", f"--target={os.getpid()}", "--net", "--mount", "--", *arguments]

    def kill(self) -> None:
        """Remove it, along with its link."""
        if self._daemon is not None:
            self._daemon.kill()
            self._daemon = None
            subprocess.run(["ip", "link", "del", "lab0"], check=False, capture_output=True)


def _ip(lines: Sequence[str] | str) -> None:
    subprocess.run(["ip", "-batch", "-"], input=lines, check=True, capture_output=True, text=True)
