"""The whole command line: selects the subcommand, and handles what goes wrong.

Each subcommand is a module in this package with `add_arguments` and `run`, imported when it is
selected. Their names and one-line helps are a table, so that the main help imports none of them.
Every error becomes one line and the right exit status.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import io
import logging
import os
import sys
from typing import TYPE_CHECKING

from certbot_dns_preflight.cli import signals
from certbot_dns_preflight.cli.exits import Exit, MisuseError
from certbot_dns_preflight.cli.formats import asks_for_nagios
from certbot_dns_preflight.cli.parser import Parser, nearest, version_text
from certbot_dns_preflight.escaping import printable

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

_HELPS = {
    "check": "check whether the record is visible everywhere",
    "trace": "show the path to the name servers, step by step",
    "hook": "run a hook that writes records, then wait for them",
    "renewals": "check whether certbot's renewals can succeed",
    "delegate": "have the record created in another zone, with a CNAME",
    "explain": "explain what a finding means and what to do",
    "completion": "print the completion script for a shell",
}
NAMES = tuple(_HELPS)
_TAKING_VALUES = ("--expect", "--token")
_PIPE_BROKEN = 141  # as shells report a death by SIGPIPE


def run(arguments: Sequence[str]) -> int:
    """Run the command and return its exit status; the caller handles `KeyboardInterrupt`."""
    _speak_whatever_the_locale()
    try:
        with signals.raised():
            status = _run(arguments)
            sys.stdout.flush()
    except signals.StoppedError as stopped:
        signals.die_of(stopped.number)
        raise
    except BrokenPipeError:
        _say_no_more()
        return _PIPE_BROKEN
    except OSError as error:
        # Network and file errors are handled where they occur: this one is about the output.
        _say_no_more()
        _complain(f"dns-preflight: cannot write the output: {error.strerror or error}")
        return Exit.NOT_READY
    return status


def _run(arguments: Sequence[str]) -> int:
    try:
        parser = make_parser(arguments[:1])
        args = parser.parse_args(_understood(parser, _joined(arguments)))
        _log_to_stderr(args)
        return int(args.run(args))
    except MisuseError as error:
        if asks_for_nagios(arguments):  # it ignores stderr, and knows 3 as "unknown"
            print(f"DNS-PREFLIGHT UNKNOWN: {str(error).replace('|', '/')}")  # noqa: T201 - the command's output
            return Exit.INCONCLUSIVE
        _complain(f"{error.program}: {error}")
        return Exit.MISUSE
    except SystemExit as done:  # how argparse ends after --help
        return int(done.code or 0)


def make_parser(chosen: Container[str]) -> Parser:
    """Build the command line, with the arguments of the `chosen` subcommands."""
    parser = Parser(
        prog="dns-preflight",
        description="Is a DNS-01 challenge's TXT record visible on every authoritative server?",
    )
    parser.add_argument("--version", action="version", version=version_text())
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for name, words in _HELPS.items():
        subparser = commands.add_parser(name, help=words)
        if name in chosen:
            importlib.import_module(f"{__package__}.{name}").add_arguments(subparser)
    return parser


def _understood(parser: argparse.ArgumentParser, arguments: list[str]) -> list[str]:
    """Reject a command that does not exist, and suggest the nearest one."""
    if not arguments:
        parser.error(f"missing COMMAND: {', '.join(NAMES)}; see --help")
    command, options = arguments[0], parser._option_string_actions  # noqa: SLF001 - no public API
    if command.startswith("-") and command not in options:
        option = command.partition("=")[0]
        if option in _options_of_commands():
            parser.error(f"{option} goes after the COMMAND: dns-preflight check {option} ...")
        parser.error(f"unknown option {command}{nearest(command, options)}")
    if not command.startswith("-") and command not in NAMES:
        hint = nearest(command, NAMES) or f"; there are {', '.join(NAMES)}"
        parser.error(f"unknown command {command}{hint}")
    return arguments


def _options_of_commands() -> set[str]:
    return {
        option
        for action in make_parser(NAMES)._actions  # noqa: SLF001 - no public API
        if isinstance(action, argparse._SubParsersAction)  # noqa: SLF001 - no public API
        for command in action.choices.values()
        for option in command._option_string_actions  # noqa: SLF001 - no public API
    }


def _joined(arguments: Sequence[str]) -> list[str]:
    """Rewrite ``--expect VALUE`` as ``--expect=VALUE``: one value in 64 begins with a dash.

    Arguments after ``--`` are not options.
    """
    joined: list[str] = []
    for number, argument in enumerate(arguments):
        if argument == "--" and not (joined and joined[-1] in _TAKING_VALUES):
            return [*joined, *arguments[number:]]
        if joined and joined[-1] in _TAKING_VALUES:
            joined[-1] = f"{joined[-1]}={argument}"
        else:
            joined.append(argument)
    return joined


def _speak_whatever_the_locale() -> None:
    """Escape characters that the locale's encoding lacks, instead of failing."""
    # A stream that the parent process closed is None.
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: SIM115, PTH123 - for good
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115, PTH123 - for good
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _say_no_more() -> None:
    """Silence the interpreter's final flush, which would fail again: the reader has gone."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _complain(message: str) -> None:
    with contextlib.suppress(OSError):
        print(message, file=sys.stderr)  # noqa: T201 - the command's error output


class _EscapingFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return "\n".join(printable(line) for line in super().format(record).split("\n"))


def _log_to_stderr(args: argparse.Namespace) -> None:
    if getattr(args, "verbose", False):
        handler = logging.StreamHandler()
        handler.setFormatter(_EscapingFormatter("%(asctime)s %(message)s"))
        logger = logging.getLogger("certbot_dns_preflight")
        logger.addHandler(handler)
        logger.setLevel(logging.DEBUG)
