"""How to print where standard output goes: colours, columns, characters."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from typing import TYPE_CHECKING

from certbot_dns_preflight.cli.idn import spoken_names
from certbot_dns_preflight.report import text
from certbot_dns_preflight.report.words import plural

if TYPE_CHECKING:
    import argparse

    from certbot_dns_preflight.facts.outcome import Outcome

_NARROWEST, _WIDEST = 40, 100


def wants_colour(args: argparse.Namespace) -> bool:
    """Whether to colour: as told, else on a terminal that has not said NO_COLOR."""
    told = told_colour(args)
    if told is not None:
        return told
    return (
        sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    )


def told_colour(args: argparse.Namespace) -> bool | None:
    """Give what --color says of colours; None where it leaves that to the terminal."""
    return None if args.color == "auto" else bool(args.color == "always")


def width() -> int:
    """Columns to fill: the terminal's within reason, 80 where there is none."""
    columns = shutil.get_terminal_size((80, 24)).columns if sys.stdout.isatty() else 80
    return max(_NARROWEST, min(columns, _WIDEST))


def speaks_unicode() -> bool:
    """Whether the output can show more than ASCII."""
    with contextlib.suppress(LookupError):
        return "✓".encode(sys.stdout.encoding or "ascii", "ignore") != b""
    return False


def page(outcome: Outcome, args: argparse.Namespace, *, left_out: int = 0) -> str:
    """Write the report as it is to be read here, U-labels spoken where they can be shown.

    `left_out` names that are ready are counted, and not shown.
    """
    unicode = speaks_unicode()
    sentences = [
        spoken_names(outcome) if unicode else None,
        f"{plural(left_out, 'other name')} {'is' if left_out == 1 else 'are'} ready."
        if left_out
        else None,
    ]
    return text.render(
        outcome,
        width=width(),
        colour=wants_colour(args),
        unicode=unicode,
        closing=" ".join(filter(None, sentences)) or None,
        detailed=args.verbose,
        repeated=sys.stdout.isatty(),
    ).rstrip("\n")


def hint(message: str) -> None:
    """Say on standard error what the user may have meant otherwise; the run goes on."""
    with contextlib.suppress(OSError):
        sys.stderr.write(f"dns-preflight: hint: {message}\n")
