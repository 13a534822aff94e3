"""The command as a process in the lab, with its real exit status, standard output and error."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.conftest import Ran, beside_python
from tests.observe import HANG

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

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
        done = subprocess.run(
            self.line(*arguments),
            input=given or b"",
            capture_output=True,
            check=False,
            timeout=seconds,
            env=self.environment(variables),
        )
        return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())

    def start(self, *arguments: str | Path, **variables: str) -> subprocess.Popen[str]:
        """Start it, for tests that watch or send signals."""
        return subprocess.Popen(
            self.line(*arguments),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self.environment(variables),
        )

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
