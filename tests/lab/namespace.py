"""The lab's network namespace: this process and its children see only loopback.

The calling process itself moves, so that nothing has to be re-executed and output capture keeps
working. It also gets a mount namespace, in which /etc/resolv.conf names the lab's resolver. Root
needs nothing more; a normal user gets a user namespace, and is root in it.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
import tempfile
from pathlib import Path

_CLONE_NEWNS = 0x00020000
_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000
_MS_BIND = 0x1000
_MS_REC = 0x4000
_MS_PRIVATE = 1 << 18
MARK = "DNS_PREFLIGHT_LAB_NAMESPACE"

RESOLVER4 = "127.53.0.53"
RESOLVER6 = "fd00:53::53"


class NoNamespaceError(RuntimeError):
    """This machine or this user cannot have a network namespace; the message says why."""


def inside() -> bool:
    """Return whether this process is in a namespace that it or an ancestor made with `enter`."""
    return os.environ.get(MARK) == _identity()


def enter(*, anew: bool = False) -> None:
    """Move this process into a new network namespace, unless it is in a lab's already.

    With `anew` it moves even then, so that two processes can each have a lab.
    """
    if inside() and not anew:
        return
    libc = ctypes.CDLL(None, use_errno=True)
    uid, gid = os.getuid(), os.getgid()
    flags = _CLONE_NEWNET | _CLONE_NEWNS | (0 if uid == 0 else _CLONE_NEWUSER)
    if libc.unshare(flags) != 0:
        reason = os.strerror(ctypes.get_errno())
        raise NoNamespaceError(
            f"the lab needs a network namespace of its own, and the kernel says: {reason}; run it "
            "as root, or allow user namespaces (sysctl user.max_user_namespaces, and "
            "kernel.apparmor_restrict_unprivileged_userns=0 on Ubuntu)"
        )
    if uid != 0:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"0 {uid} 1")
        Path("/proc/self/gid_map").write_text(f"0 {gid} 1")
    try:
        subprocess.run(
            ["ip", "link", "set", "lo", "up"], check=True, capture_output=True, text=True
        )
    except FileNotFoundError:
        raise NoNamespaceError("the lab needs ip (Debian package iproute2)") from None
    except subprocess.CalledProcessError as error:
        raise NoNamespaceError(f"loopback cannot be brought up: {error.stderr.strip()}") from error
    _own_resolver(libc)
    os.environ[MARK] = _identity()


def add_addresses(*addresses: str) -> None:
    """Add addresses to loopback. 127.0.0.0/8 is there already, but BIND wants to see each one."""
    lines = "".join(
        f"addr replace {_with_prefix(address)} dev lo {'nodad' if ':' in address else ''}\n"
        for address in addresses
    )
    subprocess.run(["ip", "-batch", "-"], input=lines, check=True, capture_output=True, text=True)


def remove_address(address: str) -> None:
    """Remove one IPv6 address from loopback: packets to it then have no route."""
    subprocess.run(
        ["ip", "addr", "del", _with_prefix(address), "dev", "lo"], check=True, capture_output=True
    )


def _with_prefix(address: str) -> str:
    return f"{address}/128" if ":" in address else f"{address}/32"


def _identity() -> str:
    return str(Path("/proc/self/ns/net").stat().st_ino)


def _own_resolver(libc: ctypes.CDLL) -> None:
    """Mount a file over /etc/resolv.conf that only this namespace sees (best effort)."""
    target = Path("/etc/resolv.conf").resolve()
    if not target.exists() or libc.mount(b"none", b"/", None, _MS_REC | _MS_PRIVATE, None) != 0:
        return
    with tempfile.NamedTemporaryFile("w", prefix="dns-preflight-lab-") as file:
        file.write(f"nameserver {RESOLVER4}\noptions timeout:2 attempts:1\n")
        file.flush()
        Path(file.name).chmod(0o644)
        libc.mount(file.name.encode(), str(target).encode(), None, _MS_BIND, None)
