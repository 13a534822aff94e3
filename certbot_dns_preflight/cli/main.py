"""Where the console script begins.

Light: all else is loaded within `main`, so that Ctrl-C ends with one line from the first moment on.
"""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_INTERRUPTED = 130  # as shells count a death by SIGINT


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; give its exit status: 0 ready, 1 not ready, 2 misuse, 3 inconclusive."""
    try:
        from certbot_dns_preflight.cli.commands import run  # noqa: PLC0415 - see above

        return run(sys.argv[1:] if arguments is None else arguments)
    except KeyboardInterrupt:
        with contextlib.suppress(OSError, AttributeError):  # closed by whoever started us
            sys.stderr.write("dns-preflight: interrupted\n")
        return _INTERRUPTED
