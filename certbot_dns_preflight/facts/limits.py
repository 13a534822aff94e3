"""A documented bound of a run that was met, and whose zone met it: a plain fact."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import dns.name


class Budget(enum.StrEnum):
    """What is bounded."""

    QUERIES = "queries"
    NAMES = "names"
    ADDRESSES = "addresses"
    BYTES = "bytes"
    NAMESERVERS = "name-servers"


@dataclass(frozen=True, slots=True)
class LimitMet:
    """A bound that was met. `whole_run`: it is the run's; else it is one zone's.

    `zone` is the zone for whose sake it was spent; of a run's, the one that spent most, None where
    no zone stands out.
    """

    budget: Budget
    limit: int
    zone: dns.name.Name | None
    whole_run: bool
