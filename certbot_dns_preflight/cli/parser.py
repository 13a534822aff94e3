"""What all subcommands share: one-line errors, the common options, how to print."""

from __future__ import annotations

import argparse
import contextlib
import importlib.metadata
import os
import shutil
import sys
from typing import TYPE_CHECKING, NoReturn

from certbot_dns_preflight import roothints, settings
from certbot_dns_preflight.cli.exits import Exit, MisuseError
from certbot_dns_preflight.records import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

_NARROWEST, _WIDEST = 60, 100
_COLOURS = ("auto", "always", "never")


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one line, without the usage text before them."""

    def __init__(self, **options: object) -> None:
        """Take argparse's options; abbreviations are off, since scripts would rely on them."""
        super().__init__(
            allow_abbrev=False,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            **options,  # type: ignore[arg-type]  # argparse's own, passed on as they are
        )

    def error(self, message: str) -> NoReturn:
        """Say it in one line and leave with the status for misuse."""
        self.exit(Exit.MISUSE, f"{self.prog}: {printable(message)}\n")


def version_text() -> str:
    """Name the command and its release."""
    return f"dns-preflight {importlib.metadata.version('certbot-dns-preflight')}"


def add_common_options(parser: argparse.ArgumentParser, *, without: Sequence[str] = ()) -> None:
    """Add the options shared with the plugin, and those about output."""
    group = parser.add_argument_group("how to look")
    for option in settings.OPTIONS:
        if option.name in without:
            continue
        default = option.default
        shown = f" Default: {default:g}." if isinstance(default, (int, float)) else ""
        group.add_argument(
            f"--{option.name}",
            metavar=option.metavar,
            help=option.help + shown,
            action="append" if option.repeatable else "store",
        )
    output = parser.add_argument_group("output")
    volume = output.add_mutually_exclusive_group()
    volume.add_argument("-q", "--quiet", action="store_true", help="Say it by exit status alone.")
    volume.add_argument(
        "-v", "--verbose", action="store_true", help="Log every query and answer to stderr."
    )
    output.add_argument("--color", choices=_COLOURS, default="auto", help="Default: auto.")


def read_settings(given: argparse.Namespace) -> settings.Settings:
    """Read the common options; raises `MisuseError` with the line to show."""
    texts = {option.name: getattr(given, option.field, None) for option in settings.OPTIONS}
    try:
        read = settings.read_settings(texts, "--")
        if read.root_hints is not None:
            roothints.read(read.root_hints)
    except roothints.RootHintsError as error:
        raise MisuseError(f"--root-hints: {error}") from error
    except settings.InvalidOptionError as error:
        raise MisuseError(printable(str(error))) from error
    return read


def wants_colour(given: argparse.Namespace) -> bool:
    """Whether to colour: as told, else on a terminal that has not said NO_COLOR."""
    if given.color != "auto":
        return bool(given.color == "always")
    return (
        sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    )


def width() -> int:
    """Columns to fill: the terminal's within reason, 80 where there is none."""
    columns = shutil.get_terminal_size((80, 24)).columns if sys.stdout.isatty() else 80
    return max(_NARROWEST, min(columns, _WIDEST))


def speaks_unicode() -> bool:
    """Whether the output can show more than ASCII."""
    with contextlib.suppress(LookupError):
        return "✓".encode(sys.stdout.encoding or "ascii", "ignore") != b""
    return False
