"""Serves worlds, has the three judges judge them, and shrinks those that they differ about.

Several worlds are judged at a time, each below a TLD and at addresses not used before, so that
neither caches nor what a resolver learned of a server goes from one to the next.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import dns.name

from tests.differential import comparing, shrinking
from tests.differential.comparing import Difference
from tests.differential.generating import healthy
from tests.differential.internet import Service
from tests.differential.judges import Bind, Unbound, as_a_ca, as_us
from tests.lab.processes import Directory

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Iterable

    from tests.differential.judges import Judged, Told
    from tests.differential.worlds import World

_AT_ONCE, _LEAST_AT_ONCE = 10, 2
_BATCH = 8
_HEALTHY_EVERY = 5
_TRIES = 5
_FORGET_EVERY = 200


@dataclass(slots=True)
class Account:
    """What came of judging worlds: how many ended how, and the differences.

    `busy` counts how often this machine was too busy to find a healthy world healthy.
    """

    ended: Counter[str] = field(default_factory=Counter)
    differences: list[Difference] = field(default_factory=list)
    busy: int = 0


class Judging:
    """The service, the two resolvers, and what was written for them."""

    def __init__(self, directory: Directory, service: Service, *, lenient: bool = False) -> None:
        self._service, self._lenient = service, lenient
        self._hints = directory.path / "root.hints"
        self._hints.write_text(service.root_hints)
        self._anchor = directory.path / "root.ds"
        self._anchor.write_text(service.trust_anchor)
        self._unbound = Unbound(directory.sub("unbound"), self._hints, self._anchor)
        self._bind = Bind(directory.sub("bind"), self._hints, self._anchor)
        self._places = asyncio.Semaphore(_AT_ONCE)
        self._spare = _AT_ONCE - _LEAST_AT_ONCE
        self._healthy = itertools.cycle(healthy())
        self._judged = 0

    async def open(self) -> None:
        """Wait until both resolvers answer."""
        await asyncio.gather(self._unbound.ready(), self._bind.ready())

    def close(self) -> None:
        """End the resolvers."""
        self._unbound.stop()
        self._bind.stop()

    async def difference(self, world: World, *, tries: int = _TRIES) -> Difference | str:
        """Ask the judges: the difference, or a word for how it is none.

        The resolvers are asked `tries` times more, for they may have been lucky, or not.
        """
        told, unbound, bind = await self.ask(world)
        kind = comparing.suspicion(told, unbound, bind)
        if kind is None:
            return _word(told, unbound, bind)
        more = await asyncio.gather(*(self.resolve(world) for _ in range(tries)))
        if any(comparing.suspicion(told, *judged) is None for judged in more):
            return "by chance"
        again, *_ = await self.ask(world)
        if (again.outcome, again.errors) != (told.outcome, told.errors):
            kind = "another verdict at another look"
        elif comparing.is_stricter_by_contract(told) or (
            comparing.may_be_stricter(told) and await self._fails_alone(world)
        ):
            return "stricter"
        return Difference(kind, world, told, (unbound.why, bind.why))

    async def ask(self, world: World) -> tuple[Told, Judged, Judged]:
        """Ask all three once."""
        async with self._served(world) as tld:
            return await asyncio.gather(
                as_us(
                    f"{world.name}.{tld}",
                    root_hints=self._hints,
                    trust_anchor=self._anchor,
                    lenient=self._lenient,
                ),
                *self._resolved(world, tld),
            )

    async def resolve(self, world: World) -> tuple[Judged, Judged]:
        """Ask the resolvers once."""
        async with self._served(world) as tld:
            unbound, bind = self._resolved(world, tld)
            return await asyncio.gather(unbound, bind)

    def _resolved(
        self, world: World, tld: str
    ) -> tuple[Coroutine[None, None, Judged], Coroutine[None, None, Judged]]:
        domain = dns.name.from_text(f"{world.domain}.{tld}")
        return (
            as_a_ca(self._unbound, domain, star=world.star),
            as_a_ca(self._bind, domain, star=world.star),
        )

    async def try_itself(self) -> bool:
        """Tell whether a world without faults is found to be one; if not, judge fewer at a time.

        This machine is too busy then. That makes no difference out of nothing: for one, the
        judges are asked several times. But it may hide one.
        """
        told, *judged = await self.ask(next(self._healthy))
        if told.outcome == comparing.READY and all(one.passes for one in judged):
            return True
        if self._spare:
            self._spare -= 1
            await self._places.acquire()
        return False

    async def smallest(self, difference: Difference) -> Difference:
        """Take away what can be taken away while the difference stays."""
        smallest = difference
        while True:
            before = smallest
            position = 0
            while smaller := list(shrinking.smaller(smallest.world))[position:]:
                batch = smaller[:_BATCH]
                found = await asyncio.gather(*(self.difference(one, tries=1) for one in batch))
                same = [
                    one
                    for one in found
                    if isinstance(one, Difference) and one.kind == difference.kind
                ]
                # What could not be taken away is not tried again before all else was.
                position += found.index(same[0]) if same else len(batch)
                smallest = same[0] if same else smallest
            if smallest == before:
                break
        confirmed = await self.difference(smallest.world)
        return confirmed if isinstance(confirmed, Difference) else difference

    async def _fails_alone(self, world: World) -> bool:
        verdicts = await asyncio.gather(*(self.resolve(one) for one in comparing.alone(world)))
        return any(not unbound.passes or not bind.passes for unbound, bind in verdicts)

    @contextlib.asynccontextmanager
    async def _served(self, world: World) -> AsyncIterator[str]:
        async with self._places:
            number, tld = self._service.put(world)
            try:
                yield tld
            finally:
                self._service.take(number)
        self._judged += 1
        if self._judged % _FORGET_EVERY == 0:
            await asyncio.gather(self._unbound.forget(), self._bind.forget())


def _word(told: Told, unbound: Judged, bind: Judged) -> str:
    if unbound.passes != bind.passes:
        return "resolvers differ"
    return f"agreed: {'ready' if told.outcome == comparing.READY else 'not ready'}"


async def judge(
    worlds: Iterable[World],
    *,
    shrink: int | None = None,
    watch: Callable[[str], object] = str,
    lenient: bool = False,
) -> Account:
    """Judge these worlds, and shrink the first `shrink` that show a difference (None: all).

    `lenient`: this project is told to go on where a name server is down and another one answers.
    """
    account = Account()
    directory = Directory("dns-preflight-differential-")
    service = Service()
    judging = Judging(directory, service, lenient=lenient)
    pending = iter(worlds)

    async def work() -> None:
        for number, world in enumerate(pending):
            if number % _HEALTHY_EVERY == 0 and not await judging.try_itself():
                account.busy += 1
            found = await judging.difference(world)
            if isinstance(found, Difference):
                account.ended["differences"] += 1
                watch(f"seed {world.seed}: {found.kind}")
                account.differences.append(found)
            else:
                account.ended[found] += 1

    async def shrunk(difference: Difference) -> Difference:
        found = await judging.smallest(difference)
        watch(f"\n{found.describe()}")
        return found

    try:
        await judging.open()
        await asyncio.gather(*(work() for _ in range(_AT_ONCE)))
        first = account.differences[:shrink]
        account.differences[:shrink] = await asyncio.gather(*map(shrunk, first))
    finally:
        judging.close()
        service.stop()
        directory.remove()
    return account
