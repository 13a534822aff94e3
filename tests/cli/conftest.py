"""The command as a process in the lab, with its real exit status, standard output and error."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests import forked
from tests.conftest import Ran, beside_python
from tests.observe import HANG

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.forked import Running
    from tests.lab import Lab

ZONE = "example.test."


@dataclass(frozen=True, slots=True)
class Command:
    """Runs `dns-preflight`; the options that find the lab's root come after the arguments."""

    common: tuple[str, ...] = ()

    def __call__(
        self,
        *arguments: str | Path | bytes,
        stdin: str | bytes | None = None,
        seconds: float = HANG,
        **variables: str,
    ) -> Ran:
        """Run it to its end; keyword arguments are environment variables."""
        given = stdin.encode() if isinstance(stdin, str) else stdin
        process = self._start(*arguments, stdin=given or b"", **variables)
        try:
            stdout, stderr = process.communicate(timeout=seconds)
        except BaseException:
            process.kill()
            process.wait()
            raise
        return Ran(process.wait(), stdout, stderr)

    def start(self, *arguments: str | Path, **variables: str) -> Running:
        """Start it, for tests that watch or send signals."""
        return self._start(*arguments, stdin=b"", **variables)

    def _start(self, *arguments: str | Path | bytes, stdin: bytes, **variables: str) -> Running:
        line = self.line(*arguments)
        return forked.start(line, self.environment(variables), variables, stdin=stdin)

    def line(self, *arguments: str | Path | bytes) -> list[str | bytes]:
        """Give the whole command line."""
        given = [a if isinstance(a, bytes) else str(a) for a in arguments]
        return [beside_python("dns-preflight"), *given, *self.common]

    @staticmethod
    def environment(variables: dict[str, str]) -> dict[str, str]:
        """Give the tests' own environment with `variables`."""
        return {**os.environ, **variables}


@pytest.fixture
def command() -> Command:
    """Give the command without a network."""
    return Command()


@pytest.fixture
def in_lab(lab: Lab) -> Command:
    """Give the command in the lab, with little patience."""
    return Command((f"--root-hints={lab.root_hints}", "--query-timeout=2"))


@pytest.fixture
def publish(lab: Lab) -> Iterator[Callable[..., None]]:
    """Write TXT values for a name at the primary, and wait for the secondaries."""
    owners: list[str] = []

    def write(domain: str, *values: str, wait: bool = True) -> None:
        owner = f"_acme-challenge.{domain}."
        owners.append(owner)
        lab.update(lab.primary, ZONE, add=[f'{owner} TXT "{value}"' for value in values])
        if wait:
            lab.wait_synchronous()

    yield write
    if owners:
        lab.update(lab.primary, ZONE, delete=owners)


@pytest.fixture
def shell() -> Callable[..., Ran]:
    """Give a way to run any script to its end; keyword arguments are environment variables."""

    def run(*line: str | Path, **variables: str) -> Ran:
        done = subprocess.run(
            [str(word) for word in line],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            text=True,
            timeout=HANG,
            env={**os.environ, **variables},
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    return run
