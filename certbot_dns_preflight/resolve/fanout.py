"""Sends one question to several addresses, until one gives a usable answer or to all of them.

Handles patience and order, not what an answer means: callers decide what is usable.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
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
    """Query one address after another, with short waits, until an answer is usable.

    Returns the address that answered and its answer, or None if no answer was usable; the unusable
    replies go into `useless`. Once that is `hopeless`, no more addresses are queried.
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
                await asyncio.sleep(0)  # lets us see how long the question is held back
            done, _ = await asyncio.wait(
                running,
                timeout=exchange.unhurried(exchange.timings.stagger, endpoint) if waiting else None,
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
    """Query all addresses at once; after the first answer, the rest get a moment more."""
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
                    patience = patience or loop.time() + exchange.unhurried(exchange.timings.grace)
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
    """Query one address of every server; if it is useless or slow, the next one as well.

    A server counts as heard once one of its addresses gives a usable answer, and each address has
    full patience until then; a passing failure is retried once. `least`: once this many servers
    have been heard, the others get a moment more.
    """
    until: float | None = None
    loop = asyncio.get_running_loop()
    heard = 0
    async with asyncio.TaskGroup() as group:
        each = _EachServer(exchange, group, name, rdtype, usable)
        hearing = {group.create_task(each.hear(endpoints)) for endpoints in servers.values()}
        while hearing:
            left = None if until is None else max(0.0, until - loop.time())
            done, hearing = await asyncio.wait(
                hearing, timeout=left, return_when=asyncio.FIRST_COMPLETED
            )
            if not done:
                break
            heard += sum(task.result() for task in done)
            if least is not None and until is None and heard >= least:
                until = loop.time() + exchange.unhurried(exchange.timings.grace)
        for task in hearing:
            task.cancel()
        _cancel(each.asked.values())
    return {e: task.result() for e, task in each.asked.items() if not task.cancelled()}


@dataclass(frozen=True, slots=True)
class _EachServer:
    """One question, and the addresses queried: two names may share an address."""

    exchange: Exchange
    group: asyncio.TaskGroup
    name: dns.name.Name
    rdtype: dns.rdatatype.RdataType
    usable: Callable[[Response], bool]
    asked: dict[Endpoint, asyncio.Task[Reply]] = field(default_factory=dict)

    async def hear(self, endpoints: Collection[Endpoint]) -> bool:
        """Query addresses of one server until one gives a usable answer."""
        waiting = self.exchange.by_promise(endpoints)
        running: set[asyncio.Task[Reply]] = set()
        while waiting or running:
            if waiting:
                endpoint = waiting.pop(0)
                if endpoint not in self.asked:
                    self.asked[endpoint] = self.group.create_task(self._ask(endpoint))
                running.add(self.asked[endpoint])
                await asyncio.sleep(0)  # lets us see how long the question is held back
            done, running = await asyncio.wait(
                running,
                timeout=self.exchange.unhurried(self.exchange.timings.stagger, endpoint)
                if waiting
                else None,
                return_when=asyncio.FIRST_COMPLETED,
            )
            replies = [task.result() for task in done]
            if any(isinstance(reply, Response) and self.usable(reply) for reply in replies):
                return True
        return False

    async def _ask(self, endpoint: Endpoint) -> Reply:
        reply = await self.exchange.ask(endpoint, self.name, self.rdtype)
        if _may_pass(reply):
            await asyncio.sleep(self.exchange.timings.after_icmp)
            return await self.exchange.ask(endpoint, self.name, self.rdtype)
        return reply


def _may_pass(reply: Reply) -> bool:
    """Return whether a second try might not fail this way."""
    match reply:
        case Response(message=message):
            return message.rcode() not in _FINAL
        case NoResponse(reason=reason):
            return reason in (NoResponseReason.TRUNCATED, NoResponseReason.GARBAGE)


def _cancel(tasks: Iterable[asyncio.Task[Reply]]) -> None:
    """Cancel tasks no longer needed; the group that started them waits for them to end."""
    for task in tasks:
        task.cancel()
