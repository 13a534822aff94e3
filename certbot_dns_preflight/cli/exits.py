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
    """The command was not used as it can be; the message is one line for the user."""


def of_verdict(verdict: Verdict) -> Exit:
    """Give the exit status that says a verdict."""
    return {
        Verdict.READY: Exit.READY,
        Verdict.NOT_READY: Exit.NOT_READY,
        Verdict.INCONCLUSIVE: Exit.INCONCLUSIVE,
    }[verdict]
