"""`script/demo`: a certificate that is issued, and a failure that is explained."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

from tests.lab import DaemonError, Lab, MissingProgramError, NoNamespaceError

if TYPE_CHECKING:
    from types import FrameType

_DOMAINS = "example.test,*.example.test"
_SHORT = 8


def main() -> int:
    """Run both parts; return 0 only if both went as expected."""
    signal.signal(signal.SIGTERM, _leave)
    try:
        with Lab(signed=True) as lab:
            _say(
                "A lab of its own network: a root, a TLD, BIND as primary of example.test with "
                "NSD, Knot DNS and PowerDNS as secondaries, Unbound, and the ACME server Pebble. "
                "Root and TLD are signed."
            )
            good = _issues(lab) and _fails(lab)
    except (DaemonError, MissingProgramError, NoNamespaceError) as error:
        _say(f"The lab does not start: {error}")
        return 2
    _say("Both went as they should." if good else "This is not what should have happened.")
    return 0 if good else 1


def _issues(lab: Lab) -> bool:
    _say(
        "1. certbot asks for example.test and *.example.test. dns-preflight has dns-rfc2136 write "
        "the two TXT records to the primary, and waits until all four name servers show both, at "
        "their IPv4 and IPv6 addresses. Only then the ACME server is told."
    )
    since = len(lab.ca.log)
    status, output = _certbot(lab, "--dns-preflight-timeout=60")
    told, issued = lab.ca.challenges_answered(since), lab.ca.certificates_issued(since)
    _say(f"Shown: exit status {status}, {told} challenges answered, {issued} certificate issued.")
    if "not checked" in output:
        _say("Something was not checked, though root and TLD are signed.")
        return False
    return (status, told, issued) == (0, 2, 1)


def _fails(lab: Lab) -> bool:
    lab.pause_transfers(lab.nsd)
    _say(
        f"2. The same once more, but {lab.nsd.host} gets no more zone transfers, and dns-preflight "
        f"may wait {_SHORT} seconds. After a fixed pause the CA would now be told all the same, "
        "and refuse whenever it happens to ask that server."
    )
    since = len(lab.ca.log)
    status, output = _certbot(lab, "--force-renewal", f"--dns-preflight-timeout={_SHORT}")
    told = lab.ca.challenges_answered(since)
    named = lab.nsd.host.rstrip(".") in output
    left = lab.primary.texts("_acme-challenge.example.test.")
    _say(
        f"Shown: exit status {status}; the lagging name server is {'' if named else 'not '}named; "
        f"{told} challenges answered, so nothing is lost with the CA; {len(left)} records left "
        "behind on the primary."
    )
    return status == 1 and named and told == 0 and not left


def _certbot(lab: Lab, *extra: str) -> tuple[int, str]:
    command = [
        shutil.which("certbot", path=str(Path(sys.executable).parent)) or "certbot",
        "certonly",
        "--authenticator=dns-preflight",
        "--dns-preflight-authenticator=dns-rfc2136",
        f"--dns-preflight-root-hints={lab.root_hints}",
        f"--dns-preflight-trust-anchor={lab.trust_anchor}",
        f"--dns-rfc2136-credentials={lab.credentials}",
        f"--server={lab.ca.directory_url}",
        *(f"--{name}-dir={lab.path}/certbot-{name}" for name in ("config", "work", "logs")),
        "--non-interactive",
        "--agree-tos",
        "--register-unsafely-without-email",
        f"--domains={_DOMAINS}",
        *extra,
    ]
    shown = [re.sub(r"^.*/certbot$", "certbot", word) for word in command]
    _write(textwrap.indent(_wrapped(shown), "  $ ", lambda line: line.startswith("certbot")))
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, **lab.environment},
    )
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        _write(f"  | {line.rstrip()}")
        lines.append(line)
    return process.wait(), "".join(lines)


def _wrapped(words: list[str]) -> str:
    own = [word for word in words if "preflight" in word or "rfc2136" in word or "domains" in word]
    return f"{words[0]} {words[1]} …\n" + "\n".join(f"        {word}" for word in own)


def _say(text: str) -> None:
    _write("\n" + textwrap.fill(text, 88))


def _write(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _leave(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
