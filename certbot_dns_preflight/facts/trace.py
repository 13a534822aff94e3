"""A resolution walk as it went: step by step, with the time that each step took. Pure facts.

`run.trace` fills it in, `report.trace` shows it. Nothing here asks or judges.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import datetime as dt

    import dns.name

    from certbot_dns_preflight.facts.answers import Endpoint
    from certbot_dns_preflight.facts.outcome import Vantage
    from certbot_dns_preflight.facts.survey import Survey


@dataclass(frozen=True, slots=True)
class Step:
    """A zone that the walk came to, and who sent it there.

    `by` and `endpoint` are the name server of the zone above that referred down, and `seconds` is
    what that answer took; all None for the first zone, and where no referral led here (one server
    holds both zones, or a resolver named it).
    """

    zone: dns.name.Name
    by: dns.name.Name | None = None
    endpoint: Endpoint | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Leg:
    """One owner name of the challenge, and the zones from the first one down to the one it is in.

    What its servers answered is the survey's hop of the same number.
    """

    owner: dns.name.Name
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Destination:
    """A name on the way to the domain's own addresses: an alias, addresses, or nothing.

    `missing` says, fit to be shown, why there are none. `seconds` is what the slower of the two
    answers (A, AAAA) took.
    """

    name: dns.name.Name
    zone: dns.name.Name | None = None
    alias: dns.name.Name | None = None
    addresses: tuple[str, ...] = ()
    missing: str | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Trail:
    """The whole walk for one domain. `legs` are the owner name and its alias targets, in order."""

    started: dt.datetime
    elapsed: float
    vantage: Vantage
    survey: Survey
    legs: tuple[Leg, ...]
    destinations: tuple[Destination, ...]
