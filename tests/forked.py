"""Console scripts as processes that need not start Python: forked from one with all imports loaded.

Python, certbot and what its plugins load take longer to start than most tests take. What runs is
the installed script, in a separate process, with its own environment, signals and exit status. Two
things need a fresh interpreter: what it reads when it starts, and tests that watch or measure
loading from scratch: see `start`.
"""

from __future__ import annotations

import atexit
import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
import tempfile
import threading
import time
from multiprocessing import reduction
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypeAlias

if TYPE_CHECKING:
    import io
    from collections.abc import Iterable, Mapping, Sequence
    from types import TracebackType

_INTERPRETER = ("PYTHON", "LC_", "LANG", "COVERAGE_")
_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["tests.preloaded"])


Running: TypeAlias = "subprocess.Popen[str] | Forked"


def start(
    line: Sequence[str | bytes],
    env: Mapping[str, str],
    special: Iterable[str] = (),
    *,
    stdin: bytes = b"",
) -> Running:
    """Start a console script; `stdin` is all that it can read.

    It is forked, unless its environment has a `special` variable, one that Python itself reads.
    """
    if not any(name.startswith(_INTERPRETER) for name in special):
        return Forked(line, env=env, stdin=stdin)
    with tempfile.TemporaryFile() as readable:
        readable.write(stdin)
        readable.seek(0)
        return subprocess.Popen(
            line,
            stdin=readable,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env=env,
        )


class Forked:
    """A running script, with the members of `subprocess.Popen` that tests use."""

    def __init__(
        self, line: Sequence[str | bytes], *, env: Mapping[str, str], stdin: bytes = b""
    ) -> None:
        """Start it; `stdin` is all that it can read."""
        self.args = list(line)
        read_in, write_in = os.pipe()
        read_out, write_out = os.pipe()
        read_err, write_err = os.pipe()
        inherited = tuple(_Descriptor(number) for number in (read_in, write_out, write_err))
        self._process = _context.Process(
            target=_become, args=(inherited, [os.fsdecode(a) for a in line], dict(env), Path.cwd())
        )
        self._process.start()
        for descriptor in inherited:
            os.close(descriptor.number)
        pid = self._process.pid
        assert pid is not None
        self.pid = pid
        self.stdout = os.fdopen(read_out, encoding="utf-8")
        self.stderr = os.fdopen(read_err, encoding="utf-8")
        self._feeder = threading.Thread(target=_feed, args=(write_in, stdin), daemon=True)
        self._feeder.start()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Wait for it to end."""
        self.stdout.close()
        self.stderr.close()
        self.wait()

    @property
    def returncode(self) -> int | None:
        """Its exit status; the negated signal number if a signal ended it; None while it runs."""
        return self._process.exitcode

    def poll(self) -> int | None:
        """Return the exit status, or None."""
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for it to end, at most this many seconds."""
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0.0)
        return self._process.exitcode

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """Read all that it prints, and wait for it to end."""
        deadline = None if timeout is None else time.monotonic() + timeout
        printed = {}

        def read(number: int, stream: io.TextIOWrapper) -> None:
            printed[number] = stream.read()
            stream.close()

        readers = [
            threading.Thread(target=read, args=(number, stream), daemon=True)
            for number, stream in enumerate((self.stdout, self.stderr))
        ]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join(None if deadline is None else max(0.0, deadline - time.monotonic()))
            if reader.is_alive():
                raise subprocess.TimeoutExpired(self.args, timeout or 0.0)
        self.wait(None if deadline is None else max(0.0, deadline - time.monotonic()))
        return printed[0], printed[1]

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Send SIGTERM."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Send SIGKILL."""
        self.send_signal(signal.SIGKILL)


class _Descriptor:
    """An open file passed to another process, under any descriptor number."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return _received, (reduction.DupFd(self.number),)


def _received(duplicate: reduction.DupFd) -> int:
    return duplicate.detach()


def _feed(descriptor: int, content: bytes) -> None:
    """Write the process's input; whether the process reads it does not matter."""
    with os.fdopen(descriptor, "wb", buffering=0) as pipe:
        try:
            pipe.write(content)
        except BrokenPipeError:
            return


def _become(
    descriptors: Sequence[int], line: Sequence[str], env: Mapping[str, str], directory: Path
) -> None:
    """Become the script, in the process that was forked for it."""
    for number, descriptor in enumerate(descriptors):
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.environ.clear()
    os.environ.update(env)
    os.chdir(directory)
    time.tzset()
    sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = os.fdopen(2, "w", 1, encoding="utf-8", errors="backslashreplace", closefd=False)
    sys.argv = list(line)
    try:
        runpy.run_path(line[0], run_name="__main__")
    except SystemExit:
        raise
    except BaseException as error:  # noqa: BLE001 - what an interpreter does with it
        sys.excepthook(type(error), error, error.__traceback__)
        if isinstance(error, KeyboardInterrupt):
            _leave()
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            os.kill(os.getpid(), signal.SIGINT)
        raise SystemExit(1) from None
    finally:
        _leave()


def _leave() -> None:
    """Do what an interpreter does on exit."""
    atexit._run_exitfuncs()
    sys.stdout.flush()
