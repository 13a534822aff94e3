"""Choose how to show the wait: a live display on a terminal, a line a minute elsewhere.

No line says how it ended: that is the report, which certbot gets anyway.
"""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING

from certbot.display import util as display

from certbot_dns_preflight.report.live import LiveView
from certbot_dns_preflight.report.wait_log import WaitLog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from certbot_dns_preflight.challenge import Challenge
    from certbot_dns_preflight.facts.outcome import Progress
    from certbot_dns_preflight.settings import Settings


@contextlib.contextmanager
def watch(
    challenges: Sequence[Challenge], settings: Settings, *, quiet: bool
) -> Iterator[Callable[[Progress], None] | None]:
    """Yield the function to call with each `Progress`, or None if nobody watches."""
    if quiet:
        yield None
    elif _is_watched():
        with LiveView() as view:
            yield view
    else:
        asked = settings.resolver if settings.asks_resolvers else ()
        at_most = settings.timeout
        with WaitLog(display.notify, challenges, at_most=at_most, resolvers=asked) as log:
            yield log


def _is_watched() -> bool:
    try:
        return sys.stderr.isatty()
    except (AttributeError, ValueError):  # there is none, or it is closed
        return False
