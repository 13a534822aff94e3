"""Waiting for what can be observed of other processes, instead of sleeping and hoping.

The bound on every wait is so long that only a hang reaches it.
"""

from __future__ import annotations

import contextlib
import ipaddress
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

HANG = 300.0
"""Seconds after which whatever has not happened will not happen any more."""


def until(condition: Callable[[], bool], *, what: str = "", seconds: float = HANG) -> None:
    """Wait until the condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what or condition}"
        time.sleep(0.02)


def asking(process: subprocess.Popen[str], address: str) -> bool:
    """Return whether it has an unanswered query open to port 53 of an address."""
    here = Path("/proc") / str(process.pid)
    remote = f"{_as_in_proc(address)}:0035"
    inodes = {
        fields[9]
        for name in ("udp", "udp6")
        for line in (here / "net" / name).read_text().splitlines()[1:]
        if (fields := line.split())[2] == remote
    }
    held = set()
    for descriptor in (here / "fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            held.add(str(descriptor.readlink()))
    return any(f"socket:[{inode}]" in held for inode in inodes)


def _as_in_proc(address: str) -> str:
    """Return an address as /proc/net/udp shows it: 32-bit words in host byte order."""
    packed = ipaddress.ip_address(address).packed
    words = (packed[at : at + 4] for at in range(0, len(packed), 4))
    return "".join(f"{int.from_bytes(word, 'little'):08X}" for word in words)
