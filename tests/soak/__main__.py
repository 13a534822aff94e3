"""`python -m tests.soak faults|renewals|certbot|alone [--count N] [--seed N]`, in a lab.

`alone` is certbot without us, to compare with.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.lab import DaemonError, Lab, MissingProgramError, NoNamespaceError, enter
from tests.soak import renewals, schedules
from tests.soak.certbot import Renewals

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.soak.held import Held

_WARM = 10
_EVERY = 50
_MOST_GROWTH = 2**20  # bytes of the resident set from the tenth renewal to the last
_MOST_GROWTH_OF_CERTBOT = 6 * 2**20  # from the fiftieth on; alone it grows by 3 MiB
_MOST_NEW_OBJECTS = 2  # with each renewal: certbot registers one function to call at its end


def main() -> int:
    """Run what is asked for; 0 only if nothing was wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("what", choices=["faults", "renewals", "certbot", "alone"])
    parser.add_argument("--count", type=int, help="schedules (200), or renewals (500)")
    parser.add_argument("--seed", type=int, default=1, help="of the first schedule")
    args = parser.parse_args()
    try:
        enter()
        with Lab(acme=args.what in ("certbot", "alone")) as lab:
            match args.what:
                case "faults":
                    return _faults(lab, args.seed, args.count or 200)
                case "renewals":
                    return _renewals(lab, args.count or 500)
                case _:
                    return _certbot(lab, args.count or 500, alone=args.what == "alone")
    except (DaemonError, MissingProgramError, NoNamespaceError) as error:
        _say(f"the lab: {error}")
        return 2


def _faults(lab: Lab, first: int, count: int) -> int:
    verdicts: dict[str, int] = {}
    wrong = undecided = 0
    for seed in range(first, first + count):
        judged = schedules.run(lab, seed)
        verdicts[judged.verdict] = verdicts.get(judged.verdict, 0) + 1
        wrong += judged.wrong
        undecided += bool(judged.contradicted) and judged.at_the_last
        happened = ", ".join(map(str, judged.events))
        _say(f"{seed:6} {judged.verdict:10} {judged.seconds:6.1f} s  {happened}")
        if judged.verdict != "ready":
            _say(f"       {judged.answer}")
        for line in judged.contradicted:
            _say(f"       {'changed at the last' if judged.at_the_last else 'WRONG'}: {line}")
        for line in judged.complaints:
            _say(f"       WRONG: {line}")
    told = ", ".join(f"{number} {verdict}" for verdict, number in sorted(verdicts.items()))
    _say(f"{count} schedules: {told}; {wrong} wrong, {undecided} changed at the last moment")
    return 1 if wrong else 0


def _renewals(lab: Lab, count: int) -> int:
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        return _grown(renewals.renew(lab, directory, number) for number in _numbers(count))


def _certbot(lab: Lab, count: int, *, alone: bool) -> int:
    with Renewals(lab, alone=alone) as lineage:
        all_held = (lineage.renew() for _ in _numbers(count))
        return _grown(all_held, warm=_EVERY, most=_MOST_GROWTH_OF_CERTBOT)


def _numbers(count: int) -> range:
    return range(max(count, _EVERY + 1))


def _grown(all_held: Iterable[Held], *, warm: int = _WARM, most: int = _MOST_GROWTH) -> int:
    """Tell what is held after the first renewals, `warm`, and at the end; 0 if nothing grew.

    `most` are the bytes that the process may have grown by.
    """
    begin = end = None
    number = 0
    for number, held in enumerate(all_held, 1):
        end = held
        if number == warm:
            begin = held
        if number == warm or number % _EVERY == 0:
            _tell(number, held)
    assert begin is not None
    assert end is not None
    flat = (
        begin.descriptors == end.descriptors
        and begin.threads == end.threads
        and begin.files == end.files
        and begin.ours == end.ours
        and end.objects - begin.objects <= _MOST_NEW_OBJECTS * (number - warm)
        and end.resident - begin.resident <= most
    )
    _say("flat" if flat else "NOT flat")
    return 0 if flat else 1


def _tell(number: int, held: Held) -> None:
    _say(
        f"after {number:4} {held.resident / 2**20:7.1f} MiB  {held.objects:8} objects  "
        f"{held.ours} of them ours  "
        f"{held.descriptors:3} descriptors  {held.threads} threads  {len(held.files)} files  "
        f"{held.metrics} bytes of metrics"
    )


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
