"""Have an order's records made, and made again where an alias only shows once they are.

Where only resolvers are asked, looking for an alias before a record exists would leave a miss in
their caches. So the record is made at the challenge name first. At an alias that has no effect, or
the provider rejects it: then it is removed, and made at the alias's target instead.

Importing this loads dnspython.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from certbot import errors
from certbot.display import util as display

from certbot_dns_preflight.plugin import outcome
from certbot_dns_preflight.plugin.authenticators import Work
from certbot_dns_preflight.run import resolver_aliases, signals
from certbot_dns_preflight.run.timings import Timings
from certbot_dns_preflight.run.waiting import Extras

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import dns.name
    from acme import challenges
    from certbot.achallenges import AnnotatedChallenge

    from certbot_dns_preflight.plugin.authenticators import Authenticators
    from certbot_dns_preflight.run.inputs import Inputs
    from certbot_dns_preflight.run.record_location import RecordLocation
    from certbot_dns_preflight.settings import Settings

logger = logging.getLogger(__name__)

_MOST_HOPS = 16
_WORTH_A_LINE = 10.0


@dataclass(frozen=True, slots=True)
class Made:
    """The records of an order, where they are, and what is known to the wait for them."""

    responses: list[challenges.ChallengeResponse]
    order: tuple[Work, ...]
    places: Mapping[dns.name.Name, RecordLocation]
    extras: Extras | None


@dataclass(frozen=True, slots=True)
class Maker:
    """Makes an order's records; `due` returns the settings with the timeout that applies."""

    authenticators: Authenticators
    due: Callable[[], Settings]
    inputs: Inputs | None = None

    def make(
        self,
        achalls: Sequence[AnnotatedChallenge],
        places: Mapping[dns.name.Name, RecordLocation],
        extras: Extras | None,
    ) -> Made:
        """Have the records made; what the authenticators raise passes through."""
        order = works(achalls, places)
        made = self._attempt(order)
        late = {
            owner: place
            for owner, place in places.items()
            if self.authenticators.follows_late(place.record.to_text())
        }
        if self.authenticators.asks_resolvers:
            extras = self._visible(extras or Extras(inputs=self.inputs), looked=bool(late))
        passed = {owner: {owner} for owner in late}
        while late:
            found = self._aliases(late, made)
            late = {owner: p for owner, p in found.items() if p.record not in passed[owner]}
            if not late or any(len(names) > _MOST_HOPS for names in passed.values()):
                break
            for owner, place in late.items():
                passed[owner].add(place.record)
            self._remove()
            places = {**places, **late}
            order = works(achalls, places)
            made = self._attempt(order)
        if isinstance(made, Exception):
            raise made
        return Made(made, order, places, extras)

    def _attempt(self, order: Sequence[Work]) -> list[challenges.ChallengeResponse] | Exception:
        try:
            return self.authenticators.perform(order)
        except errors.SignalExit:
            raise
        except Exception as error:  # noqa: BLE001 - raised once no alias explains it
            return error

    def _aliases(
        self, late: Mapping[dns.name.Name, RecordLocation], made: object
    ) -> dict[dns.name.Name, RecordLocation]:
        how = self.due()
        after = Timings().first_look(self.authenticators.pause, timeout=how.timeout)
        if isinstance(made, Exception):
            after = 0.0  # nothing is to come
        elif after >= _WORTH_A_LINE:
            display.notify(f"dns-preflight waits up to {after:g} s before it asks the resolvers")
        try:
            return signals.run(
                resolver_aliases.find(late.values(), how, after=after, read=self.inputs)
            )
        except errors.Error:
            raise
        except Exception as error:
            logger.debug("The search for aliases failed", exc_info=True)
            logger.warning(
                "internal error in dns-preflight, no alias was looked for: %s", outcome.fault(error)
            )
            return {}

    def _visible(self, extras: Extras, *, looked: bool) -> Extras:
        """Say when resolvers may be asked: at once if the search for aliases has waited."""
        if looked:
            at_once = replace(extras.timings, before_resolvers=0.0)
            return replace(extras, timings=at_once)
        return replace(extras, published_after=self.authenticators.pause)

    def _remove(self) -> None:
        """Remove what was made at names that turned out to be aliases."""
        try:
            self.authenticators.cleanup()
        except errors.SignalExit:
            raise
        except Exception as error:
            logger.debug("The clean-up failed", exc_info=True)
            logger.warning("A record could not be removed: %s", error)


def works(
    achalls: Sequence[AnnotatedChallenge], places: Mapping[dns.name.Name, RecordLocation]
) -> tuple[Work, ...]:
    """Return each challenge with its place."""
    return tuple(Work(achall, places[outcome.owner(achall)]) for achall in achalls)
