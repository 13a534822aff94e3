"""Wait for an order's records under certbot, and ask a person who makes them whether to go on.

Decides how long, and what of it is said. Importing this loads dnspython.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from certbot_dns_preflight.facts.outcome import Verdict
from certbot_dns_preflight.plugin import by_hand, option_checks, outcome, precheck, wait_display
from certbot_dns_preflight.run import waiting

if TYPE_CHECKING:
    from collections.abc import Sequence

    from certbot_dns_preflight.challenge import Challenge
    from certbot_dns_preflight.facts.outcome import Outcome
    from certbot_dns_preflight.plugin.authenticators import Authenticators
    from certbot_dns_preflight.settings import Settings


def wait(  # noqa: PLR0913 - what, how and for whom, by keyword
    asked: Sequence[Challenge],
    due: Settings,
    *,
    given: Settings,
    authenticators: Authenticators,
    extras: waiting.Extras | None,
    quiet: bool,
) -> Outcome | None:
    """Wait until the records are ready or the time is up; `due` has the timeout that applies.

    Returns None if nothing is `asked`.
    """
    if not asked:
        return None
    option_checks.tell_due_timeout(given, due, authenticators.pause)
    limit = replace(authenticators.limit, seconds=due.timeout)
    while True:
        with wait_display.watch(asked, due, quiet=quiet) as watch:
            result = waiting.run(asked, due, wait=True, watch=watch, extras=extras)
        if not authenticators.some_by_hand:
            break
        result = by_hand.reworded(result)
        if result.verdict is Verdict.READY or not limit.asks_again:
            break
        if not by_hand.ask_again(outcome.report(result), limit):
            break
    precheck.remember(result, extras, given)
    return result
