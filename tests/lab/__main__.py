"""The lab from a shell: `python -m tests.lab shell`, or `python -m tests.lab up -- COMMAND…`."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.lab import namespace
from tests.lab.processes import DaemonError, MissingProgramError, missing, program

if TYPE_CHECKING:
    from types import FrameType

    from tests.lab import Lab

_PROGRAMS = (
    *("named", "rndc", "nsupdate", "nsd", "nsd-control", "knotd", "knotc"),
    *("pdns_server", "pdns_control", "unbound", "pebble"),
)


def main(arguments: list[str] | None = None) -> int:
    """Run a shell or a command inside a new lab, and return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.lab", description=__doc__)
    parser.add_argument("--signed", action="store_true", help="sign the root, test. and dns.test.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("shell", help="open $SHELL in the lab")
    up = commands.add_parser("up", help="run one command in the lab")
    up.add_argument("words", nargs=argparse.REMAINDER, metavar="-- COMMAND…")
    chosen = parser.parse_args(arguments)
    words = getattr(chosen, "words", [])
    words = words[1:] if words[:1] == ["--"] else words
    if chosen.command == "up" and not words:
        parser.error("up: name a command")
    if lacking := missing(*_PROGRAMS):
        sys.stderr.write("\n".join([*lacking, ""]))
        return 2
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)
    try:
        namespace.enter()
        from tests.lab import Lab  # noqa: PLC0415  # missing programs are reported first

        with Lab(signed=chosen.signed) as lab:
            if chosen.command == "shell":
                sys.stdout.write(_map(lab) + "\n")
                sys.stdout.flush()
                words = [os.environ.get("SHELL", "/bin/sh")]
            return _run(lab, words)
    except (namespace.NoNamespaceError, MissingProgramError, DaemonError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except KeyboardInterrupt:
        return 130


def _run(lab: Lab, words: list[str]) -> int:
    # If we are killed, the child gets SIGHUP.
    tied = [program("setpriv"), "--pdeathsig", "HUP", "--", *words]
    child = subprocess.Popen(
        tied, env={**os.environ, **lab.environment, "debian_chroot": "dns-preflight lab"}
    )
    # Ctrl-C goes to the child: a shell survives it, a command ends, and then so do we.
    ours = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        status = child.wait()
    except BaseException:
        child.terminate()
        child.wait(timeout=5)
        raise
    finally:
        signal.signal(signal.SIGINT, ours)
    return status if status >= 0 else 128 - status


def _leave(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def _map(lab: Lab) -> str:
    rows = [
        (lab.root.host, lab.root, "the root"),
        (lab.tld.host, lab.tld, "test."),
        (lab.names.host, lab.names, "dns.test."),
        *(
            (s.host, s, f"example.test. alias.test. target.test. ({s.kind})")
            for s in lab.nameservers
        ),
    ]
    lines = [f"  {host:18} {s.address4:12} {s.address6:12} {what}" for host, s, what in rows]
    lines.append(f"  {'resolver':18} {lab.unbound.address4:12} {lab.unbound.address6:12} unbound")
    return "\n".join(
        [
            "The lab: an internet of its own, gone when this shell ends.",
            *lines,
            f"  {'ACME directory':18} {lab.ca.directory_url}",
            "",
            "Try:",
            "  dig +trace example.test    dig @127.53.1.2 +norec example.test SOA",
            "  certbot certonly --server $LAB_ACME_DIRECTORY \\",
            "    --config-dir $LAB/c --work-dir $LAB/w --logs-dir $LAB/l \\",
            "    --agree-tos --register-unsafely-without-email \\",
            "    --authenticator dns-preflight --dns-preflight-root-hints $LAB_ROOT_HINTS \\",
            "    --dns-preflight-authenticator dns-rfc2136 \\",
            "    --dns-rfc2136-credentials $LAB_CREDENTIALS -d example.test -d '*.example.test'",
            "  dns-preflight check example.test --root-hints $LAB_ROOT_HINTS",
            "Variables: LAB_ROOT_HINTS LAB_CREDENTIALS LAB_TSIG_KEY LAB_AUTH_HOOK LAB_CLEANUP_HOOK",
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
