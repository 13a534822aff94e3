"""SIGTERM and SIGHUP as an exception, so that a stopped run can still report it."""

from __future__ import annotations

import contextlib
import signal
import threading
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

_SIGNALS = (signal.SIGTERM, signal.SIGHUP)


class StoppedError(KeyboardInterrupt):
    """One of the signals arrived: handle it like Ctrl-C, and die of it in the end."""

    def __init__(self, number: int) -> None:
        """Store the signal number."""
        super().__init__()
        self.number = number


@contextlib.contextmanager
def raised() -> Iterator[None]:
    """Raise `StoppedError` where the process would die at once; ignored signals stay ignored."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, _frame: FrameType | None) -> NoReturn:
        raise StoppedError(number)

    caught = [number for number in _SIGNALS if signal.getsignal(number) is signal.SIG_DFL]
    for number in caught:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number in caught:
            signal.signal(number, signal.SIG_DFL)


@contextlib.contextmanager
def held() -> Iterator[None]:
    """Defer exceptions raised by signals to the end of the block.

    For a step that must not be left half done. A signal mask would work too, but child processes
    started in the block would inherit it.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[tuple[int, FrameType | None]] = []
    holding = True

    def note(number: int, frame: FrameType | None) -> None:
        if holding:
            came.append((number, frame))
        else:
            handlers[number](number, frame)

    handlers = {
        int(number): handler
        for number in (signal.SIGINT, *_SIGNALS)
        if callable(handler := signal.getsignal(number))
    }
    try:
        for caught in handlers:
            signal.signal(caught, note)
        yield
    finally:
        holding = False
        try:
            for number, frame in came:
                handlers[number](number, frame)
        finally:
            for restored, handler in handlers.items():
                signal.signal(restored, handler)


def die_of(number: int) -> None:
    """End as if the signal had never been caught, so that its sender sees that it worked."""
    signal.signal(number, signal.SIG_DFL)
    signal.raise_signal(number)
