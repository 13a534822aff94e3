"""The console script `dns-preflight`: arguments in, text or JSON and an exit status out.

Each subcommand is a module here with `add_parser` and `run`; this one chooses among them and
turns what may go wrong into one line and the right exit status.
"""

from __future__ import annotations

import logging
import os
import sys
from typing import TYPE_CHECKING

from certbot_dns_preflight.cli import check, explain
from certbot_dns_preflight.cli.exits import Exit, MisuseError
from certbot_dns_preflight.cli.parser import Parser, version_text
from certbot_dns_preflight.records import printable

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

_COMMANDS = (check, explain)
_TAKING_VALUES = ("--expect",)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; give its exit status: 0 ready, 1 not ready, 2 misuse, 3 inconclusive."""
    parser = make_parser()
    given = parser.parse_args(_joined(sys.argv[1:] if arguments is None else arguments))
    _log_to_stderr(given)
    try:
        status = Exit(given.run(given))
        sys.stdout.flush()
    except MisuseError as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)  # noqa: T201 - a command speaks here
        return Exit.MISUSE
    except KeyboardInterrupt:
        print(f"{parser.prog}: interrupted", file=sys.stderr)  # noqa: T201 - likewise
        return 130
    except BrokenPipeError:
        # Whoever read our output has left; the interpreter must not fail again at its flush.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    return status


def make_parser() -> argparse.ArgumentParser:
    """Make the whole command line."""
    parser = Parser(
        prog="dns-preflight",
        description="Is a DNS-01 challenge's TXT record visible on every authoritative server?",
    )
    parser.add_argument("--version", action="version", version=version_text())
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for command in _COMMANDS:
        command.add_parser(commands)
    return parser


def _joined(arguments: Sequence[str]) -> list[str]:
    """Write ``--expect VALUE`` as ``--expect=VALUE``: one value in 64 begins with a dash."""
    joined: list[str] = []
    for argument in arguments:
        if joined and joined[-1] in _TAKING_VALUES:
            joined[-1] = f"{joined[-1]}={argument}"
        else:
            joined.append(argument)
    return joined


class _EscapingFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return "\n".join(printable(line) for line in super().format(record).split("\n"))


def _log_to_stderr(given: argparse.Namespace) -> None:
    if getattr(given, "verbose", False):
        handler = logging.StreamHandler()
        handler.setFormatter(_EscapingFormatter("%(asctime)s %(message)s"))
        logger = logging.getLogger("certbot_dns_preflight")
        logger.addHandler(handler)
        logger.setLevel(logging.DEBUG)
