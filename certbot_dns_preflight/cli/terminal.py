"""How to print for the current output: colours, columns, characters."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import phrases
from certbot_dns_preflight.cli.idn import spoken_names
from certbot_dns_preflight.report import text

if TYPE_CHECKING:
    import argparse
    from typing import TextIO

    from certbot_dns_preflight.facts.outcome import Outcome

_NARROWEST, _USUAL, _WIDEST = 40, 80, 100


def wants_colour(args: argparse.Namespace, stream: TextIO) -> bool:
    """Return whether to use colour: as --color says, else on a terminal without NO_COLOR."""
    chosen = told_colour(args)
    if chosen is not None:
        return chosen
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def told_colour(args: argparse.Namespace) -> bool | None:
    """Return the choice of --color; None if it leaves that to the terminal."""
    return None if args.color == "auto" else bool(args.color == "always")


def width(stream: TextIO) -> int:
    """Return the columns to fill: the terminal's within reason, 80 if there is none."""
    return max(_NARROWEST, min(_columns(stream), _WIDEST)) if stream.isatty() else _USUAL


def _columns(stream: TextIO) -> int:
    """Return the width of the terminal behind `stream`; COLUMNS takes precedence if set."""
    said = os.environ.get("COLUMNS", "")
    if said.isdecimal() and int(said):
        return int(said)
    try:
        return os.get_terminal_size(stream.fileno()).columns or _USUAL
    except (OSError, ValueError):  # not a terminal after all
        return _USUAL


def speaks_unicode(stream: TextIO) -> bool:
    """Return whether the output can show more than ASCII."""
    with contextlib.suppress(LookupError):
        return "✓".encode(stream.encoding or "ascii", "ignore") != b""
    return False


def page(
    outcome: Outcome,
    args: argparse.Namespace,
    *,
    left_out: int = 0,
    stream: TextIO | None = None,
) -> str:
    """Return the report formatted for `stream`, with U-labels if they can be shown.

    The names in `left_out` are ready; they are counted, but not shown. The stream is standard
    output unless given.
    """
    stream = sys.stdout if stream is None else stream
    unicode = speaks_unicode(stream)
    sentences = [
        spoken_names(outcome) if unicode else None,
        f"{phrases.count(left_out, 'other name')} {'is' if left_out == 1 else 'are'} ready."
        if left_out
        else None,
    ]
    return text.render(
        outcome,
        width=width(stream),
        colour=wants_colour(args, stream),
        unicode=unicode,
        closing=" ".join(filter(None, sentences)) or None,
        detailed=args.verbose,
        repeated=stream.isatty(),
    ).rstrip("\n")


def hint(message: str) -> None:
    """Print on standard error what the user may have meant; the run continues."""
    with contextlib.suppress(OSError):
        sys.stderr.write(f"dns-preflight: hint: {message}\n")
