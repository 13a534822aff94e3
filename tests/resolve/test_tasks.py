"""Whoever is stopped sends nothing more, however long it takes to tell all of its tasks."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import dns.name
import dns.rdatatype
import pytest

from certbot_dns_preflight.facts.answers import Endpoint
from certbot_dns_preflight.resolve.exchange import Exchange
from certbot_dns_preflight.resolve.sockets import Sockets
from certbot_dns_preflight.resolve.tasks import promptly, together
from tests.simulated import clock

if TYPE_CHECKING:
    from certbot_dns_preflight.resolve.datagrams import Arrived

MANY = 2000
AT_ONCE = 500
"""Sockets that are open at once."""


class Mute:
    """A channel on which nothing comes back; `sent` counts what was sent over all of them."""

    sent = 0

    def __init__(self, endpoint: Endpoint) -> None:
        del endpoint

    def send(self, data: bytes) -> None:
        """Count it."""
        del data
        Mute.sent += 1

    async def next(self, when: float) -> Arrived | None:
        """Wait until then."""
        await asyncio.sleep(max(0.0, when - asyncio.get_running_loop().time()))
        return None

    def close(self) -> None:
        """Hold nothing."""


async def asking(exchange: Exchange) -> None:
    """Have many questions wait for a socket, in deeper layers of tasks than those that have one."""
    name = dns.name.from_text("a.test.")

    async def one(number: int) -> None:
        endpoint = Endpoint(f"192.0.{number // 250}.{number % 250 + 1}")
        await exchange.ask(endpoint, name, dns.rdatatype.SOA)

    async def below(depth: int, numbers: range) -> None:
        half = len(numbers) // 2
        if depth:
            await together([below(depth - 1, numbers[:half]), below(depth - 1, numbers[half:])])
        else:
            await together(map(one, numbers))

    await together([below(0, range(AT_ONCE)), below(6, range(AT_ONCE, MANY))])


def test_tasks_that_end_let_nobody_send_who_will_end_as_well() -> None:
    Mute.sent = 0

    async def go() -> None:
        exchange = Exchange(query_timeout=60.0, sockets=Sockets(Mute))
        run = asyncio.create_task(promptly(asking(exchange), exchange.stop))
        await asyncio.sleep(0.1)
        assert Mute.sent == AT_ONCE
        run.cancel()
        with pytest.raises(asyncio.CancelledError):
            await run
        assert asyncio.all_tasks() == {asyncio.current_task()}

    clock.run(go)
    assert Mute.sent == AT_ONCE


def test_what_is_run_promptly_gives_its_result_or_raises_its_error() -> None:
    async def works() -> int:
        return 7

    async def fails() -> int:
        raise KeyError

    async def go() -> None:
        assert await promptly(works(), pytest.fail) == 7
        with pytest.raises(KeyError):
            await promptly(fails(), pytest.fail)

    asyncio.run(go())
