"""The end comes when it is due, whatever an answer costs: counted in calls, not in seconds.

What runs in the event loop when the time is up, or a signal comes, is what makes a run late. A turn
of the loop cannot be interrupted, and after it only judging and telling are left; both are counted
in function calls, of which any machine that certbot runs on does some millions in a second.
`benchmarks/lateness.py` measures the seconds.
"""

from __future__ import annotations

import asyncio
import functools
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING, Self

import pytest

from certbot_dns_preflight.caa.policy import IssuanceRequest
from certbot_dns_preflight.challenge import make_challenge
from certbot_dns_preflight.facts.answers import Response
from certbot_dns_preflight.facts.outcome import Outcome, Verdict
from certbot_dns_preflight.report import json_report, text
from certbot_dns_preflight.resolve import sockets
from certbot_dns_preflight.resolve.exchange import Asked, Exchange, Replied
from certbot_dns_preflight.resolve.messages import match_response
from certbot_dns_preflight.resolve.wire import LARGE
from certbot_dns_preflight.run import session, signals, waiting
from certbot_dns_preflight.settings import Settings
from tests import peak_memory
from tests.clock import Clock
from tests.hostile.attacks import ATTACKS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import FrameType

    from certbot_dns_preflight.resolve.messages import Matched, ParsedMessages
    from certbot_dns_preflight.resolve.queries import Query
    from tests.lab import Lab

pytestmark = pytest.mark.slow

ANYBODY = IssuanceRequest(identities=("letsencrypt.org",))
VALUE = b"gfj9Xq8kZ2mT4vB7nR1sL0pW6yD3hC5aE9uG2iK8oJg"
LONG = 3600.0
MOST_CALLS_A_TURN = 300_000
MOST_CALLS_AFTER, MOST_CALLS_A_NAME_MORE = 1_000_000, 100_000
MOST_MEBIBYTES = 130
MOST_READ_AFTER = 5
"""Large messages that are begun to be read, while task after task is told to end."""
ENOUGH, LARGE_REPLY = 12, 200
"""Replies of so many records after which an attack is under way."""
AT_THE_LATEST = 3.0
"""Seconds after which it is taken for that, where so many never come."""

_TURN = asyncio.BaseEventLoop._run_once.__code__  # type: ignore[attr-defined]


class Calls:
    """Counts function calls of this thread: in the longest turn of the loop, and since `mark`."""

    def __init__(self) -> None:
        self.longest_turn = self.since_mark = self._turn = 0
        self._marked = False

    def __enter__(self) -> Self:
        sys.setprofile(self._count)
        return self

    def __exit__(self, *_: object) -> None:
        sys.setprofile(None)

    def mark(self) -> None:
        """Count from here on what the end takes."""
        self._marked = True

    def _count(self, frame: FrameType, event: str, _: object) -> None:
        if event not in ("call", "c_call"):
            return
        self._turn += 1
        self.since_mark += self._marked
        if event == "call" and frame.f_code is _TURN:
            self._turn = 0
        if not self._marked:  # then it is the end that is counted
            self.longest_turn = max(self.longest_turn, self._turn)


class Parsed:
    """Notes how large what is parsed in the event loop is, and what is begun after the end."""

    def __init__(self) -> None:
        self.largest_in_the_loop = self.large_after_the_end = 0
        self.ended = False

    def match(self, wire: bytes, query: Query, parsed: ParsedMessages | None = None) -> Matched:
        """Parse a message, unless an equal one is among those `parsed`."""
        if threading.current_thread() is threading.main_thread():
            self.largest_in_the_loop = max(self.largest_in_the_loop, len(wire))
        elif self.ended:
            self.large_after_the_end += 1
        return match_response(wire, query, parsed)


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> Parsed:
    noted = Parsed()
    monkeypatch.setattr(sockets, "match_response", noted.match)
    return noted


@pytest.fixture(params=list(ATTACKS))
def domains(request: pytest.FixtureRequest, lab: Lab) -> Iterator[list[str]]:
    """Let one attack go on."""
    with ATTACKS[request.param](lab) as names:
        yield names


def when_under_way(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Give what is set when an attack is under way."""
    under_way = asyncio.Event()
    large: list[Response] = []

    async def note(event: Asked | Replied) -> None:
        if isinstance(event, Replied) and isinstance(event.reply, Response):
            message = event.reply.message
            if sum(map(len, (*message.answer, *message.authority))) >= LARGE_REPLY:
                large.append(event.reply)
                if len(large) == ENOUGH:
                    under_way.set()

    monkeypatch.setattr(session, "Exchange", functools.partial(Exchange, observer=note))
    return under_way


def test_when_the_time_is_up_little_is_left_to_do(
    lab: Lab, domains: list[str], parsed: Parsed, monkeypatch: pytest.MonkeyPatch
) -> None:
    under_way = when_under_way(monkeypatch)
    calls = Calls()

    async def go() -> Outcome:
        async def end() -> None:
            await asyncio.wait([asyncio.create_task(under_way.wait())], timeout=AT_THE_LATEST)
            calls.mark()
            parsed.ended = True
            clock.move_on(LONG)

        ending = asyncio.create_task(end())
        settings = Settings(root_hints=lab.root_hints, query_timeout=60, timeout=LONG)
        wanted = [make_challenge(domain, [VALUE]) for domain in domains]
        extras = waiting.Extras(request=ANYBODY)
        outcome = await waiting.preflight(wanted, settings, wait=True, extras=extras)
        await ending
        return outcome

    clock = Clock()
    with asyncio.Runner(loop_factory=lambda: clock) as runner, calls:
        outcome = runner.run(go())
        json_report.render(outcome)
        text.render(outcome, width=80)
    assert outcome.verdict is not Verdict.READY
    assert calls.longest_turn <= MOST_CALLS_A_TURN
    assert 0 < calls.since_mark <= MOST_CALLS_AFTER + MOST_CALLS_A_NAME_MORE * (len(domains) - 1)
    assert parsed.largest_in_the_loop < LARGE
    assert parsed.large_after_the_end <= MOST_READ_AFTER


@pytest.mark.parametrize(
    "domains", ["1,000 values at 20 addresses", "NSEC3 in thousands"], indirect=True
)
def test_when_a_signal_comes_nothing_is_left_to_do(
    lab: Lab, domains: list[str], parsed: Parsed, monkeypatch: pytest.MonkeyPatch
) -> None:
    class StoppedError(Exception):
        pass

    def stop(*_: object) -> None:
        raise StoppedError

    under_way = when_under_way(monkeypatch)
    calls = Calls()

    async def go() -> Outcome:
        async def end() -> None:
            await under_way.wait()
            calls.mark()
            parsed.ended = True
            os.kill(os.getpid(), signal.SIGTERM)

        ending = asyncio.create_task(end())
        settings = Settings(root_hints=lab.root_hints, query_timeout=60, timeout=LONG)
        wanted = [make_challenge(domain, [VALUE]) for domain in domains]
        outcome = await waiting.preflight(wanted, settings, wait=True)
        assert ending.done(), "it was over before the attack was under way"
        return outcome

    before = signal.signal(signal.SIGTERM, stop)
    try:
        with pytest.raises(StoppedError), calls:
            signals.run(go())
    finally:
        signal.signal(signal.SIGTERM, before)
    assert calls.longest_turn <= MOST_CALLS_A_TURN
    assert 0 < calls.since_mark <= MOST_CALLS_A_TURN
    assert parsed.large_after_the_end <= MOST_READ_AFTER


@pytest.mark.parametrize("domains", ["the same at 20 names", "NSEC3 in thousands"], indirect=True)
def test_the_attacks_that_are_largest_take_little_memory(
    lab: Lab, domains: list[str], tmp_path: Path
) -> None:
    report = tmp_path / "report.json"
    peak = peak_memory.of_command(
        *("check", *domains, "--wait", "--timeout=4", "--quiet"),
        *(f"--expect={domain}={VALUE.decode()}" for domain in domains),
        *(f"--root-hints={lab.root_hints}", f"--report={report}"),
    )
    assert peak <= MOST_MEBIBYTES * 1024
    assert report.stat().st_size > 0
