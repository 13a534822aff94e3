"""What validating resolvers say about DNSSEC, attributed to them: nothing is validated here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import phrases
from certbot_dns_preflight.facts.dnssec import Trust, Validation

if TYPE_CHECKING:
    from certbot_dns_preflight.facts.resolver_sight import ResolverSight


def validation(sight: ResolverSight) -> Validation:
    """Give the DNSSEC status that the resolvers report, and name them."""
    match sight.trust:
        case Trust.BOGUS:
            bogus = [answer for answer in sight.answers if answer.bogus]
            said = bogus[0].bogus
            who = phrases.listed(phrases.resolver(answer.endpoint) for answer in bogus)
            return Validation(Trust.BOGUS, f"{who} says: {said.name if said else 'bogus'}")
        case Trust.SECURE:
            who = phrases.listed(phrases.resolver(answer.endpoint) for answer in sight.heard)
            return Validation(Trust.SECURE, f"by the word of {who} (AD bit), not validated here")
        case _:
            return Validation(Trust.UNCHECKED, _unvalidated(sight))


def unjudged(sight: ResolverSight) -> tuple[str, ...]:
    """Say what of DNSSEC was not checked, though the name may be ready."""
    if sight.trust is Trust.SECURE:
        return ()
    return (f"DNSSEC not checked: {_unvalidated(sight)}.",)


def _unvalidated(sight: ResolverSight) -> str:
    if not sight.heard:
        return "no resolver has answered"
    without = [answer.endpoint for answer in sight.heard if not answer.validated]
    who = phrases.listed(map(phrases.resolver, without))
    sets = phrases.verb(len(without), "sets", "set")
    return f"{who} {sets} no AD bit, so the zone is unsigned or its answers are not validated there"
