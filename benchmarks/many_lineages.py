"""What dns-preflight adds to each lineage of one `certbot renew`, all of them healthy.

One process of certbot renews all lineages by RFC 2136 in the lab: with a pause of a second, which
is taken off again, and with dns-preflight in place of any pause. The lineages are copies of one.

    python -m benchmarks.many_lineages [--lineages 20] [--runs 3]
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

from tests.lab import Lab

_NAME = "n0.example.test"
_PAUSE = 1
_MOST_ADDED = 1.5  # seconds a lineage


def main() -> int:
    """Measure and print; the exit status says whether it is below the goal."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lineages", type=int, default=20, metavar="N")
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    with Lab() as lab:
        bare = _Certbot(
            lab, "bare", ["-a", "dns-rfc2136", f"--dns-rfc2136-propagation-seconds={_PAUSE}"]
        )
        ours = _Certbot(
            lab,
            "ours",
            [
                *("-a", "dns-preflight", "--dns-preflight-authenticator=dns-rfc2136"),
                f"--dns-preflight-root-hints={lab.root_hints}",
            ],
        )
        for certbot in (bare, ours):
            certbot.issue()
            certbot.copy(given.lineages)
        added = []
        for _ in range(given.runs):
            seconds, cpu = bare.renew()
            ours_seconds, ours_cpu = ours.renew()
            added.append((ours_seconds - seconds) / given.lineages + _PAUSE)
            bare_each = seconds / given.lineages - _PAUSE
            print(
                f"{given.lineages} lineages, each {bare_each:.2f} s without a check; dns-preflight "
                f"adds {added[-1]:.2f} s to each, of which "
                f"{(ours_cpu - cpu) / given.lineages:.2f} s are CPU",
                flush=True,
            )
    return 0 if statistics.median(added) < _MOST_ADDED else 1


class _Certbot:
    def __init__(self, lab: Lab, name: str, options: list[str]) -> None:
        self._lab = lab
        self._base = lab.path / f"lineages-{name}"
        self._options = options

    def issue(self) -> None:
        self._run(
            *("certonly", f"--domains={_NAME}"),
            f"--dns-rfc2136-credentials={self._lab.credentials}",
            *self._options,
        )

    def copy(self, count: int) -> None:
        config = self._base / "config"
        file = config / "renewal" / f"{_NAME}.conf"
        for number in range(1, count):
            name = f"n{number}.example.test"
            shutil.copytree(config / "archive" / _NAME, config / "archive" / name)
            live = config / "live" / name
            live.mkdir()
            for link in (config / "live" / _NAME).glob("*.pem"):
                target = str(link.readlink()).replace(_NAME, name)
                (live / link.name).symlink_to(target)
            text = file.read_text().replace(f"/{_NAME}", f"/{name}")
            (file.parent / f"{name}.conf").write_text(text)

    def renew(self) -> tuple[float, float]:
        """Give the seconds that it took, and those of the processor."""
        self._lab.wait_synchronous()
        begun, before = time.perf_counter(), os.times()
        self._run("renew", "--force-renewal", "--no-random-sleep-on-renew")
        after = os.times()
        cpu = after.children_user + after.children_system
        cpu -= before.children_user + before.children_system
        return time.perf_counter() - begun, cpu

    def _run(self, *arguments: str) -> None:
        certbot = shutil.which("certbot", path=str(Path(sys.executable).parent)) or "certbot"
        command = [
            certbot,
            *arguments,
            *(f"--{kind}-dir={self._base / kind}" for kind in ("config", "work", "logs")),
            f"--server={self._lab.ca.directory_url}",
            *("--non-interactive", "--agree-tos", "--register-unsafely-without-email"),
        ]
        environment = {**os.environ, **self._lab.environment}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"certbot failed:\n{done.stdout}{done.stderr}")


if __name__ == "__main__":
    sys.exit(main())
