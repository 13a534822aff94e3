"""Hold what the challenges of one run have in common. Decides nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from certbot_dns_preflight.facts.answers import Endpoint
    from certbot_dns_preflight.resolve.expectations import Expectations
    from certbot_dns_preflight.run.assess import Assessor
    from certbot_dns_preflight.run.session import Session
    from certbot_dns_preflight.run.timings import Timings


@dataclass(frozen=True, slots=True)
class Shared:
    """What the challenges of one run share.

    `changed` is called whenever there is something new to show, `paused` after each pause. `silent`
    maps addresses that an earlier run found silent to how many seconds ago that was. `first_look`
    is when a wait first asks resolvers for a record, in seconds.
    """

    session: Session
    expectations: Expectations
    assessor: Assessor
    timings: Timings
    changed: Callable[[], None]
    paused: Callable[[], None]
    silent: Mapping[Endpoint, float]
    first_look: float = 0.0
