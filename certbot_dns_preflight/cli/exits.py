"""Exit statuses, and the one exception that stands for misuse."""

from __future__ import annotations

import enum

from certbot_dns_preflight.errors import PreflightError
from certbot_dns_preflight.facts.outcome import Verdict


class Exit(enum.IntEnum):
    """What the command's exit status says; scripts rely on it."""

    READY = 0
    NOT_READY = 1
    MISUSE = 2
    INCONCLUSIVE = 3


class MisuseError(PreflightError):
    """The command was not used as it can be; the message is one line for the user.

    `program` is the command, with its subcommand where argparse knows it.
    """

    def __init__(self, message: str, *, program: str = "dns-preflight") -> None:
        """Take the line."""
        super().__init__(message)
        self.program = program


def of_verdict(verdict: Verdict) -> Exit:
    """Give the exit status that says a verdict."""
    return {
        Verdict.READY: Exit.READY,
        Verdict.NOT_READY: Exit.NOT_READY,
        Verdict.INCONCLUSIVE: Exit.INCONCLUSIVE,
    }[verdict]
