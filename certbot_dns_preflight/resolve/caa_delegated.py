"""Compares the CAA answers of a zone's servers, and picks what a resolver gets. Pure: no queries.

A resolver with an empty cache knows the servers that the zone above names, and learns of others
only from an answer of these.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from certbot_dns_preflight.facts.caa import Failed, NotAskable
from certbot_dns_preflight.facts.zone import Listing

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from certbot_dns_preflight.facts.caa import CaaAnswer, Content
    from certbot_dns_preflight.facts.zone import Zone


def agree(contents: Collection[Content]) -> bool:
    """Return whether all queried servers gave the same valid answer."""
    return len(set(contents)) == 1 and not isinstance(next(iter(contents)), Failed | NotAskable)


def reachable(zone: Zone, answers: Sequence[CaaAnswer]) -> list[CaaAnswer]:
    """Leave out the answers of other servers if all servers of the delegation fail."""
    delegated = {s.name for s in zone.nameservers if Listing.DELEGATION in s.listed_by}
    theirs = [answer for answer in answers if answer.nameserver in delegated]
    if len(theirs) == len(answers):
        return theirs
    failing = [
        replace(answer, content=replace(answer.content, others=True))
        for answer in theirs
        if isinstance(answer.content, Failed)
    ]
    return failing if failing and len(failing) == len(theirs) else list(answers)
