"""How late and how large a run gets, whatever hostile servers answer: `tests/hostile/attacks.py`.

Each attack is waited for with `--timeout`, and once more until a SIGTERM that comes halfway. Late
is what passes between the end that was asked for and the end of the process, all of its output
written; what it takes to start, which a run against healthy servers tells, is taken off the first.

    python -m benchmarks.lateness [--timeout 5] [ATTACK…]
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.hostile.attacks import ATTACKS
from tests.lab import Lab, enter

if TYPE_CHECKING:
    from collections.abc import Sequence

_VALUE = "gfj9Xq8kZ2mT4vB7nR1sL0pW6yD3hC5aE9uG2iK8oJg"
_MOST_LATE, _MOST_MEBIBYTES = 1.0, 150


@dataclass(frozen=True, slots=True)
class _Ended:
    seconds: float
    mebibytes: float


def main() -> int:
    """Measure and print; the exit status says whether all were in time, and small."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("attacks", nargs="*", metavar="ATTACK")
    parser.add_argument("--timeout", type=float, default=5.0, metavar="SECONDS")
    given = parser.parse_args()
    good = True
    enter()
    with Lab(acme=False) as lab, tempfile.TemporaryDirectory() as directory:
        report = Path(directory) / "report.json"
        lab.zone("healthy.test.", [lab.bind], records=f'_acme-challenge TXT "{_VALUE}"\n')
        start = min(_run(lab, ["healthy.test"], report).seconds for _ in range(3))
        print(f"to start and to end: {start:.2f} s")
        print(f"{'attack':32}{'late':>9}{'after SIGTERM':>15}{'MiB':>6}")
        for name, attack in ATTACKS.items():
            if given.attacks and name not in given.attacks:
                continue
            with attack(lab) as domains:
                ended = _run(lab, domains, report, timeout=given.timeout)
                late = max(0.0, ended.seconds - given.timeout - start)
                stopped = _run(lab, domains, report, stop_after=start + given.timeout / 2)
            largest = max(ended.mebibytes, stopped.mebibytes)
            print(f"{name:32}{late:7.2f} s{stopped.seconds:13.2f} s{largest:6.0f}", flush=True)
            good &= max(late, stopped.seconds) <= _MOST_LATE and largest <= _MOST_MEBIBYTES
    return 0 if good else 1


def _run(
    lab: Lab,
    domains: Sequence[str],
    report: Path,
    *,
    timeout: float = 600.0,
    stop_after: float | None = None,
) -> _Ended:
    """Wait for some names; give the seconds since the start, or since the SIGTERM."""
    wanted = [f"--expect={domain}={_VALUE}" for domain in domains]
    command = [
        *(str(Path(sys.executable).with_name("dns-preflight")), "check", *domains),
        *(wanted if len(domains) > 1 else [f"--expect={_VALUE}"]),
        *("--wait", f"--timeout={timeout:g}", "--confirmations=1", f"--report={report}"),
        *("--json", f"--root-hints={lab.root_hints}"),
    ]
    begun = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    if stop_after is not None:
        time.sleep(stop_after)
        begun = time.monotonic()
        os.kill(process.pid, signal.SIGTERM)
    _, _, used = os.wait4(process.pid, 0)
    process.returncode = 0
    return _Ended(time.monotonic() - begun, used.ru_maxrss / 1024)


if __name__ == "__main__":
    sys.exit(main())
