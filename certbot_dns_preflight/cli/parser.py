"""What all subcommands share: one-line errors and the common options.

Loads fast: it knows how options are spelled but not what they mean, so that `--help`, `--version`
and `explain` load no DNS library.
"""

from __future__ import annotations

import argparse
import difflib
import functools
import importlib.metadata
import sys
import textwrap
from typing import TYPE_CHECKING, NoReturn

from certbot_dns_preflight import settings
from certbot_dns_preflight.cli.exits import MisuseError
from certbot_dns_preflight.escaping import printable

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Sequence

    from _typeshed import SupportsWrite

OUTPUT_OPTIONS = ("quiet", "verbose", "color")
_WRITTEN = ("report", "metrics")
_COLOURS = ("auto", "always", "never")
_HELP_WIDTH = 80
_HELP_COLUMN = 24
_COMMAND_COLUMN = 14


class _Formatter(argparse.RawDescriptionHelpFormatter):
    def __init__(self, prog: str) -> None:
        """Fill 80 columns, so that help and man pages look the same everywhere."""
        super().__init__(prog, max_help_position=_HELP_COLUMN, width=_HELP_WIDTH)
        self._action_max_length = _COMMAND_COLUMN  # argparse forgets that commands are indented


class Parser(argparse.ArgumentParser):
    """An argument parser with one-line errors, and with help that fits a screen.

    Groups passed to `briefly` are listed in the help, and explained only in the full help.
    """

    def __init__(self, **options: object) -> None:
        """Take argparse's options; abbreviations are off, since scripts would rely on them."""
        super().__init__(
            allow_abbrev=False,
            formatter_class=_Formatter,
            **options,  # type: ignore[arg-type]  # argparse's own, passed on as they are
        )
        self._brief: list[argparse._ArgumentGroup] = []

    def briefly(self, group: argparse._ArgumentGroup) -> None:
        """Move the explanations of a group's options to ``--help-all``."""
        if not self._brief:
            self.add_argument("--help-all", action=_HelpAll, help="explain every option and exit")
        self._brief.append(group)

    def format_help(self) -> str:
        """Return the help, with the `briefly` groups in a few lines."""
        formatter = self._get_formatter()
        formatter.add_usage(_usage(self), [], [])
        formatter.add_text(self.description)
        for group in self._action_groups:
            brief = group in self._brief
            formatter.start_section(f"{group.title} (see --help-all)" if brief else group.title)
            formatter.add_text(group.description)
            if brief:
                formatter.add_text(_names_of(group))
            else:
                formatter.add_arguments(group._group_actions)  # noqa: SLF001 - no public API
            formatter.end_section()
        formatter.add_text(self.epilog)
        return formatter.format_help()

    def format_full_help(self) -> str:
        """Return the help with every option explained."""
        brief, self._brief = self._brief, []
        try:
            return self.format_help()
        finally:
            self._brief = brief

    def parse_known_args(  # type: ignore[override]  # only as argparse itself calls it
        self,
        args: Sequence[str] | None = None,
        namespace: argparse.Namespace | None = None,
    ) -> tuple[argparse.Namespace, list[str]]:
        """Parse; an unknown option is an error here, which suggests the nearest one."""
        parsed, rest = super().parse_known_args(args, namespace)
        for argument in rest:
            if argument.startswith("-"):
                option = argument.partition("=")[0]
                near = nearest(option, self._option_string_actions)
                self.error(f"unknown option {option}{near or _SEE_HELP}")
        return parsed, rest

    def error(self, message: str) -> NoReturn:
        """Raise `MisuseError` with one line."""
        raise MisuseError(printable(message), program=self.prog)

    def _print_message(self, message: str, file: SupportsWrite[str] | None = None) -> None:
        """Write the message; argparse itself would ignore a failed write."""
        if file is sys.stdout:
            file.write(message)
        else:
            super()._print_message(message, file)


class Once(argparse.Action):
    """Takes one value, and rejects a second one instead of overriding the first."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        option_string: str | None = None,
    ) -> None:
        """Store the value."""
        if getattr(namespace, self.dest) is not None:
            parser.error(f"{option_string} is given twice, and takes a single {self.metavar}")
        setattr(namespace, self.dest, values)


class _NeverWritten(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        parser.error(f"it writes no {self.dest}, so that {self.option_strings[0]} has no use")


class _HelpAll(argparse.Action):
    def __init__(self, option_strings: Sequence[str], dest: str, **options: object) -> None:
        super().__init__(option_strings, dest, nargs=0, default=argparse.SUPPRESS, **options)  # type: ignore[arg-type]  # argparse's own

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        text = parser.format_full_help() if isinstance(parser, Parser) else parser.format_help()
        parser._print_message(text, sys.stdout)  # noqa: SLF001 - as its own --help does
        parser.exit()


_SEE_HELP = "; see --help"


def nearest(word: str, known: Iterable[str]) -> str:
    """Return "did you mean …?" if a known word is close, else an empty text."""
    near = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean {near[0]}?" if near else ""


def _usage(parser: argparse.ArgumentParser) -> str:
    positionals = parser._get_positional_actions()  # noqa: SLF001 - no public API
    shown = [
        f"[{action.metavar}...]"
        if action.nargs == "*"
        else f"{action.metavar}"
        if action.nargs != "?"
        else f"[{action.metavar}]"
        for action in positionals
    ]
    return " ".join([parser.prog, *shown, "[options]"])


def _names_of(group: argparse._ArgumentGroup) -> str:
    names = [
        f"{action.option_strings[-1]} {action.metavar or ''}".strip()
        for action in group._group_actions  # noqa: SLF001 - no public API
        if action.help is not argparse.SUPPRESS
    ]
    lines = textwrap.wrap(
        "   ".join(name.replace(" ", "\0") for name in names),
        _HELP_WIDTH - 2,
        break_on_hyphens=False,
    )
    return "\n".join(lines).replace("\0", " ")


@functools.cache
def version_text() -> str:
    """Return the name of the command and its release."""
    return f"dns-preflight {importlib.metadata.version('certbot-dns-preflight')}"


def add_common_options(parser: Parser, *, idle: Container[str]) -> None:
    """Add the options shared with the plugin, and those about output.

    Every subcommand accepts all of them, so that one set of options works for several. Those that
    are `idle` in this one are left out of its help. An idle output file would never be written, so
    it is rejected as misuse.
    """
    group = parser.add_argument_group("how to check")
    for option in settings.OPTIONS:
        default = option.default
        shown = f" Default: {default:g}." if isinstance(default, (int, float)) else ""
        group.add_argument(
            f"--{option.name}",
            metavar=option.metavar,
            help=argparse.SUPPRESS if option.name in idle else option.help + shown,
            action=_NeverWritten
            if option.name in idle and option.name in _WRITTEN
            else "append"
            if option.repeatable
            else "store",
        )
    if any(option.name not in idle for option in settings.OPTIONS):
        parser.briefly(group)
    output = parser.add_argument_group("output")
    volume = output.add_mutually_exclusive_group()

    def explained(name: str, words: str) -> str:
        return argparse.SUPPRESS if name in idle else words

    all_the_same = "; --json is still printed" if "--json" in parser._option_string_actions else ""  # noqa: SLF001 - no public API
    volume.add_argument(
        *("-q", "--quiet"),
        action="store_true",
        help=explained("quiet", f"exit status only{all_the_same}"),
    )
    volume.add_argument(
        *("-v", "--verbose"),
        action="store_true",
        help=explained("verbose", "show every name; log every query to stderr"),
    )
    output.add_argument(
        "--color",
        metavar="WHEN",
        choices=_COLOURS,
        default="auto",
        help=explained("color", "auto, always or never"),
    )
    output.add_argument(
        "--version", action="version", version=version_text(), help=argparse.SUPPRESS
    )
