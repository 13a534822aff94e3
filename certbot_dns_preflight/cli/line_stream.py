"""Standard output line by line, while the work goes on.

Decides what happens to lines that nobody reads. A reader that stalls delays neither the run nor its
deadline nor Ctrl-C. A reader that leaves ends the run, unless the outcome has a further use
(`more`); then the error is reported at the end.
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
    """Writes lines to standard output from a separate thread, each with one write.

    It bypasses `sys.stdout`, which when unbuffered (PYTHONUNBUFFERED) loses the part of a write
    that a signal interrupts. Errors (`OSError`) are raised by the next `write`, or with `more` at
    the end.
    """

    def __init__(self, *, more: bool) -> None:
        """Start with an empty queue."""
        self._more = more
        self._queue: SimpleQueue[bytes | None] = SimpleQueue()
        self._error: OSError | None = None
        self._stopped = False
        self._thread = threading.Thread(target=self._work, name="lines", daemon=True)

    def __enter__(self) -> Self:
        """Start the thread."""
        sys.stdout.flush()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Wait until all is read; after an exception, only for the line being written."""
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
        """Write one line, given without its line end."""
        if self._error is not None and not self._more:
            raise self._error
        self._queue.put(f"{line}\n".encode())

    def _work(self) -> None:
        # Signals go to the main thread, which waits for them.
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
