"""Many renewals by certbot itself, each with a challenge, in one process: nothing may grow.

`certbot renew` is called as its console script calls it, again and again, with the plugin that
wraps another authenticator. What certbot keeps by design grows with their number: certificates and
logs, in directories that are not counted here.
"""

from __future__ import annotations

import contextlib
import io
import logging
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING
from unittest import mock

from certbot import main as certbot

from tests.soak.held import Held, held

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

    from tests.lab import Lab

DOMAIN = "example.test"


class Renewals:
    """One lineage, and what renews it."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
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
            "--authenticator=dns-preflight",
            f"--dns-preflight-root-hints={self._lab.root_hints}",
            "--dns-preflight-interval=0.5",
            f"--dns-preflight-report={self.kept / 'report.json'}",
            f"--dns-preflight-metrics={self.kept / 'preflight.prom'}",
            "--dns-preflight-authenticator=dns-rfc2136",
            f"--dns-rfc2136-credentials={self._lab.credentials}",
            f"--server={self._lab.ca.directory_url}",
            "--agree-tos",
            "--register-unsafely-without-email",
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

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
    """Undo what certbot does to its process, which ends after one run: handlers and hooks."""
    root, hook = logging.getLogger(), sys.excepthook
    handlers = root.handlers[:]
    try:
        yield
    finally:
        for handler in set(root.handlers) - set(handlers):
            root.removeHandler(handler)
            handler.close()
        sys.excepthook = hook
