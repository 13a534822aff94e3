"""Run the precheck for certbot: find out who requests, and pass on what it learned to the wait.

Decides nothing about the order: `authenticator` does, by the outcome. Importing this loads
dnspython.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from certbot import errors

from certbot_dns_preflight.caa.policy import IssuanceRequest
from certbot_dns_preflight.facts.environment import DomainEnvironment
from certbot_dns_preflight.facts.finding import Severity
from certbot_dns_preflight.plugin import issuance
from certbot_dns_preflight.plugin.outcome import fault
from certbot_dns_preflight.resolve.cache import DelegationCache
from certbot_dns_preflight.run import permanence, precheck, record_location, signals
from certbot_dns_preflight.run.assess import Assessor
from certbot_dns_preflight.run.memory import Memory
from certbot_dns_preflight.run.waiting import Extras

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import dns.name
    from certbot.configuration import NamespaceConfig

    from certbot_dns_preflight.challenge import Challenge
    from certbot_dns_preflight.facts.outcome import ChallengeOutcome, Outcome
    from certbot_dns_preflight.run.inputs import Inputs
    from certbot_dns_preflight.run.record_location import RecordLocation
    from certbot_dns_preflight.settings import Settings

logger = logging.getLogger(__name__)

MEMORY = Memory()
"""Certbot makes a plugin object for each lineage that it renews: only the process has them all."""


def look(
    challenges: Sequence[Challenge],
    settings: Settings,
    config: NamespaceConfig,
    inputs: Inputs | None = None,
) -> tuple[Outcome, Extras]:
    """Look at all names of an order; also return what the waiting run need not ask again.

    Delegations that earlier orders of this process learned suffice for this look, unless it finds
    something that would stop the order.
    """
    since = MEMORY.now()
    cache = MEMORY.delegations(settings)
    known = bool(cache.cuts)
    result, extras = _look(challenges, settings, config, inputs, cache)
    if known and permanence.has_permanent_errors(result, skip=frozenset(settings.skip)):
        cache = DelegationCache(histories=cache.histories)
        result, extras = _look(challenges, settings, config, inputs, cache)
    MEMORY.keep(settings, cache, since=since)
    return result, replace(extras, silent=MEMORY.silent(settings))


def remember(result: Outcome, extras: Extras | None, settings: Settings) -> None:
    """Keep, for this process's next orders, which name servers stayed silent until the end."""
    if extras is not None and extras.cache is not None:
        MEMORY.keep(settings, extras.cache, since=MEMORY.now() - result.elapsed, outcome=result)


def _look(
    challenges: Sequence[Challenge],
    settings: Settings,
    config: NamespaceConfig,
    inputs: Inputs | None,
    cache: DelegationCache,
) -> tuple[Outcome, Extras]:
    facts = signals.run(precheck.check(challenges, settings, cache=cache, read=inputs))
    # Fetch the CA's identities from its directory only if that makes a difference.
    who = (
        issuance.of_config(config, settings.caa_identity)
        if facts.has_caa
        else IssuanceRequest(identities=settings.caa_identity)
    )
    extras = Extras(request=who, environment=facts.environment, cache=cache, inputs=facts.inputs)

    async def judged() -> Outcome:
        return facts.judged(settings, who)

    # Else an exception from certbot's signal handler would look like an internal error.
    return signals.run(judged()), extras


def places(
    challenges: Sequence[Challenge], settings: Settings, extras: Extras
) -> dict[dns.name.Name, RecordLocation]:
    """Find out where the records go; what the precheck learned is not asked again."""
    search = record_location.find(challenges, settings, cache=extras.cache, read=extras.inputs)
    try:
        return signals.run(search)
    except errors.Error:
        raise
    except Exception as error:
        logger.debug("The search for aliases failed", exc_info=True)
        logger.warning("internal error in dns-preflight, no alias was looked for: %s", fault(error))
        return unknown_places(challenges)


def placed(
    result: Outcome, challenges: Sequence[Challenge], settings: Settings, extras: Extras
) -> tuple[Outcome, dict[dns.name.Name, RecordLocation]]:
    """Find out where the records go, and add to the outcome any alias that leads nowhere.

    If waiting can help none of the names anyway, asks nothing and returns no places.
    """
    skip = frozenset(settings.skip)
    if len(permanence.has_permanent_errors(result, skip=skip)) == len(result.challenges):
        return result, {}
    found = places(challenges, settings, extras)

    async def judged() -> Outcome:
        every = tuple(_with_place(one, found, settings, extras) for one in result.challenges)
        return replace(result, challenges=every)

    return signals.run(judged()), found


def _with_place(
    judged: ChallengeOutcome,
    found: Mapping[dns.name.Name, RecordLocation],
    settings: Settings,
    extras: Extras,
) -> ChallengeOutcome:
    place = found.get(judged.survey.challenge.owner)
    if place is None or place.survey is None or extras.inputs is None:
        return judged
    environment = extras.environment.get(judged.survey.challenge.domain, DomainEnvironment())
    assessor = Assessor(settings, extras.inputs, extras.request)
    again = assessor.assess(place.survey, environment, confirmed=True)
    # Only what no record can fix is news here; that there is none yet goes without saying.
    return again if permanence.permanent_errors(again, skip=frozenset()) else judged


def unknown_places(challenges: Sequence[Challenge]) -> dict[dns.name.Name, RecordLocation]:
    """Return the places if nothing could be found out: the challenge names themselves."""
    return {c.owner: record_location.RecordLocation(c.owner, c.owner, None) for c in challenges}


def permanent_errors(outcome: Outcome, settings: Settings) -> tuple[ChallengeOutcome, ...]:
    """Return the challenges that waiting cannot help; warn of trouble that may pass by itself."""
    stopped = permanence.has_permanent_errors(outcome, skip=frozenset(settings.skip))
    reported: set[str] = set()
    for judged in outcome.challenges:
        for finding in judged.findings:
            if judged in stopped or finding.severity is not Severity.ERROR:
                continue
            if finding.code not in settings.skip and finding.summary not in reported:
                reported.add(finding.summary)
                logger.warning("dns-preflight: %s (%s)", finding.summary, finding.code)
    return stopped
