"""Entry point of the console script.

Loads fast: everything else is loaded within `main`, so that Ctrl-C ends with one line from the
start.
"""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_INTERRUPTED = 130  # as shells report a death by SIGINT


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return 0 ready, 1 not ready, 2 misuse, 3 inconclusive."""
    try:
        from certbot_dns_preflight.cli.commands import run  # noqa: PLC0415 - see above

        return run(sys.argv[1:] if arguments is None else arguments)
    except KeyboardInterrupt:
        with contextlib.suppress(OSError, AttributeError):  # the parent process closed it
            sys.stderr.write("dns-preflight: interrupted\n")
        return _INTERRUPTED
