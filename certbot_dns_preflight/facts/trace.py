"""A resolution walk, step by step, with the time that each step took. Pure facts.

`run.trace` fills it in, `report.trace` shows it. No queries and no judgement.
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
    """A zone on the walk, and the server that referred to it.

    `by` and `endpoint` are the name server of the parent zone that sent the referral, and `seconds`
    is how long that answer took. All are None for the first zone, and if no referral led here (one
    server holds both zones, or a resolver named it).
    """

    zone: dns.name.Name
    by: dns.name.Name | None = None
    endpoint: Endpoint | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Leg:
    """One owner name of the challenge, and the zones from the first one down to its own.

    The answers of its servers are in the survey's hop of the same number.
    """

    owner: dns.name.Name
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Destination:
    """A name on the way to the domain's own addresses: an alias, addresses, or nothing.

    `missing` says, safe to display, why there are none. `seconds` is how long the slower of the two
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
