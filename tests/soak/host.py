"""What may happen to this host while it waits: its disk is full, or somebody sets its clock.

A small file system of its own holds what a run keeps: report, metrics, and the state of a hook. A
clock that is set is the time of day alone, as this process reads it: the kernel's is not ours.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import errno
import json
import os
import subprocess
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING
from unittest import mock

from prometheus_client.parser import text_string_to_metric_families

from certbot_dns_preflight.cli.hook.order import HookCall, Order
from certbot_dns_preflight.report import atomic_file, json_report
from certbot_dns_preflight.report.metrics import record
from certbot_dns_preflight.run import waiting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Self

    from certbot_dns_preflight import Outcome

_SIZE = "256k"
_FILLING = "filling"
_OWN = frozenset({"report.json", "preflight.prom", "dns-preflight", _FILLING})
_PIECE = bytes(4096)


class Disk:
    """A file system of 256 KiB, in this mount namespace alone, that can be filled.

    `complaints` says what was not as it must be: written whole, or not at all and told so.
    """

    def __init__(self) -> None:
        self.complaints: list[str] = []
        self.refused = self.kept = 0
        self._last: Outcome | None = None
        self._orders = 0
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        """Mount it; the state of hooks goes there too."""
        self._path = Path(self._stack.enter_context(tempfile.TemporaryDirectory()))
        mount = ["mount", "-t", "tmpfs", "-o", f"size={_SIZE},mode=700", "none", str(self._path)]
        subprocess.run(mount, check=True)
        self._stack.callback(subprocess.run, ["umount", "-l", str(self._path)], check=True)
        state = {"XDG_RUNTIME_DIR": str(self._path)}
        self._stack.enter_context(mock.patch.dict(os.environ, state))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def fill(self) -> None:
        """Leave no room, and have everything written once more."""
        with (self._path / _FILLING).open("ab", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(_PIECE)
        self._again(full=True)

    def free(self) -> None:
        """Make room again, and have everything written once more."""
        (self._path / _FILLING).unlink(missing_ok=True)
        self._again(full=False)

    def keep(self, outcome: Outcome) -> None:
        """Write what a run writes at its end."""
        self._last = outcome
        full = (self._path / _FILLING).exists()
        report, metrics = self._path / "report.json", self._path / "preflight.prom"
        text = json_report.render(outcome)
        self._write("report", lambda: atomic_file.write_atomically(report, text), full=full)
        self._write("metrics", lambda: record.record(metrics, outcome), full=full)
        self._write("state", self._call, full=full)
        self.complaints += self._amiss()

    def _again(self, *, full: bool) -> None:
        if self._last is not None:
            self.keep(self._last)
            return
        self._write("state", self._call, full=full)

    def _call(self) -> None:
        """Do what a hook does at the first of two challenges, and at the last."""
        self._orders += 1
        order = Order(f"order{self._orders}.test,*.order.test", callers=("soak",))
        first = HookCall(f"order{self._orders}.test", "v")
        order.add(first, first=True, last=False)
        calls = order.add(HookCall("order.test", "w"), first=False, last=True)
        if calls[0] != first:
            self.complaints.append(f"state: {calls} after {first}")

    def _write(self, what: str, write: Callable[[], None], *, full: bool) -> None:
        try:
            write()
        except Exception as error:  # noqa: BLE001 - which one it is is looked at
            if not full or not _is_full(error):
                self.complaints.append(f"{what}: {type(error).__name__}: {error}")
            self.refused += 1
        else:
            self.kept += 1

    def _amiss(self) -> Iterator[str]:
        """Say what is there that must not be, or is there in part."""
        for path in self._path.iterdir():
            if path.name not in _OWN:
                yield f"{path.name} is left"
        try:
            for path in self._path.glob("report.json"):
                json.loads(path.read_text())
            for path in self._path.glob("preflight.prom"):
                list(text_string_to_metric_families(path.read_text()))
        except ValueError as error:
            yield f"{path.name} is not whole: {error}"


def _is_full(error: BaseException | None) -> bool:
    """Whether it says that there is no room: itself, or what it was raised for."""
    while error is not None:
        if getattr(error, "errno", None) == errno.ENOSPC:
            return True
        error = error.__cause__
    return False


class WallClock:
    """The time of day as this process reads it; it can be set."""

    def __init__(self) -> None:
        self._ahead = 0.0
        self._real = time.time
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        """Take the place of the host's."""
        clock = self

        class Shown(dt.datetime):
            @classmethod
            def now(cls, tz: dt.tzinfo | None = None) -> dt.datetime:  # type: ignore[override]
                return dt.datetime.fromtimestamp(clock._read(), tz)

        shown = SimpleNamespace(datetime=Shown, UTC=dt.UTC)
        self._stack.enter_context(mock.patch.object(time, "time", self._read))
        self._stack.enter_context(mock.patch.object(waiting, "dt", shown))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _read(self) -> float:
        return self._real() + self._ahead

    def set(self, seconds: float) -> None:
        """Set it ahead, or back, of what it is in truth."""
        self._ahead = seconds
