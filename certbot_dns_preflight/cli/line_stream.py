"""Standard output line by line, while the work goes on.

Decides what becomes of lines that nobody reads: a reader who stalls holds up neither the run nor
its deadline nor Ctrl-C, and one who leaves ends the run, or, where there is `more` to be done
with its outcome, is told of at the end.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from queue import SimpleQueue
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_LAST_LINE = 0.5  # seconds for a reader to take the rest of a line, once the run was stopped


class LineStream:
    """Writes lines to standard output from a thread of its own, each with one write.

    Not through `sys.stdout`: unbuffered (PYTHONUNBUFFERED), it loses what a signal keeps it from
    writing at once. Errors (`OSError`) come up at the next `write`, with `more` when it ends.
    """

    def __init__(self, *, more: bool) -> None:
        """Begin with nothing."""
        self._more = more
        self._queue: SimpleQueue[bytes | None] = SimpleQueue()
        self._error: OSError | None = None
        self._stopped = False
        self._thread = threading.Thread(target=self._work, name="lines", daemon=True)

    def __enter__(self) -> Self:
        """Begin to write."""
        sys.stdout.flush()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Wait until all is read; after an exception only for the line that is being written."""
        self._queue.put(None)
        try:
            if kind is None:
                self._thread.join()
        finally:
            self._stopped = True
            self._thread.join(_LAST_LINE)
        if kind is None and self._error is not None:
            raise self._error

    def write(self, line: str) -> None:
        """Take one line, without its end."""
        if self._error is not None and not self._more:
            raise self._error
        self._queue.put(f"{line}\n".encode())

    def _work(self) -> None:
        # Signals are for the thread that waits for them.
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        while (line := self._queue.get()) is not None:
            if self._error is None and not self._stopped:
                try:
                    _write(line)
                except OSError as error:
                    self._error = error


def _write(line: bytes) -> None:
    view = memoryview(line)
    while view:
        view = view[os.write(sys.stdout.fileno(), view) :]
