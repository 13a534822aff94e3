"""A documented limit of a run that was reached, and the zone that reached it: a plain fact."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import dns.name


class Budget(enum.StrEnum):
    """The quantity that is limited."""

    QUERIES = "queries"
    NAMES = "names"
    ADDRESSES = "addresses"
    BYTES = "bytes"
    NAMESERVERS = "name-servers"
    COMPARISONS = "comparisons"


@dataclass(frozen=True, slots=True)
class LimitMet:
    """A limit that was reached. `whole_run` tells a limit of the run from one of a zone.

    `zone` is the zone that used up the budget; for a run, the zone that used most, or None if no
    zone stands out.
    """

    budget: Budget
    limit: int
    zone: dns.name.Name | None
    whole_run: bool
