"""From where a run looked, in words, and what cannot be seen from there. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.escaping import printable
from certbot_dns_preflight.facts.survey import Status
from certbot_dns_preflight.report.words import address_words, listing, plural

if TYPE_CHECKING:
    from certbot_dns_preflight.facts.outcome import Outcome, Vantage

_FAMILIES = {"ipv4": "IPv4", "ipv6": "IPv6"}
_MOST = 3


def resolvers_view(vantage: Vantage) -> str:
    """Say whose view a run has that asked resolvers alone, and what it cannot see."""
    noun = "the resolver" if len(vantage.resolvers) == 1 else "the resolvers"
    return f"This is what {noun} {_listed(vantage)} can see; single name servers were not asked."


def from_where(vantage: Vantage, skipped: int = 0) -> str:
    """Say how name servers were found, over what they were asked, and over what not.

    `skipped` are the addresses that were not asked, mostly those of the family left out.
    """
    asked = " and ".join(_FAMILIES.get(f, printable(f)) for f in vantage.families)
    over = f", over {asked}" if asked else ""
    left = " or ".join(_FAMILIES.get(family, printable(family)) for family in vantage.left_out)
    unasked = ""
    if skipped:
        unasked = f"; {plural(skipped, 'address')} {'was' if skipped == 1 else 'were'} not asked"
    missing = f" This host has no {left} route{unasked}." if left else ""
    if not vantage.resolvers:
        return f"from the root servers down{over}.{missing}"
    return f"through {_listed(vantage)}{over}.{missing}"


def not_asked(outcome: Outcome) -> int:
    """Count the addresses that nobody asked."""
    return len(
        {
            observation.endpoint
            for challenge in outcome.challenges
            for observation in challenge.survey.observations
            if observation.status is Status.NOT_ASKED
        }
    )


def _listed(vantage: Vantage) -> str:
    return listing(tuple(address_words(e) for e in vantage.resolvers), most=_MOST)
