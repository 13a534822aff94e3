"""How long a certificate takes: certbot with dns-preflight, against lego, in the same lab and run.

Both write their records by RFC 2136 to the same primary, whose three secondaries follow, and both
look at the authoritative servers before they have the ACME server validate. A third run, certbot
with no check and a pause of 2 seconds, tells how much of the time is certbot's own. Whole
processes are timed, in turn, so that a machine that slows down slows all of them; ratios are pair
by pair.

    python -m benchmarks.time_to_certificate [--names 1 20] [--runs 5]
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.lab import Lab
from tests.lab.servers import KEY_ALGORITHM, KEY_NAME, KEY_SECRET

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def main() -> int:
    """Measure and print; the exit status says whether every certificate issued."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--names", type=int, nargs="+", default=[1, 20], metavar="N")
    parser.add_argument("--runs", type=int, default=5)
    given = parser.parse_args()
    clients: dict[str, Callable[[Lab, Sequence[str]], list[str]]] = {
        "certbot + dns-preflight": _preflight,
        "lego": _lego,
        "certbot, no check, 2 s pause": _unchecked,
    }
    good = True
    with Lab() as lab:
        for count in given.names:
            names = [f"n{number}.example.test" for number in range(count)]
            taken: dict[str, list[float]] = {client: [] for client in clients}
            for number in range(given.runs + 1):
                for client, command in clients.items():
                    lab.wait_synchronous()
                    seconds, status = _timed(lab, command(lab, names))
                    good = good and status == 0
                    if number:  # the first round warms up
                        taken[client].append(seconds)
            _show(count, taken)
    return 0 if good else 1


def _show(count: int, taken: dict[str, list[float]]) -> None:
    print(f"\n{count} name{'s' if count > 1 else ''}, {len(taken['lego'])} runs, seconds:")
    for client, seconds in taken.items():
        ratios = [mine / theirs for mine, theirs in zip(seconds, taken["lego"], strict=True)]
        print(
            f"  {client:<28} min {min(seconds):6.2f}  median {statistics.median(seconds):6.2f}  "
            f"max {max(seconds):6.2f}   ratio to lego {statistics.median(ratios):.2f}"
        )


def _timed(lab: Lab, command: list[str]) -> tuple[float, int]:
    environment = {
        **os.environ,
        **lab.environment,
        "LEGO_CA_CERTIFICATES": lab.environment["REQUESTS_CA_BUNDLE"],
        "RFC2136_NAMESERVER": f"{lab.primary.address4}:53",
        "RFC2136_TSIG_ALGORITHM": f"{KEY_ALGORITHM}.",
        "RFC2136_TSIG_KEY": KEY_NAME,
        "RFC2136_TSIG_SECRET": KEY_SECRET,
    }
    begun = time.perf_counter()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - begun
    if done.returncode:
        print(f"{command[0]} failed:\n{done.stdout}{done.stderr}", file=sys.stderr)
    return seconds, done.returncode


def _preflight(lab: Lab, names: Sequence[str]) -> list[str]:
    return [
        *_certbot(lab, "preflight", names),
        "--authenticator=dns-preflight",
        f"--dns-preflight-root-hints={lab.root_hints}",
        "--dns-preflight-authenticator=dns-rfc2136",
    ]


def _unchecked(lab: Lab, names: Sequence[str]) -> list[str]:
    # The lab's zone is what the CA's resolver sees first; without a check this only works here
    # because the secondaries are milliseconds away.
    return [
        *_certbot(lab, "unchecked", names),
        "--authenticator=dns-rfc2136",
        "--dns-rfc2136-propagation-seconds=2",
    ]


def _certbot(lab: Lab, directory: str, names: Sequence[str]) -> list[str]:
    certbot = shutil.which("certbot", path=str(Path(sys.executable).parent)) or "certbot"
    base = lab.path / f"benchmark-{directory}"
    return [
        certbot,
        "certonly",
        *(f"--{kind}-dir={base / kind}" for kind in ("config", "work", "logs")),
        f"--server={lab.ca.directory_url}",
        "--non-interactive",
        "--agree-tos",
        "--register-unsafely-without-email",
        "--force-renewal",
        f"--cert-name=n{len(names)}",
        f"--dns-rfc2136-credentials={lab.credentials}",
        *(f"--domains={name}" for name in names),
    ]


def _lego(lab: Lab, names: Sequence[str]) -> list[str]:
    path = lab.path / "benchmark-lego"
    return [
        "lego",
        f"--path={path}",
        f"--server={lab.ca.directory_url}",
        "--accept-tos",
        "--email=nobody@example.test",
        "--dns=rfc2136",
        f"--dns.resolvers={lab.unbound.address4}:53",
        *(f"--domains={name}" for name in names),
        "run",
    ]


if __name__ == "__main__":
    sys.exit(main())
