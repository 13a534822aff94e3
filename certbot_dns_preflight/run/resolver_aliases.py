"""Find aliases through resolvers once records exist at the names in question.

Decides where those records belong instead. Before a record exists, a resolver that is queried for
an alias caches the name's absence, of all types. Once it exists, the answer is the alias, or that
there is none beside the record. So this waits until a record made just now can be visible, and
queries CNAME, one alias at a time: the target's record does not exist yet.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import dns.name

from certbot_dns_preflight.resolve import resolver_zones
from certbot_dns_preflight.run import inputs, session
from certbot_dns_preflight.run.record_location import RecordLocation
from certbot_dns_preflight.run.timings import Timings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from certbot_dns_preflight.run.inputs import Inputs
    from certbot_dns_preflight.settings import Settings


async def find(
    places: Iterable[RecordLocation],
    settings: Settings,
    *,
    after: float,
    read: Inputs | None = None,
    timings: Timings | None = None,
) -> dict[dns.name.Name, RecordLocation]:
    """Return, by owner name, the next place of those whose present one turns out to be an alias.

    `after` is how many seconds from now their records can be visible; a shorter negative TTL of the
    zone is waited for at most, as a miss then lasts no longer.
    """
    patience = (timings or Timings()).record_location
    moved: dict[dns.name.Name, RecordLocation] = {}
    async with session.opened(settings, read or inputs.load(settings)) as opened:
        zones = opened.zones
        assert zones is not None  # only called where resolvers are asked for everything

        async def one(place: RecordLocation) -> None:
            async with asyncio.timeout(patience):
                apex = await zones.find(place.record.parent())
            known = zones.negative_ttl(apex if isinstance(apex, dns.name.Name) else None)
            await asyncio.sleep(after if known is None else min(after, float(known)))
            async with asyncio.timeout(patience):
                target = await resolver_zones.alias(opened.exchange, zones.resolvers, place.record)
                if target is None or target == dns.name.root:
                    return
                found = await zones.find(target.parent())
            zone = found if isinstance(found, dns.name.Name) else None
            moved[place.owner] = RecordLocation(place.owner, target, zone)

        async def within_time(place: RecordLocation) -> None:
            try:
                await one(place)
            except TimeoutError:
                return

        async with asyncio.TaskGroup() as group:
            for place in places:
                group.create_task(within_time(place))
    return moved
