"""Hold back certbot messages that would mislead while a wrapped authenticator works.

Decides which messages are held back and what in them is worth knowing. The rest of certbot's output
stays as it is.
"""

from __future__ import annotations

import contextlib
import logging
import re
from typing import TYPE_CHECKING, Self

from certbot.display import ops
from certbot.display import util as display

from certbot_dns_preflight.escaping import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_MOST_WORDS = 500
_HOOK = "-auth-hook"
_OUTPUT = " ran with output:\n"
_NO_PAUSE = re.compile(r"Waiting 0 seconds for DNS changes to propagate\.?")


@contextlib.contextmanager
def without_pause() -> Iterator[None]:
    """Keep certbot's base class from saying that it waits 0 seconds: this plugin waits instead.

    It says so through `certbot.display.util.notify`, looked up in its module at each call.
    """
    notify = display.notify

    def told(msg: str) -> None:
        if not _NO_PAUSE.fullmatch(msg.strip()):
            notify(msg)

    display.notify = told
    try:
        yield
    finally:
        display.notify = notify


class HookFailures(logging.Handler):
    """Detects failed auth hooks from what certbot's hook runner says, which carries on regardless.

    The runner (`certbot.display.ops.report_executed_command`) logs a hook's name and its exit
    status if that is not 0, then shows what it wrote to standard output, and logs what it wrote to
    standard error. Use it as a context manager.
    """

    def __init__(self, in_hand: Callable[[], int | None]) -> None:
        """Take a function that returns the current challenge's index when a hook has run."""
        super().__init__(logging.WARNING)
        self._in_hand = in_hand
        self._status: dict[int, str] = {}
        self._output: dict[int, str] = {}
        self._errors: dict[int, str] = {}
        self._notify = display.notify

    @property
    def words(self) -> dict[int, str]:
        """What each failed hook said of its failure: its errors, then the end of its output."""
        return {
            index: status
            + _said(self._errors.get(index, "")[:_MOST_WORDS])
            + _said(self._output.get(index, "")[-_MOST_WORDS:])
            for index, status in self._status.items()
        }

    def __enter__(self) -> Self:
        """Start listening."""
        logging.getLogger(ops.__name__).addHandler(self)
        self._notify = display.notify
        display.notify = self._shown
        return self

    def __exit__(self, *_: object) -> None:
        """Stop listening."""
        display.notify = self._notify
        logging.getLogger(ops.__name__).removeHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Record a failure, then the hook's own output about it."""
        arguments = record.args if isinstance(record.args, tuple) else ()
        index = self._in_hand()
        if len(arguments) != 2 or index is None or _HOOK not in str(arguments[0]):  # noqa: PLR2004 - who, and what
            return
        if isinstance(arguments[1], int):
            self._status[index] = f"the auth hook exited with status {arguments[1]}"
        elif index in self._status:
            self._errors[index] = _in_one_line(str(arguments[1]))

    def _shown(self, msg: str) -> None:
        who, is_output, text = msg.partition(_OUTPUT)
        index = self._in_hand()
        if is_output and _HOOK in who and index is not None and index in self._status:
            self._output[index] = _in_one_line(text)
        self._notify(msg)


def _in_one_line(text: str) -> str:
    return printable("; ".join(line.strip() for line in text.strip().splitlines()))


def _said(text: str) -> str:
    return f": {text}" if text else ""
