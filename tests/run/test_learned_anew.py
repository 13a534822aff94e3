"""Who must agree is learned when the records are made, and once more before the last round."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from certbot_dns_preflight.challenge import make_challenge
from certbot_dns_preflight.facts.outcome import Outcome, Progress, Verdict
from certbot_dns_preflight.resolve.cache import DelegationCache
from certbot_dns_preflight.resolve.exchange import Asked, Exchange, Replied
from certbot_dns_preflight.run import precheck, session, waiting
from certbot_dns_preflight.settings import Settings
from tests.clock import run as clocked
from tests.lab.laboratory import zone_text
from tests.lab.servers import Hosted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.clock import Clock
    from tests.lab import Lab

pytestmark = pytest.mark.thorough

CHALLENGE = make_challenge("moves.test", [b"v"])


@pytest.fixture
def settings(lab: Lab) -> Settings:
    return Settings(root_hints=lab.root_hints, query_timeout=1, timeout=20, interval=0.3)


@pytest.fixture
def moves(lab: Lab) -> Iterator[str]:
    """Serve moves.test. on BIND with the record, and on NSD, not yet delegated to, without."""
    lab.nsd.put(Hosted(origin="moves.test.", text=zone_text("moves.test.", [lab.bind, lab.nsd])))
    lab.zone("moves.test.", [lab.bind], records="_acme-challenge TXT v")
    yield "moves.test."
    lab.nsd.drop("moves.test.")


def statuses(outcome: Outcome) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for one in outcome.challenges[0].survey.observations:
        found.setdefault(one.nameserver.to_text(), set()).add(one.status.value)
    return found


def test_name_servers_that_came_after_the_look_beforehand_are_asked(
    lab: Lab, settings: Settings, moves: str
) -> None:
    cache = DelegationCache()
    asyncio.run(precheck.check([CHALLENGE], settings, cache=cache))
    lab.delegate(moves, [lab.bind, lab.nsd])

    async def go(clock: Clock) -> Outcome:
        def watch(progress: Progress) -> None:
            if progress.surveys[0].rounds == 2:
                clock.run_out(progress)

        extras = waiting.Extras(cache=cache)
        return await waiting.preflight([CHALLENGE], settings, wait=True, watch=watch, extras=extras)

    outcome = clocked(go)
    assert outcome.verdict is Verdict.NOT_READY
    assert statuses(outcome) == {lab.bind.host: {"match"}, lab.nsd.host: {"absent"}}


@pytest.mark.parametrize("confirmations", [2, 3])
def test_name_servers_that_come_during_the_wait_are_asked_before_the_last_round(
    lab: Lab, settings: Settings, moves: str, confirmations: int
) -> None:
    settings = Settings(
        root_hints=settings.root_hints,
        query_timeout=1,
        timeout=20,
        interval=0.3,
        confirmations=confirmations,
    )
    changed = False

    async def go(clock: Clock) -> Outcome:
        def watch(progress: Progress) -> None:
            nonlocal changed
            survey = progress.surveys[0]
            if survey.rounds == confirmations - 1 and progress.next_round_in and not changed:
                lab.delegate(moves, [lab.bind, lab.nsd])
                changed = True
            if survey.rounds > confirmations:
                clock.run_out(progress)

        return await waiting.preflight([CHALLENGE], settings, wait=True, watch=watch)

    outcome = clocked(go)
    assert changed
    assert outcome.verdict is Verdict.NOT_READY
    assert statuses(outcome) == {lab.bind.host: {"match"}, lab.nsd.host: {"absent"}}


@pytest.mark.usefixtures("moves")
def test_the_root_is_asked_once_however_often_the_rest_is_learned(
    lab: Lab, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: Counter[str] = Counter()

    async def note(event: Asked | Replied) -> None:
        if isinstance(event, Asked):
            asked[event.endpoint.address] += 1

    def watched(**options: object) -> Exchange:
        return Exchange(**options, observer=note)  # type: ignore[arg-type]

    monkeypatch.setattr(session, "Exchange", watched)
    outcome = waiting.run([CHALLENGE], settings, wait=True)
    assert outcome.verdict is Verdict.READY
    assert sum(asked[address] for address in lab.root.addresses) == 1
    # The delegations of moves.test. and of dns.test., each learned twice.
    assert sum(asked[address] for address in lab.tld.addresses) <= 4
    # NS and TXT at each address, twice; and SOA.
    assert sum(asked[address] for address in lab.bind.addresses) <= 10
