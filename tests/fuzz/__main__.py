"""`python -m tests.fuzz [TARGET…] [--runs N] [--keep]`: let atheris look for faults.

It takes the extra `fuzz`. Every target gets its share of the executions, in a process of its own.
Afterwards the slowest inputs are run again without instrumentation and timed by the processor's
clock. Ends with 1 if a target raised anything, or took more than `MOST_SECONDS` for one input.
What was found stays in the directory that is named; it becomes a file of the corpus, and a test.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

CORPUS = Path(__file__).parent / "corpus"
MOST_SECONDS = 0.05
# Of a hundred executions: those that cost little get most.
SHARES = {"message": 34, "referral": 30, "caa": 30, "difference": 3, "dnssec": 2, "renderers": 1}
_LONGEST = {"message": 65535, "caa": 65535}
_USUALLY_LONGEST = 8192
_SLOWEST_KEPT = 8
_MOST_KEPT, _LARGEST_KEPT = 20, 1024


def main() -> int:
    """Run the targets that are asked for, and say how it went."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"{', '.join(SHARES)}")
    parser.add_argument("--runs", type=int, default=1_000_000, help="executions in all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--keep", action="store_true", help="put what was hardest to reach into tests/fuzz/corpus"
    )
    parser.add_argument("--child", metavar="DIRECTORY", help=argparse.SUPPRESS)
    args = parser.parse_args()
    chosen = args.targets or list(SHARES)
    if unknown := set(chosen) - set(SHARES):
        parser.error(f"no such target: {', '.join(sorted(unknown))}")
    if args.child:
        _fuzz(chosen[0], Path(args.child), args.runs, args.seed)
        return 0
    found = Path(tempfile.mkdtemp(prefix="dns-preflight-fuzz-"))
    whole = sum(SHARES[name] for name in chosen)
    _say(f"{'target':12}{'executions':>12}{'features':>10}{'seconds':>9}{'slowest':>11}")
    good = True
    for name in chosen:
        good &= _run(name, found / name, args.runs * SHARES[name] // whole, args.seed)
        if args.keep:
            _keep(found / name / "corpus", CORPUS / name)
    _say("nothing found" if good else f"found: {found}")
    if good:
        shutil.rmtree(found)
    return 0 if good else 1


def _run(name: str, place: Path, runs: int, seed: int) -> bool:
    from tests.fuzz.seeds import SEEDS  # noqa: PLC0415 - the child instruments before it imports

    for part in ("corpus", "slow", "faults"):
        (place / part).mkdir(parents=True)
    for number, data in enumerate(SEEDS[name]):
        (place / "corpus" / f"seed-{number}").write_bytes(data)
    for path in (CORPUS / name).glob("*"):
        shutil.copy(path, place / "corpus")
    begun = time.monotonic()
    command = [sys.executable, "-m", "tests.fuzz", name, "--child", str(place)]
    log = place / "log"
    with log.open("w") as output:
        status = subprocess.run(
            [*command, f"--runs={runs}", f"--seed={seed}"],
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
            env={**os.environ, "PYTHONHASHSEED": "0"},
        ).returncode
    seconds = time.monotonic() - begun
    said = log.read_text(errors="replace")
    done = max(map(int, re.findall(r"^(?:Done |#)(\d+)", said, re.MULTILINE)), default=0)
    features = max(map(int, re.findall(r" ft: (\d+)", said)), default=0)
    slowest, path = _slowest(name, [*(place / "slow").iterdir(), *(place / "corpus").iterdir()])
    _say(f"{name:12}{done:12,}{features:10,}{seconds:9.0f}{slowest * 1000:8.1f} ms")
    if status:
        _say(f"  raised or hung: see {log} and {place / 'faults'}")
    if slowest > MOST_SECONDS:
        _say(f"  more than {MOST_SECONDS * 1000:g} ms: {path}")
    return not status and slowest <= MOST_SECONDS


def _keep(found: Path, kept: Path) -> None:
    """Keep the inputs that reached something new last, if they are small."""
    kept.mkdir(parents=True, exist_ok=True)
    known = {path.read_bytes() for path in kept.iterdir()}
    new = [path for path in found.iterdir() if not path.name.startswith("seed-")]
    small = [path for path in new if path.stat().st_size <= _LARGEST_KEPT]
    for path in sorted(small, key=lambda path: path.stat().st_mtime)[-_MOST_KEPT:]:
        if path.read_bytes() not in known:
            shutil.copy(path, kept)


def _fuzz(name: str, place: Path, runs: int, seed: int) -> None:
    """Give atheris the process; it does not come back."""
    import atheris  # noqa: PLC0415 - an extra

    # Not dnspython: that costs half of the executions, and leads to few new paths of ours.
    with atheris.instrument_imports(include=["certbot_dns_preflight"]):
        from tests.fuzz.targets import TARGETS  # noqa: PLC0415 - while instrumented
    target = TARGETS[name]
    slowest: list[float] = []

    def one(data: bytes) -> None:
        begun = time.thread_time()
        target(data)
        taken = time.thread_time() - begun
        if len(slowest) < _SLOWEST_KEPT or taken > slowest[-1]:
            slowest.append(taken)
            slowest.sort(reverse=True)
            del slowest[_SLOWEST_KEPT:]
            (place / "slow" / f"{taken:.6f}").write_bytes(data)

    arguments = [
        f"-runs={runs}",
        f"-seed={seed}",
        f"-max_len={_LONGEST.get(name, _USUALLY_LONGEST)}",
        "-timeout=20",
        "-rss_limit_mb=1024",
        f"-artifact_prefix={place / 'faults'}/",
        str(place / "corpus"),
    ]
    atheris.Setup([sys.argv[0], *arguments], one)
    atheris.Fuzz()


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _slowest(name: str, paths: list[Path]) -> tuple[float, Path | None]:
    """Time inputs by the processor's clock, the best of three: the rest is the machine's doing."""
    from tests.fuzz.targets import TARGETS  # noqa: PLC0415 - the child instruments before it imports

    found: tuple[float, Path | None] = (0.0, None)
    for path in paths:
        data = path.read_bytes()
        taken = min(_timed(name, data, TARGETS) for _ in range(3))
        if taken > found[0]:
            found = (taken, path)
    return found


def _timed(name: str, data: bytes, targets: Mapping[str, Callable[[bytes], None]]) -> float:
    begun = time.thread_time()
    try:
        targets[name](data)
    except Exception:  # noqa: BLE001 - the fuzzer has said so
        return 0.0
    return time.thread_time() - begun


if __name__ == "__main__":
    sys.exit(main())
