"""What is left to do after the clean-up: see that the records are gone, and run the failure hook.

The hook runs this late so that it finds no records of the order. Nothing is decided about the order
here: anything that goes wrong is only a warning.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from certbot import errors, util
from certbot.display import util as display

from certbot_dns_preflight.checks.rules import record_lingers
from certbot_dns_preflight.codes import Code
from certbot_dns_preflight.facts.outcome import Verdict
from certbot_dns_preflight.plugin import by_hand, failure_hook
from certbot_dns_preflight.run import lingering_records, signals

if TYPE_CHECKING:
    from certbot.configuration import NamespaceConfig

    from certbot_dns_preflight.facts.outcome import Outcome
    from certbot_dns_preflight.plugin.failure_hook import Failure
    from certbot_dns_preflight.settings import Settings

logger = logging.getLogger(__name__)

PATIENCE = lingering_records.Patience()
"""Certbot makes a plugin object for each lineage that it renews: only the process has them all."""


def look(result: Outcome | None, settings: Settings) -> None:
    """Warn of this order's records that are still served; takes at most five seconds."""
    if result is None or Code.RECORD_LINGERS in settings.skip:
        return
    try:
        left = signals.run(
            lingering_records.look(result, query_timeout=settings.query_timeout, patience=PATIENCE)
        )
    except errors.SignalExit:
        raise
    except Exception:
        logger.debug("The look after the clean-up failed", exc_info=True)
        return
    if left:
        finding = record_lingers.tell([(one.owner, one.value, one.server) for one in left])
        logger.warning("dns-preflight: %s %s (%s)", finding.summary, finding.remedy, finding.code)


def tell_unattended(result: Outcome | None, config: NamespaceConfig) -> None:
    """Say at the end that certbot cannot repeat what a person did, whatever it says before.

    Its own such line is for an authenticator named `manual`. Nobody has removed the records either.
    """
    if result is not None and result.verdict is Verdict.READY and not config.quiet:
        util.atexit_register(display.notify, by_hand.UNATTENDED)


def tell(failure: Failure, settings: Settings, lineage: str | None) -> None:
    """Run the failure hook, if there is one."""
    if settings.failure_hook is not None:
        failure_hook.run(settings.failure_hook, failure, lineage=lineage, report=settings.report)
