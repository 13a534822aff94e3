"""The output format: `--format`, and its short forms `--json` and `--jsonl`."""

from __future__ import annotations

import enum
import itertools
from typing import TYPE_CHECKING

from certbot_dns_preflight.cli.exits import MisuseError
from certbot_dns_preflight.cli.parser import Once

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from certbot_dns_preflight.cli.parser import Parser


class Format(enum.StrEnum):
    """The formats of `check` and `renewals`."""

    TEXT = "text"
    JSON = "json"
    JSONL = "jsonl"
    HTML = "html"
    NAGIOS = "nagios"


_NAMES = tuple(form.value for form in Format)


def add_format_options(parser: Parser, *, each: str) -> None:
    """Add the format options; `each` is what a line of ``--jsonl`` holds."""
    parser.add_argument(
        "--format",
        metavar="|".join(_NAMES),
        choices=_NAMES,
        action=Once,
        help="what to print. Default: text.",
    )
    parser.add_argument("--json", action="store_true", help="short for --format json")
    parser.add_argument("--jsonl", action="store_true", help=f"short for --format jsonl: {each}")


def chosen(args: argparse.Namespace) -> Format:
    """Return the one format selected; raises `MisuseError` if two are."""
    asked = {
        "--json": Format.JSON if args.json else None,
        "--jsonl": Format.JSONL if args.jsonl else None,
        f"--format {args.format}": None if args.format is None else Format(args.format),
    }
    forms = {option: form for option, form in asked.items() if form is not None}
    if len(set(forms.values())) > 1:
        first, *others = forms
        raise MisuseError(f"{first}: not allowed with {' or '.join(others)}; give one format")
    return next(iter(forms.values()), Format.TEXT)


def asks_for_nagios(arguments: Sequence[str]) -> bool:
    """Return whether a command line, even a malformed one, comes from a monitoring system."""
    before_names = arguments[: arguments.index("--")] if "--" in arguments else arguments
    pairs = itertools.pairwise(before_names)
    return f"--format={Format.NAGIOS}" in before_names or ("--format", Format.NAGIOS) in pairs
