"""Choose how to show a wait on standard error: live on a terminal, in a few lines elsewhere."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, TypeAlias

from certbot_dns_preflight.cli.terminal import told_colour
from certbot_dns_preflight.report.live import LiveView
from certbot_dns_preflight.report.wait_log import WaitLog

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from certbot_dns_preflight.challenge import Challenge
    from certbot_dns_preflight.settings import Settings

Shown: TypeAlias = LiveView | WaitLog | None


def shown(
    args: argparse.Namespace,
    challenges: Sequence[Challenge],
    settings: Settings,
    *,
    live: bool = True,
    waits: bool = True,
) -> Shown:
    """Return what watches a run; None with --quiet, or if there is nothing to show.

    `live` False: another display has the terminal. Without a terminal, a run that `waits` is told
    in lines, also to those whose report goes to standard output in another format.
    """
    if args.quiet:
        return None
    if _is_watched():
        wanted = live and not args.verbose
        return LiveView(colour=told_colour(args), waits=waits) if wanted else None
    if not waits:
        return None
    asked = settings.resolver if settings.asks_resolvers else ()
    return WaitLog(_say, challenges, at_most=settings.timeout, resolvers=asked)


def _is_watched() -> bool:
    try:
        return sys.stderr.isatty()
    except (AttributeError, ValueError):  # there is none, or it is closed
        return False


def _say(line: str) -> None:
    with contextlib.suppress(AttributeError, OSError, ValueError):  # nobody reads it
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()
