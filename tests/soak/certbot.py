"""Many renewals by certbot itself, each with a challenge, in one process: nothing may grow.

`certbot renew` is called as its console script calls it, again and again, with the plugin that
wraps another authenticator, or `alone`, with that authenticator itself. What certbot keeps by
design grows with their number: certificates and logs, in directories that are not counted here.
What it leaves set in its process, which usually ends then, is undone after each call.
"""

from __future__ import annotations

import contextlib
import io
import logging
import os
import signal
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING
from unittest import mock

from certbot import main as certbot
from certbot._internal import error_handler

from tests.soak.held import Held, held

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

    from tests.lab import Lab

DOMAIN = "example.test"
_OF_CERTBOT_ALONE = ("--authenticator=dns-rfc2136", "--dns-rfc2136-propagation-seconds=2")


class Renewals:
    """One lineage, and what renews it."""

    def __init__(self, lab: Lab, *, alone: bool = False) -> None:
        self._lab = lab
        self._alone = alone
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        """Make directories, and get the first certificate."""
        self._home = Path(self._stack.enter_context(tempfile.TemporaryDirectory()))
        self.kept = self._home / "kept"
        temporary = self._home / "tmp"
        for directory in (self.kept, temporary):
            directory.mkdir(mode=0o700)
        variables = {**self._lab.environment, "XDG_RUNTIME_DIR": str(self.kept)}
        self._stack.enter_context(mock.patch.dict(os.environ, variables))
        self._stack.enter_context(mock.patch.object(tempfile, "tempdir", str(self.kept)))
        self._certbot(
            "certonly",
            f"--domains={DOMAIN},*.{DOMAIN}",
            *(_OF_CERTBOT_ALONE if self._alone else self._with_preflight()),
            f"--dns-rfc2136-credentials={self._lab.credentials}",
            f"--server={self._lab.ca.directory_url}",
            "--agree-tos",
            "--register-unsafely-without-email",
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _with_preflight(self) -> list[str]:
        return [
            "--authenticator=dns-preflight",
            f"--dns-preflight-root-hints={self._lab.root_hints}",
            "--dns-preflight-interval=0.5",
            f"--dns-preflight-report={self.kept / 'report.json'}",
            f"--dns-preflight-metrics={self.kept / 'preflight.prom'}",
            "--dns-preflight-authenticator=dns-rfc2136",
        ]

    def renew(self) -> Held:
        """Renew once, and count what is there afterwards."""
        before = len(self._lab.ca.log)
        self._certbot("renew", "--force-renewal", "--no-random-sleep-on-renew")
        assert "finalize" in self._lab.ca.log[before:]
        assert not self._lab.primary.texts(f"_acme-challenge.{DOMAIN}.")
        return held(self.kept)

    def _certbot(self, *arguments: str) -> None:
        config = [f"--{name}-dir={self._home / name}" for name in ("config", "work", "logs")]
        told = io.StringIO()
        with (
            _restored(),
            contextlib.redirect_stdout(told),
            contextlib.redirect_stderr(told),
        ):
            status = certbot.main([*arguments, *config, "--non-interactive"])
        assert not status, told.getvalue()


@contextlib.contextmanager
def _restored() -> Iterator[None]:
    """Undo what certbot does to its process, which ends after one run: handlers and hooks.

    After a success, its `ErrorHandler` stays the handler of five signals: it holds the lineage's
    certificate and configuration, and the handler before it, that of the run before.
    """
    root, hook = logging.getLogger(), sys.excepthook
    handlers = root.handlers[:]
    of_signals = {number: signal.getsignal(number) for number in error_handler._SIGNALS}
    try:
        yield
    finally:
        for number, before in of_signals.items():
            signal.signal(number, before)
        for handler in set(root.handlers) - set(handlers):
            root.removeHandler(handler)
            handler.close()
        sys.excepthook = hook
