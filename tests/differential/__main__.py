"""`python -m tests.differential N [--seed S]`: judge N random worlds, and tell what differs.

It runs in a network namespace of its own, whatever calls it, and ends with status 1 where a
difference is unexplained. `--json` is for the test that runs it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import sys
import time
from typing import TYPE_CHECKING

from tests.differential import judging
from tests.differential.generating import generate, healthy
from tests.differential.known import known
from tests.lab import namespace

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.differential.comparing import Difference
    from tests.differential.worlds import World


_FEW = 4
"""As many as one reads at a time."""


def main() -> int:
    """Hear, and tell."""
    parser = argparse.ArgumentParser(prog="script/differential")
    parser.add_argument("worlds", type=int, nargs="?", default=40, metavar="N")
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="the first world's seed")
    parser.add_argument("--seeds", metavar="S,S…", help="these worlds instead")
    parser.add_argument("--whole", action="store_true", help="do not look for smaller worlds")
    parser.add_argument("--healthy", action="store_true", help="worlds without a fault instead")
    parser.add_argument("--known", action="store_true", help="the worlds of `known` instead")
    parser.add_argument("--lenient", action="store_true", help="judge with `--unreachable warn`")
    parser.add_argument("--show", action="store_true", help="describe the worlds, and ask nobody")
    parser.add_argument("--json", action="store_true", help="tell it as JSON")
    given = parser.parse_args()
    seeds: Iterable[int] = range(given.seed, given.seed + given.worlds)
    if given.seeds:
        seeds = map(int, given.seeds.split(","))
    worlds: Iterator[World] = map(generate, seeds)
    if given.healthy or given.known:
        worlds = healthy() if given.healthy else known()
    if given.show:
        _say("\n\n".join(f"seed {world.seed}: {world.describe()}" for world in worlds))
        return 0
    namespace.enter(anew=True)
    _open_the_internet()
    logging.disable(logging.CRITICAL)
    begun = time.monotonic()
    watch = str if given.json else _say  # told on the way, and again at the end
    shrink = 0 if given.whole else _FEW if given.json else None
    account = asyncio.run(judging.judge(worlds, shrink=shrink, watch=watch, lenient=given.lenient))
    seconds = time.monotonic() - begun
    if given.json:
        told = {
            "ended": account.ended,
            "differences": [one.describe() for one in account.differences],
        }
        _say(json.dumps(told))
    else:
        _tell(account, seconds)
    return 1 if account.differences else 0


def _open_the_internet() -> None:
    """Let loopback answer for the addresses of these worlds; nothing leaves this namespace."""
    import subprocess  # noqa: PLC0415

    for words in (("-4", "44.0.0.0/8"), ("-6", "2a00:53::/32")):
        command = ["ip", words[0], "route", "add", "local", words[1], "dev", "lo"]
        subprocess.run(command, check=True)


def _tell(account: judging.Account, seconds: float) -> None:
    alike: dict[str, list[Difference]] = {}
    for difference in sorted(account.differences, key=lambda one: one.cause):
        alike.setdefault(difference.cause, []).append(difference)
    for differences in alike.values():
        _say(f"\n{differences[0].describe()}")
        others = sorted({one.world.seed for one in differences[1:]})
        if others:
            _say(f"alike: seeds {', '.join(map(str, others))}")
    _say(f"\n{account.ended.total()} worlds in {seconds:.0f} s")
    if account.busy:
        _say(
            f"{account.busy:6} times a healthy world was not found to be one: this machine is busy"
        )
    for word, count in sorted(account.ended.items()):
        _say(f"{count:6} {word}")
    for cause, differences in sorted(alike.items(), key=lambda one: -len(one[1])):
        _say(f"{len(differences):6} {cause}")


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
