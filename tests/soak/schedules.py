"""Random faults while a wait goes on: whatever happens, "ready" must be what a CA would see.

A schedule is made from its seed alone. Its faults happen one after the other, from before the wait
until it is over at the latest; each is undone after a while, so that every schedule can end ready.
`host` has what happens to this host rather than to a server.
"""

from __future__ import annotations

import asyncio
import contextlib
import enum
import random
import subprocess
import time
from concurrent import futures
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, assert_never

import dns.exception
import dns.message
import dns.rcode
import dns.rdatatype

from certbot_dns_preflight import Verdict, as_text, preflight
from tests.lab import DaemonError
from tests.lab.namespace import add_addresses
from tests.observe import until
from tests.soak.host import Disk, WallClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Self

    from certbot_dns_preflight import Outcome, Progress
    from tests.lab import Hosted, Lab, NameServer

ZONE = "example.test."
ASKED_OF_UNBOUND = 12
"""How often the judge is asked anew: it picks one of eight addresses each time."""
_LONGEST_PAUSE = 0.8
_LONGEST_FAULT = 2.5
_MOST_FAULTS = 4
_OFTEN = 0.1


class Fault(enum.StrEnum):
    """What may happen to a server, to all of them, or to this host."""

    KILLED = "killed"
    FROZEN = "stopped"
    ZONE_REMOVED = "without the zone"
    BEHIND = "kept from transfers"
    LINK_DOWN = "link down"
    CLOCK_SET = "clock set"
    DISK_FULL = "disk full"


HERE = "this host"
_OF_THIS_HOST = (Fault.CLOCK_SET, Fault.DISK_FULL)
_OF_A_PRIMARY = (Fault.KILLED, Fault.FROZEN, Fault.LINK_DOWN)
_OF_A_SECONDARY = tuple(fault for fault in Fault if fault not in _OF_THIS_HOST)
FURTHEST = 400 * 86400.0
"""Seconds that a clock is set ahead or back at most."""


@dataclass(frozen=True, slots=True)
class Event:
    """One fault of a schedule: after a pause, to one of four servers or this host, for a while.

    `ahead`: where the clock is set, by how many seconds.
    """

    fault: Fault
    server: str
    pause: float
    lasts: float
    ahead: float = 0.0

    def __str__(self) -> str:
        """Write it for a log."""
        return f"+{self.pause:.1f} s {self.server} {self.fault} for {self.lasts:.1f} s"


@dataclass(frozen=True, slots=True)
class Judged:
    """How a schedule went. `contradicted` says what Unbound, or a server, said against "ready".

    `at_the_last`: something had changed in the last round or after it, so that both may be right.
    `complaints`: a file that was not whole, or a time that was not the one that had passed.
    """

    seed: int
    events: tuple[Event, ...]
    verdict: Verdict
    answer: str
    seconds: float
    contradicted: tuple[str, ...]
    complaints: tuple[str, ...]
    at_the_last: bool

    @property
    def wrong(self) -> bool:
        """Whether "ready" was a wrong word, or a file or a time a wrong one."""
        return bool(self.contradicted and not self.at_the_last) or bool(self.complaints)


def schedule(seed: int) -> tuple[Event, ...]:
    """Make a schedule."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    return tuple(_event(chance) for _ in range(chance.randint(1, _MOST_FAULTS)))


def _event(chance: random.Random) -> Event:
    server = chance.choice(["bind", "nsd", "knot", "pdns", HERE])
    may_be = {"bind": _OF_A_PRIMARY, HERE: _OF_THIS_HOST}
    return Event(
        chance.choice(may_be.get(server, _OF_A_SECONDARY)),
        server,
        round(chance.uniform(0, _LONGEST_PAUSE), 2),
        round(chance.uniform(0, _LONGEST_FAULT), 2),
        ahead=round(chance.uniform(-FURTHEST, FURTHEST)),
    )


def run(lab: Lab, seed: int, *, timeout: float = 60.0) -> Judged:
    """Make a record, let the schedule's faults happen while it is waited for, and judge."""
    events = schedule(seed)
    label, value = f"soak{seed}", f"value-of-schedule-{seed}-{'x' * 20}"
    owner = f"_acme-challenge.{label}.{ZONE}"
    domain = f"{label}.{ZONE.rstrip('.')}"
    rounds: dict[int, float] = {}

    def watch(progress: Progress) -> None:
        for survey in progress.surveys:
            rounds.setdefault(survey.rounds, time.monotonic())

    def wait() -> Outcome:
        update(lab, add=[f'{owner} TXT "{value}"'])
        return asyncio.run(
            preflight(
                {domain: value},
                wait=True,
                watch=watch,
                timeout=timeout,
                interval=0.5,
                confirmations=4,
                query_timeout=2,
                root_hints=lab.root_hints,
            )
        )

    restore = lab.checkpoint()
    begun = time.monotonic()
    contradicted: tuple[str, ...] = ()
    try:
        # The faults are in this thread: the kernel ends a daemon with the thread that started it.
        with (
            Disk() as disk,
            WallClock() as clock,
            ThreadPoolExecutor(1) as pool,
            Faults(lab, disk, clock) as faults,
        ):
            waiting = pool.submit(wait)
            faults.happen(events, until=waiting)
            outcome = waiting.result()
            seconds = time.monotonic() - begun
            disk.keep(outcome)
            complaints = list(disk.complaints)
            if not 0 <= outcome.elapsed <= seconds:
                complaints.append(f"{outcome.elapsed:.1f} s told, {seconds:.1f} s passed")
            # What is still amiss now stays so while it is judged.
            at_the_last = faults.changed > _last_round(outcome, rounds, begun)
            if outcome.verdict is Verdict.READY:
                contradicted = tuple(contradictions(lab, owner, value))
        return Judged(
            *(seed, events, outcome.verdict, as_text(outcome, width=200).partition("\n")[0]),
            *(seconds, contradicted, tuple(complaints)),
            at_the_last=at_the_last,
        )
    finally:
        restore()
        update(lab, delete=[owner])
        lab.wait_synchronous()


def _last_round(outcome: Outcome, rounds: dict[int, float], begun: float) -> float:
    """Give a moment before which nothing of the last round was asked."""
    last = max(judged.survey.rounds for judged in outcome.challenges)
    return max((at for number, at in rounds.items() if number < last), default=begun)


def update(lab: Lab, **lines: list[str]) -> None:
    """Update the primary, as soon as it takes it."""

    def done() -> bool:
        try:
            lab.update(lab.primary, ZONE, **lines)
        except (dns.exception.DNSException, OSError, EOFError, DaemonError):
            return False
        return True

    until(done, what="the primary takes an update")


def contradictions(lab: Lab, owner: str, value: str) -> Iterator[str]:
    """Ask Unbound, and every server, for what is said to be there."""
    for _ in range(ASKED_OF_UNBOUND):
        lab.unbound.flush()
        try:
            answer = lab.unbound.query(owner, "TXT")
        except (dns.exception.Timeout, OSError):
            break  # as where the link has just gone down; the servers are asked all the same
        if value not in _texts(answer):
            yield f"Unbound: {dns.rcode.to_text(answer.rcode())} {sorted(_texts(answer))}"
    for server in lab.nameservers:
        try:
            answer = server.query(owner, "TXT", seconds=5)
        except (dns.exception.DNSException, OSError) as error:
            yield f"{server}: {error}"
            continue
        if value not in _texts(answer):
            yield f"{server}: {dns.rcode.to_text(answer.rcode())} {sorted(_texts(answer))}"


def _texts(answer: dns.message.Message) -> set[str]:
    return {
        b"".join(rdata.strings).decode("latin-1")
        for rrset in answer.answer
        if rrset.rdtype == dns.rdatatype.TXT
        for rdata in rrset
    }


class Faults:
    """Lets events happen; what has begun by its end is undone then.

    `changed` is when something began or was undone last.
    """

    def __init__(self, lab: Lab, disk: Disk, clock: WallClock) -> None:
        self._lab = lab
        self._disk = disk
        self._clock = clock
        self._undo = contextlib.ExitStack()
        self._killed = self._cut = False
        self._missed: set[NameServer] = set()
        self.changed = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._undo.close()
        until(self._have_caught_up, what="all servers run and have the zone")

    def _have_caught_up(self) -> bool:
        for server in self._lab.nameservers:
            if not server.running:
                self._start(server)
        return self._catch_up()

    def happen(self, events: tuple[Event, ...], *, until: Future[object]) -> None:
        """Let events happen, one after the other, until something is done."""
        for event in events:
            if self._is_done(until, event.pause):
                return
            begin, undo = self._of(event)
            self._undo.callback(undo)
            self._change(begin)
            if self._is_done(until, event.lasts):
                return
            self._change(self._undo.pop_all().close)
        while not self._is_done(until, 1.0):
            pass

    def _is_done(self, future: Future[object], seconds: float) -> bool:
        """Wait for something for so long at most; meanwhile revive what ended by itself."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if futures.wait([future], min(left, _OFTEN)).done:
                return True
            for server in self._lab.nameservers:
                # PowerDNS ends when it finds the network gone.
                if not (server.running or self._killed or self._cut):
                    self._change(lambda server=server: self._start(server))
            self._catch_up()
        return future.done()

    def _change(self, what: Callable[[], object]) -> None:
        what()
        self.changed = time.monotonic()

    def _of(self, event: Event) -> tuple[Callable[[], None], Callable[[], None]]:
        """Give how a fault begins, and how it is undone."""
        match event.fault:
            case Fault.CLOCK_SET:
                return lambda: self._clock.set(event.ahead), lambda: self._clock.set(0.0)
            case Fault.DISK_FULL:
                return self._disk.fill, self._disk.free
            case _:
                return self._of_server(event, getattr(self._lab, event.server))

    def _of_server(
        self, event: Event, server: NameServer
    ) -> tuple[Callable[[], None], Callable[[], None]]:
        match event.fault:
            case Fault.KILLED:
                return lambda: self._kill(server), lambda: self._start(server)
            case Fault.FROZEN:
                return server.freeze, server.thaw
            case Fault.ZONE_REMOVED:
                gone = server.zones[ZONE]
                return lambda: server.drop(ZONE), lambda: self._put_back(server, gone)
            case Fault.BEHIND:
                return (
                    lambda: self._lab.pause_transfers(server, ZONE),
                    lambda: self._lab.resume_transfers(server, ZONE),
                )
            case Fault.LINK_DOWN:
                return self._link_down, self._link_up
            case Fault.CLOCK_SET | Fault.DISK_FULL:
                raise AssertionError(event)
            case _ as never:
                assert_never(never)

    def _kill(self, server: NameServer) -> None:
        self._killed = True
        server.kill()

    def _start(self, server: NameServer) -> None:
        """Start a server again, and have it fetch what it missed: else it would do so in a day."""
        server.start()
        self._killed = False
        server.wait_ready()
        self._missed.update(self._lab.secondaries if server is self._lab.primary else (server,))
        self._catch_up()

    def _put_back(self, server: NameServer, gone: Hosted) -> None:
        server.put(gone)
        self._missed.add(server)
        self._catch_up()

    def _catch_up(self) -> bool:
        """Have servers fetch what they missed, as far as they and the primary can do so now."""
        for server in [one for one in self._missed if one.running]:
            with contextlib.suppress(DaemonError, dns.exception.DNSException, OSError):
                self._lab.refresh(server, ZONE)
                self._missed.discard(server)
        return not self._missed

    def _link_down(self) -> None:
        self._cut = True
        subprocess.run(["ip", "link", "set", "lo", "down"], check=True)

    def _link_up(self) -> None:
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        # The kernel forgets IPv6 addresses with the link.
        for each in (self._lab.unbound, *self._lab._all_servers()):
            add_addresses(each.address4, each.address6)
        self._cut = False
