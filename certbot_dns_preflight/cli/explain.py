"""`dns-preflight explain [CODE]`: what a finding means, why the CA would refuse, what to do.

The texts come from the rules. script/generate writes them into one file, so that reading them loads
no rule and no DNS library.
"""

from __future__ import annotations

import difflib
from importlib import resources
from typing import TYPE_CHECKING

from certbot_dns_preflight.cli.exits import Exit, MisuseError
from certbot_dns_preflight.cli.parser import OUTPUT_OPTIONS, add_common_options
from certbot_dns_preflight.escaping import printable
from certbot_dns_preflight.settings import OPTIONS

if TYPE_CHECKING:
    import argparse

    from certbot_dns_preflight.cli.parser import Parser

_IDLE = frozenset({*OUTPUT_OPTIONS, *(option.name for option in OPTIONS)})
_PAGE_END = "\f\n"


def add_arguments(parser: Parser) -> None:
    """Add the arguments of the subcommand."""
    parser.description = "What a finding means, why the CA would refuse, and what to do."
    parser.epilog = "example:\n  dns-preflight explain secondary-behind"
    parser.add_argument("code", metavar="CODE", nargs="?", help="a finding code; all if left out")
    add_common_options(parser, idle=_IDLE)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> Exit:
    """Print the explanation."""
    text = _explanation(args.code)
    if not args.quiet:
        print(text.rstrip("\n"))  # noqa: T201 - the command's output
    return Exit.READY


def _explanation(code: str | None) -> str:
    file = resources.files(__package__).joinpath("data", "explanations.txt")
    table, *pages = file.read_text("utf-8").split(_PAGE_END)
    if code is None:
        return table
    by_code = {page.split(maxsplit=1)[0]: page for page in pages}
    wanted = code.strip().lower()
    if wanted not in by_code:
        near = difflib.get_close_matches(wanted, by_code, n=1, cutoff=0.5)
        hint = f'; did you mean "{near[0]}"?' if near else "; all codes: dns-preflight explain"
        raise MisuseError(f'unknown finding code "{printable(code)}"{hint}')
    return by_code[wanted]
