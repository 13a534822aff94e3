"""One question to several addresses: until one gives a usable answer, or of all of them.

Knows patience and order, not what an answer means: callers say what is usable.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from certbot_dns_preflight.facts.answers import Endpoint, Response
from certbot_dns_preflight.resolve.exchange import DEFAULT, SINGLE_TRY, QueryOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    import dns.message
    import dns.name
    import dns.rdatatype

    from certbot_dns_preflight.resolve.exchange import Exchange

_STAGGER = 0.3  # seconds before the next address is tried beside one that has not answered
_GRACE = 1.0  # seconds that the slow ones get, once anybody has answered


async def ask_any(  # noqa: PLR0913 - a question, whom to ask, and how
    exchange: Exchange,
    endpoints: Collection[Endpoint],
    name: dns.name.Name,
    rdtype: dns.rdatatype.RdataType,
    *,
    usable: Callable[[Response], bool],
    how: QueryOptions = DEFAULT,
) -> tuple[Endpoint, dns.message.Message] | None:
    """Ask one address after the other, without waiting long, until an answer is usable.

    Gives the address that answered and its message, or None if none of them was of use.
    """
    waiting = list(exchange.by_promise(endpoints))
    running: dict[asyncio.Task[object], Endpoint] = {}
    try:
        while waiting or running:
            if waiting:
                endpoint = waiting.pop(0)
                task: asyncio.Task[object] = asyncio.create_task(
                    exchange.ask(endpoint, name, rdtype, how=how)
                )
                running[task] = endpoint
            done, _ = await asyncio.wait(
                running,
                timeout=_STAGGER if waiting else None,
                return_when=asyncio.FIRST_COMPLETED,
            )
            for task in done:
                endpoint = running.pop(task)
                reply = task.result()
                if isinstance(reply, Response) and usable(reply):
                    return endpoint, reply.message
        return None
    finally:
        await cancel(running)


async def ask_everyone(
    exchange: Exchange,
    endpoints: Collection[Endpoint],
    name: dns.name.Name,
    rdtype: dns.rdatatype.RdataType,
) -> list[dns.message.Message]:
    """Ask all addresses at once; once one has answered, the rest get a moment more."""
    tasks = {
        asyncio.create_task(exchange.ask(endpoint, name, rdtype, how=SINGLE_TRY))
        for endpoint in endpoints
    }
    running = tasks
    messages = []
    patience: float | None = None
    loop = asyncio.get_running_loop()
    try:
        while running:
            left = None if patience is None else max(0.0, patience - loop.time())
            done, running = await asyncio.wait(
                running, timeout=left, return_when=asyncio.FIRST_COMPLETED
            )
            if not done:
                break
            for task in done:
                reply = task.result()
                if isinstance(reply, Response):
                    messages.append(reply.message)
                    patience = loop.time() + _GRACE if patience is None else patience
        return messages
    finally:
        await cancel(running)


async def cancel(tasks: Collection[asyncio.Task[Any]]) -> None:
    """End tasks, and wait until they have ended."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
