"""One question to several addresses: until one gives a usable answer, or of all of them.

Knows patience and order, not what an answer means: callers say what is usable.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import dns.name
import dns.rcode
import dns.rdatatype

from certbot_dns_preflight.facts.answers import Endpoint, NoResponse, NoResponseReason, Response
from certbot_dns_preflight.resolve.queries import DEFAULT, SINGLE_TRY, QueryOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from certbot_dns_preflight.facts.answers import Reply
    from certbot_dns_preflight.resolve.exchange import Exchange

_FINAL = frozenset({dns.rcode.NOERROR, dns.rcode.NXDOMAIN, dns.rcode.REFUSED})


async def ask_any(  # noqa: PLR0913 - a question, whom to ask, and how
    exchange: Exchange,
    endpoints: Collection[Endpoint],
    name: dns.name.Name,
    rdtype: dns.rdatatype.RdataType,
    *,
    usable: Callable[[Response], bool],
    how: QueryOptions = DEFAULT,
    useless: dict[Endpoint, Reply] | None = None,
    hopeless: Callable[[Mapping[Endpoint, Reply]], bool] | None = None,
) -> tuple[Endpoint, Response] | None:
    """Ask one address after the other, without waiting long, until an answer is usable.

    Gives the address that answered and its answer, or None if none of them was of use; what the
    others gave is put into `useless`. Once that is `hopeless`, no more are asked.
    """
    useless = {} if useless is None else useless
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
                useless[endpoint] = reply
            if hopeless is not None and hopeless(useless):
                _cancel(running)
                return None
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


async def ask_each_server(  # noqa: PLR0913 - a question, whom to ask, and how long
    exchange: Exchange,
    servers: Mapping[dns.name.Name, Collection[Endpoint]],
    name: dns.name.Name,
    rdtype: dns.rdatatype.RdataType,
    *,
    usable: Callable[[Response], bool],
    least: int | None = None,
) -> dict[Endpoint, Reply]:
    """Ask every address of every server, with full patience until each server has been heard.

    A server is heard at one address that gives a usable answer; what merely fails is asked a second
    time. `least`: once so many servers have been heard, the others get a moment more.
    """
    replies: dict[Endpoint, Reply] = {}
    until: float | None = None
    loop = asyncio.get_running_loop()

    async def ask(endpoint: Endpoint) -> Reply:
        reply = await exchange.ask(endpoint, name, rdtype)
        if _may_pass(reply):
            await asyncio.sleep(exchange.timings.after_icmp)
            return await exchange.ask(endpoint, name, rdtype)
        return reply

    def heard() -> int:
        good = {e for e, reply in replies.items() if isinstance(reply, Response) and usable(reply)}
        return sum(not good.isdisjoint(endpoints) for endpoints in servers.values())

    async with asyncio.TaskGroup() as group:
        asked = {
            group.create_task(ask(endpoint)): endpoint
            for endpoint in dict.fromkeys(e for some in servers.values() for e in some)
        }
        running = set(asked)
        while running:
            left = None if until is None else max(0.0, until - loop.time())
            done, running = await asyncio.wait(
                running, timeout=left, return_when=asyncio.FIRST_COMPLETED
            )
            if not done:
                _cancel(running)
                break
            replies.update((asked[task], task.result()) for task in done)
            if until is None and heard() >= (len(servers) if least is None else least):
                until = loop.time() + exchange.timings.grace
    return replies


def _may_pass(reply: Reply) -> bool:
    """Whether it is a failure that a second question may not meet."""
    match reply:
        case Response(message=message):
            return message.rcode() not in _FINAL
        case NoResponse(reason=reason):
            return reason in (NoResponseReason.TRUNCATED, NoResponseReason.GARBAGE)


def _cancel(tasks: Iterable[asyncio.Task[Reply]]) -> None:
    """Cancel what is not needed any more; the group that began it waits until it has ended."""
    for task in tasks:
        task.cancel()
