"""What a check and a wait cost, in a lab with the shape of the internet, beside a naive baseline.

13 servers each of a signed root and of signed registries, six providers with two to eight name
servers, round trips of 8 to 250 ms by address, and 1 % loss where it says so. Questions are counted
by the network between the client and the servers, and exactly; times depend on the machine, so read
them as ratios to the baseline, which ran beside them: plain dnspython that asks for the TXT record
at every address, and knows nothing else (`benchmarks.world.plain`).

    python -m benchmarks.internet [--names N] [--quick] [--json] [--only PART ...]

Needs, beside what the tests need, gcc. Where lego, dnsviz and zonemaster-cli are installed, they
look at names of the same lab (`--only peers`).
"""

from __future__ import annotations

import argparse
import compileall
import json
import random
import shutil
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import certbot_dns_preflight
from benchmarks.world import clients, peers, table
from benchmarks.world.servers import World
from benchmarks.world.table import BASELINE, CLIENTS, Row, Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from benchmarks.world.clients import Ran
    from benchmarks.world.shape import Customer

WITHOUT, WITH = CLIENTS[:2]
LOSS = 0.01
FIXED = 0.25
"""Seconds of every round trip where sequential ones are counted."""
_FIRST, _LAST = 5.0, 15.0
"""Seconds from the start of a wait in which the servers come to have the records."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many names each part looks at, and how many datagrams are lost one by one."""

    names: int
    long: int
    list: int
    shares: tuple[float, ...]
    lost: int


USUAL = Sizes(names=100, long=1000, list=2000, shares=(0.25, 0.1), lost=16)
QUICK = Sizes(names=20, long=100, list=0, shares=(0.25,), lost=4)


class Benchmark:
    """The measurements, each of which gives rows of the table."""

    def __init__(self, world: World, sizes: Sizes) -> None:
        """Measure in `world`."""
        self._world = world
        self._sizes = sizes

    @property
    def parts(self) -> dict[str, Callable[[], Iterator[Row]]]:
        """What can be measured, in the order of the table."""
        return {
            "questions": self.questions,
            "round-trips": self.round_trips,
            "long": self.long,
            "share": self.share,
            "list": self.whole_list,
            "notice": self.notice,
            "lost": self.lost,
        }

    def questions(self) -> Iterator[Row]:
        """Count the questions of one name and of many, with the CPU that they take."""
        many = self._sizes.names
        for count in (1, many):
            ran, counts = self._all_clients(count)
            label = "1 name" if count == 1 else f"{count} names"
            asked = {client: table.asked(counts[client]) / count for client in CLIENTS}
            yield Row(
                f"questions-{count}",
                f"questions a name, {label}",
                asked,
                goal=45 if count == many else None,
            )
        registry = {client: table.asked_registries(counts[client]) / many for client in CLIENTS}
        yield Row("registry", "of them to servers of root and TLDs", registry, goal=2)
        again = {client: counts[client]["again"] / many for client in CLIENTS}
        yield Row("again", "of them asked before in the run, apart from TXT", again, goal=0)
        resolver = {client: table.asked_resolver(counts[client]) / many for client in CLIENTS}
        yield Row("resolver", "besides, to this host's resolver", resolver)
        cpu = {client: ran[client].cpu / many * 1000 for client in CLIENTS}
        yield Row("cpu", "CPU a name", cpu, "ms", goal=30, times=1.5)
        wall = {client: ran[client].wall for client in CLIENTS}
        yield Row("wall", f"wall clock, {many} names", wall, "s", times=2)

    def round_trips(self) -> Iterator[Row]:
        """Make all distances equal: how often nothing goes on before an answer has come."""
        for count, goal in ((1, 8), (self._sizes.names, 16)):
            _, counts = self._all_clients(count, fixed=FIXED)
            trips = {client: counts[client]["flying"] / FIXED for client in CLIENTS}
            label = "1 name" if count == 1 else f"{count} names"
            yield Row(f"trips-{count}", f"sequential round trips, {label}", trips, goal=goal)

    def long(self) -> Iterator[Row]:
        """Look at many names while datagrams are lost."""
        count = self._sizes.long
        ran, _ = self._all_clients(count, loss=LOSS)
        label = f"{count:,} names, 1 % loss"
        few, many = (25, 100), (240, 150)
        seconds, memory = few if count <= USUAL.long else many
        wall = {client: ran[client].wall for client in CLIENTS}
        yield Row("long-wall", f"{label}: wall clock", wall, "s", goal=seconds, times=2)
        peak = {client: ran[client].peak_bytes / 2**20 for client in CLIENTS}
        yield Row("long-memory", f"{label}: memory", peak, "MiB", goal=memory)
        yield self._wrong("long-wrong", f"{label}: not ready", ran, count)

    def share(self) -> Iterator[Row]:
        """Look at healthy names with a part of a core."""
        for share in self._sizes.shares:
            ran, _ = self._all_clients(self._sizes.names, loss=LOSS, share=share)
            label = f"{self._sizes.names} names on {share:g} of a core, 1 % loss: not ready"
            yield self._wrong(f"share-{share:g}", label, ran, self._sizes.names)

    def whole_list(self) -> Iterator[Row]:
        """Look at a long list with default options."""
        count = self._sizes.list
        if count:
            ran, _ = self._all_clients(count, only=(WITHOUT, BASELINE))
            label = f"check of {count:,} names"
            yield self._wrong("list-wrong", f"{label}: not ready", ran, count)
            wall = {client: each.wall for client, each in ran.items()}
            yield Row("list-wall", f"{label}: wall clock", wall, "s", times=2)

    def notice(self) -> Iterator[Row]:
        """Wait while the servers come to have the records, one after another."""
        world, customers = self._world, self._world.customers[: self._sizes.names]
        world.set()
        world.withdraw()
        order = random.Random(11)  # noqa: S311 - the same at every run
        times = {
            address: order.uniform(_FIRST, _LAST)
            for group in world.shape.providers
            for address in group.addresses
        }
        client = clients.Client([*self._command(WITH, len(customers)), "--wait"])
        for address, due in sorted(times.items(), key=lambda item: item[1]):
            time.sleep(max(0.0, client.begun + due - time.monotonic()))
            world.publish(address)
        ran = client.wait()
        shown = {c.domain: max(times[a] for a in c.provider.addresses) for c in customers}
        late = table.delays(shown, clients.ready(ran, len(customers)))
        label = f"notice after the last server has it, {len(customers)} names"
        yield Row("notice", f"{label}: median", {WITH: table.middle(late)}, "s", goal=1)
        yield Row("notice-last", f"{label}: latest", {WITH: table.highest(late)}, "s", goal=2)
        asked = world.counts()["at"]
        rate = max(asked) / len(customers) / ran.wall * len(world.shape.providers)
        yield Row(
            "notice-rate", "most questions a second to one address, by name", {WITH: rate}, digits=2
        )

    def lost(self) -> Iterator[Row]:
        """Lose one datagram of a run, at each of several places, and compare with none lost."""
        distance = 0.1
        costs: dict[str, list[float]] = {client: [] for client in CLIENTS}
        for client in (WITH, BASELINE):
            none = []
            for _ in range(3):
                _, counts = self._one(client, 1, fixed=distance)
                none.append(counts["elapsed"])
            last = table.asked(counts) + table.asked_resolver(counts)
            places = {1 + place * last // self._sizes.lost for place in range(self._sizes.lost)}
            for place in sorted(places):
                _, counts = self._one(client, 1, fixed=distance, drop=place)
                costs[client].append(max(0.0, counts["elapsed"] - sorted(none)[1]))
        label = "one lost datagram, round trips of 0.1 s"
        middle = {client: table.middle(costs[client]) for client in CLIENTS}
        yield Row("lost", f"{label}: median", middle, "s", 2)
        highest = {client: table.highest(costs[client]) for client in CLIENTS}
        yield Row("lost-most", f"{label}: most", highest, "s", 2, goal=0.4)

    # How

    def _all_clients(
        self,
        count: int,
        *,
        only: Sequence[str] = CLIENTS,
        **how: Any,  # noqa: ANN401 - passed on
    ) -> tuple[dict[str, Ran], dict[str, dict[str, Any]]]:
        both = {client: self._one(client, count, **how) for client in only}
        return (
            {client: ran for client, (ran, _) in both.items()},
            {client: counts for client, (_, counts) in both.items()},
        )

    def _one(
        self,
        client: str,
        count: int,
        *,
        share: float | None = None,
        **network: Any,  # noqa: ANN401 - passed on
    ) -> tuple[Ran, dict[str, Any]]:
        time.sleep(0.3)  # what is still on its way to the one before
        self._world.set(**network)
        ran = clients.run(self._command(client, count), share=share)
        clients.ready(ran, count)  # ends the benchmark where a client failed
        return ran, self._world.counts()

    def for_one(self, customer: Customer) -> dict[str, list[str]]:
        """Give the commands that look at one name."""
        return {
            "dns-preflight check": self._look(WITH, [customer]),
            BASELINE: self._look(BASELINE, [customer]),
        }

    def _command(self, client: str, count: int) -> list[str]:
        return self._look(client, self._world.customers[:count])

    def _look(self, client: str, customers: Sequence[Customer]) -> list[str]:
        names = self._world.path / f"names-{len(customers)}-{CLIENTS.index(client)}"
        names.write_text(
            "".join(f"{c.domain}{'' if client == WITHOUT else f' {c.value}'}\n" for c in customers)
        )
        hints = str(self._world.root_hints)
        if client == BASELINE:
            return [sys.executable, "-m", "benchmarks.world.plain", hints, str(names)]
        beside = shutil.which("dns-preflight", path=str(Path(sys.executable).parent))
        return [
            beside or "dns-preflight",
            "check",
            f"--file={names}",
            "--jsonl",
            f"--root-hints={hints}",
            f"--trust-anchor={self._world.trust_anchor}",
        ]

    @staticmethod
    def _wrong(key: str, what: str, ran: dict[str, Ran], count: int) -> Row:
        wrong = {client: count - len(clients.ready(each, count)) for client, each in ran.items()}
        return Row(key, what, wrong, digits=0, goal=0)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--names", type=int, metavar="N", help="of the long run; 1000")
    parser.add_argument("--quick", action="store_true", help="fewer names, in two minutes")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--only", nargs="+", metavar="PART", help="measure these parts alone")
    given = parser.parse_args()
    # As in an installation: a work tree may lack the bytecode, and then each start compiles it.
    compileall.compile_dir(Path(certbot_dns_preflight.__file__).parent, quiet=1)
    sizes = QUICK if given.quick else USUAL
    long = given.names or sizes.long
    sizes = Sizes(sizes.names, long, sizes.list, sizes.shares, sizes.lost)
    made = Table()
    count = max(sizes.names, sizes.long, sizes.list)
    with World(count, unpublished=sizes.names) as world:
        benchmark = Benchmark(world, sizes)
        parts = benchmark.parts
        unknown = set(given.only or ()) - {*parts, "peers"}
        if unknown:
            parser.error(f"--only: one of {', '.join([*parts, 'peers'])}")
        for part, measure in parts.items():
            if part in (given.only or parts):
                for measured in measure():
                    row = measured.without_goal() if given.quick else measured
                    made.rows.append(row)
                    print(f"{row.what}: {dict(row.values)}", file=sys.stderr)
        looked = []
        if "peers" in (given.only or ["peers"]):
            looked = peers.look_with_peers(world, benchmark.for_one(world.customers[2]))
    if given.json:
        rows = made.as_json()
        print(json.dumps({"rows": rows, "peers": [peer.as_json() for peer in looked]}, indent=1))
        return 0
    if made.rows:
        print(made.as_text())
    if looked:
        print(f"\n{peers.as_text(looked)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
