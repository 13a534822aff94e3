"""`dns-preflight completion SHELL`: the script that lets a shell complete this command.

script/generate builds the scripts from the parser; they ship as they are.
"""

from __future__ import annotations

import sys
from importlib import resources
from typing import TYPE_CHECKING

from certbot_dns_preflight.cli.exits import Exit
from certbot_dns_preflight.cli.parser import OUTPUT_OPTIONS, add_common_options
from certbot_dns_preflight.settings import OPTIONS

if TYPE_CHECKING:
    import argparse

    from certbot_dns_preflight.cli.parser import Parser

_FILES = {"bash": "dns-preflight.bash", "zsh": "_dns-preflight", "fish": "dns-preflight.fish"}
_IDLE = frozenset({*OUTPUT_OPTIONS, *(option.name for option in OPTIONS)})
_EXAMPLES = """\
examples:
  source <(dns-preflight completion bash)
  dns-preflight completion zsh >"${fpath[1]}/_dns-preflight"
  dns-preflight completion fish >~/.config/fish/completions/dns-preflight.fish"""


def add_arguments(parser: Parser) -> None:
    """Add the arguments of the subcommand."""
    parser.description = "Print the script with which a shell completes this command."
    parser.epilog = _EXAMPLES
    parser.add_argument(
        "shell",
        metavar="|".join(_FILES),
        choices=tuple(_FILES),
        help="the shell that is to read it",
    )
    add_common_options(parser, idle=_IDLE)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> Exit:
    """Print the script."""
    data = resources.files(__package__).joinpath("data", _FILES[args.shell])
    sys.stdout.write(data.read_text("utf-8"))
    return Exit.READY
