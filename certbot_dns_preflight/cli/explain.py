"""`dns-preflight explain [CODE]`: what a finding means, why the CA would refuse, what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.cli.exits import Exit, MisuseError
from certbot_dns_preflight.cli.parser import add_common_options
from certbot_dns_preflight.settings import OPTIONS

if TYPE_CHECKING:
    import argparse

_IDLE = frozenset({"quiet", "verbose", "color", *(option.name for option in OPTIONS)})


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "explain",
        help="what a finding means and what to do",
        description="What a finding means, why the CA would refuse, and what to do.",
        epilog="example:\n  dns-preflight explain secondary-behind",
    )
    parser.add_argument("code", metavar="CODE", nargs="?", help="a finding code; all if left out")
    add_common_options(parser, idle=_IDLE)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> Exit:
    """Print the explanation."""
    from certbot_dns_preflight.report import explain  # noqa: PLC0415 - long texts, needed here alone

    try:
        text = explain.explain(args.code)
    except explain.UnknownCodeError as error:
        raise MisuseError(str(error)) from error
    if not args.quiet:
        print(text.rstrip("\n"))  # noqa: T201 - the command's output
    return Exit.READY
