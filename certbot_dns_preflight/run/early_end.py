"""Decide when a wait ends early: the record cannot appear, or an earlier run waited in vain.

Judges what the rounds show and sends no queries. A problem that waiting cannot fix must persist for
a while, in rounds that ask every server, with delegations learned during the wait. A name server
that an earlier run of this process found silent gets a second look, not the full wait again.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import verdict
from certbot_dns_preflight.codes import Code
from certbot_dns_preflight.facts.answers import Endpoint
from certbot_dns_preflight.facts.outcome import EarlyEnd
from certbot_dns_preflight.facts.survey import silent_servers
from certbot_dns_preflight.run import permanence
from certbot_dns_preflight.settings import OnFailure

if TYPE_CHECKING:
    from collections.abc import Collection

    import dns.name

    from certbot_dns_preflight.facts.environment import DomainEnvironment
    from certbot_dns_preflight.facts.survey import Hop, Survey
    from certbot_dns_preflight.facts.zone import Unheard
    from certbot_dns_preflight.run.shared import Shared


class EarlyEnding:
    """Decides for one challenge, round after round. Times are on the event loop's clock.

    `doubted_since` is the time since which every round has shown a problem that waiting cannot fix.
    """

    def __init__(self, shared: Shared, *, begun: float) -> None:
        """Take what the run knows, and when the wait began."""
        self._assessor = shared.assessor
        self._timings = shared.timings
        self._silent = shared.silent
        self._begun = begun
        self.doubted_since: float | None = None
        self.end: EarlyEnd | None = None

    def is_due(self, survey: Survey, environment: DomainEnvironment, *, now: float) -> bool:
        """Return whether a wait ends here, after a round that did not find the challenge ready."""
        elapsed = now - self._begun
        if self._is_hopeless(survey, environment):
            self.doubted_since = now if self.doubted_since is None else self.doubted_since
            if now - self.doubted_since >= self._timings.hopeless_for:
                self.end = EarlyEnd(elapsed)
            return self.end is not None
        self.doubted_since = None
        settings = self._assessor.settings
        if elapsed >= self._timings.second_look(settings.timeout, settings.query_timeout):
            silent_for = self._silent_for(survey)
            self.end = None if silent_for is None else EarlyEnd(elapsed, silent_for)
        return self.end is not None

    def _is_hopeless(self, survey: Survey, environment: DomainEnvironment) -> bool:
        settings = self._assessor.settings
        if settings.on_failure is OnFailure.CONTINUE:
            return False  # the run goes on whatever is found
        judged = self._assessor.assess(survey, environment, confirmed=True)
        # A network that is down may soon be up again, and everything else with it.
        skip = frozenset({*settings.skip, Code.NO_DNS_EGRESS})
        return bool(permanence.permanent_errors(judged, skip=skip))

    def _silent_for(self, survey: Survey) -> float | None:
        """Return how many seconds ago all missing servers were known to be silent; else None."""
        known = set(self._silent)
        if not known:
            return None
        dead = {
            name: addresses
            for hop in survey.hops
            for name, addresses in silent_servers(hop).items()
            if addresses <= known
        }
        unheard = [
            one
            for hop in survey.hops
            for one in hop.zone.unheard
            if one.nameserver in dead or (one.addresses and known.issuperset(one.addresses))
        ]
        addresses = frozenset[Endpoint]().union(*dead.values(), *(one.addresses for one in unheard))
        ages = [self._silent[endpoint] for endpoint in addresses if endpoint in known]
        rest = replace(survey, hops=tuple(_without(hop, set(dead), unheard) for hop in survey.hops))
        is_ready = verdict.is_ready(rest, unreachable=self._assessor.settings.unreachable)
        return min(ages) if ages and is_ready else None


def _without(hop: Hop, dead: Collection[dns.name.Name], unheard: Collection[Unheard]) -> Hop:
    """Return a hop without some name servers and their observations."""
    zone = replace(
        hop.zone,
        nameservers=tuple(server for server in hop.zone.nameservers if server.name not in dead),
        unheard=tuple(one for one in hop.zone.unheard if one not in unheard),
    )
    left = tuple(o for o in hop.observations if o.nameserver not in dead)
    return replace(hop, zone=zone, observations=left)
