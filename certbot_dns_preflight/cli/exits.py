"""Exit statuses, and the one exception for misuse."""

from __future__ import annotations

import enum

from certbot_dns_preflight.errors import PreflightError
from certbot_dns_preflight.facts.outcome import Verdict


class Exit(enum.IntEnum):
    """The exit status of the command; scripts rely on it."""

    READY = 0
    NOT_READY = 1
    MISUSE = 2
    INCONCLUSIVE = 3


class MisuseError(PreflightError):
    """The command was used incorrectly; the message is one line for the user.

    `program` is the command, with its subcommand if argparse knows it.
    """

    def __init__(self, message: str, *, program: str = "dns-preflight") -> None:
        """Store the message."""
        super().__init__(message)
        self.program = program


def of_verdict(verdict: Verdict) -> Exit:
    """Return the exit status for a verdict."""
    return {
        Verdict.READY: Exit.READY,
        Verdict.NOT_READY: Exit.NOT_READY,
        Verdict.INCONCLUSIVE: Exit.INCONCLUSIVE,
    }[verdict]
