"""How late and how large a run gets, whatever hostile servers answer: `tests/hostile/attacks.py`.

Each attack is waited for with `--timeout`, looked at once with it, and waited for until a SIGTERM
that comes halfway. Late is what passes from the end that was asked for to the end of the process,
all of its output written; `computing` is what of that the process had the processor for, which
depends less on what else the machine does.

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
_MOST_LATE, _MOST_MEBIBYTES = 1.0, 130


# Says when the run begins, and what had been computed when its time was up.
_PROGRAM = """
import atexit, sys, threading, time
from certbot_dns_preflight.cli import main
from certbot_dns_preflight.run import waiting

notes, timeout = sys.argv[1], float(sys.argv[2])
real, noted = waiting.run, {}

def run(*arguments, **options):
    noted["begun"] = time.monotonic()
    timer = threading.Timer(timeout, lambda: noted.update(due=time.process_time()))
    timer.daemon = True
    timer.start()
    return real(*arguments, **options)

def note():
    spent = time.process_time()
    # Not ru_maxrss, which begins with that of the process that started this one.
    peak = open("/proc/self/status").read().split("VmHWM:")[1].split()[0]
    with open(notes, "w") as file:
        print(noted["begun"], spent - noted.get("due", spent), int(peak) / 1024, file=file)

waiting.run = run
atexit.register(note)
sys.exit(main.main(sys.argv[3:]))
"""


@dataclass(frozen=True, slots=True)
class _Ended:
    """Seconds after the end that was asked for, those of them spent computing, and memory."""

    late: float
    computing: float
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
        print(
            f"{'attack':32}{'late':>9}{'computing':>11}{'look':>9}{'after SIGTERM':>15}{'MiB':>6}"
        )
        for name in given.attacks or ATTACKS:
            with ATTACKS[name](lab) as domains:
                ended = _run(lab, domains, Path(directory), timeout=given.timeout)
                looked = _run(lab, domains, Path(directory), timeout=given.timeout, wait=False)
                stopped = _stop(lab, domains, Path(directory), after=given.timeout / 2)
            largest = max(ended.mebibytes, looked.mebibytes)
            print(
                f"{name:32}{ended.late:7.2f} s{ended.computing:9.2f} s{looked.late:7.2f} s"
                f"{stopped:13.2f} s{largest:6.0f}",
                flush=True,
            )
            latest = max(ended.late, looked.late, stopped)
            good &= latest <= _MOST_LATE and largest <= _MOST_MEBIBYTES
    return 0 if good else 1


def _run(
    lab: Lab, domains: Sequence[str], directory: Path, *, timeout: float, wait: bool = True
) -> _Ended:
    """Wait for some names until the time is up, or look at them once."""
    notes = directory / "notes"
    program = [sys.executable, "-c", _PROGRAM, str(notes), f"{timeout:g}"]
    _started(program, lab, domains, directory, timeout=timeout, wait=wait).wait()
    ended = time.monotonic()
    begun, computing, mebibytes = map(float, notes.read_text().split())
    return _Ended(max(0.0, ended - begun - timeout), computing, mebibytes)


def _stop(lab: Lab, domains: Sequence[str], directory: Path, *, after: float) -> float:
    """Wait for some names until a SIGTERM, and return the seconds until that has ended it."""
    command = [str(Path(sys.executable).with_name("dns-preflight"))]
    process = _started(command, lab, domains, directory, timeout=600)
    time.sleep(after + 1)
    begun = time.monotonic()
    os.kill(process.pid, signal.SIGTERM)
    process.wait()
    return time.monotonic() - begun


def _started(  # noqa: PLR0913 - what is run, and how
    program: Sequence[str],
    lab: Lab,
    domains: Sequence[str],
    directory: Path,
    *,
    timeout: float,
    wait: bool = True,
) -> subprocess.Popen[bytes]:
    wanted = [f"--expect={domain}={_VALUE}" for domain in domains]
    command = [
        *(*program, "check", *domains),
        *(wanted if len(domains) > 1 else [f"--expect={_VALUE}"]),
        *(["--wait"] if wait else []),
        *(f"--timeout={timeout:g}", f"--report={directory / 'report.json'}", "--json"),
        f"--root-hints={lab.root_hints}",
    ]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    sys.exit(main())
