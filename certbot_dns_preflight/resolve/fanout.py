"""One question to several addresses: until one gives a usable answer, or of all of them.

Knows patience and order, not what an answer means: callers say what is usable.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from certbot_dns_preflight.facts.answers import Endpoint, Response
from certbot_dns_preflight.resolve.queries import DEFAULT, SINGLE_TRY, QueryOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    import dns.name
    import dns.rdatatype

    from certbot_dns_preflight.facts.answers import Reply
    from certbot_dns_preflight.resolve.exchange import Exchange


async def ask_any(  # noqa: PLR0913 - a question, whom to ask, and how
    exchange: Exchange,
    endpoints: Collection[Endpoint],
    name: dns.name.Name,
    rdtype: dns.rdatatype.RdataType,
    *,
    usable: Callable[[Response], bool],
    how: QueryOptions = DEFAULT,
    useless: dict[Endpoint, Reply] | None = None,
) -> tuple[Endpoint, Response] | None:
    """Ask one address after the other, without waiting long, until an answer is usable.

    Gives the address that answered and its answer, or None if none of them was of use; what the
    others gave is put into `useless`.
    """
    waiting = list(exchange.by_promise(endpoints))
    running: dict[asyncio.Task[Reply], Endpoint] = {}
    async with asyncio.TaskGroup() as group:
        while waiting or running:
            if waiting:
                endpoint = waiting.pop(0)
                task = group.create_task(exchange.ask(endpoint, name, rdtype, how=how))
                running[task] = endpoint
            done, _ = await asyncio.wait(
                running,
                timeout=exchange.timings.stagger if waiting else None,
                return_when=asyncio.FIRST_COMPLETED,
            )
            for task in done:
                endpoint = running.pop(task)
                reply = task.result()
                if isinstance(reply, Response) and usable(reply):
                    _cancel(running)
                    return endpoint, reply
                if useless is not None:
                    useless[endpoint] = reply
    return None


async def ask_everyone(
    exchange: Exchange,
    endpoints: Collection[Endpoint],
    name: dns.name.Name,
    rdtype: dns.rdatatype.RdataType,
) -> list[tuple[Endpoint, Response]]:
    """Ask all addresses at once; once one has answered, the rest get a moment more."""
    answers: list[tuple[Endpoint, Response]] = []
    patience: float | None = None
    loop = asyncio.get_running_loop()
    async with asyncio.TaskGroup() as group:
        asked = {
            group.create_task(exchange.ask(endpoint, name, rdtype, how=SINGLE_TRY)): endpoint
            for endpoint in endpoints
        }
        running = set(asked)
        while running:
            left = None if patience is None else max(0.0, patience - loop.time())
            done, running = await asyncio.wait(
                running, timeout=left, return_when=asyncio.FIRST_COMPLETED
            )
            if not done:
                _cancel(running)
                break
            for task in done:
                reply = task.result()
                if isinstance(reply, Response):
                    answers.append((asked[task], reply))
                    patience = patience or loop.time() + exchange.timings.grace
    return answers


def _cancel(tasks: Iterable[asyncio.Task[Reply]]) -> None:
    """Cancel what is not needed any more; the group that began it waits until it has ended."""
    for task in tasks:
        task.cancel()
