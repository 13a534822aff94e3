"""Zones that have much asked, and little of it answered: counted on a simulated clock.

However much there is to ask: it is bounded, and the end comes when it is due.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from dns.rdatatype import CAA, CNAME, TXT

from certbot_dns_preflight.caa.policy import IssuanceRequest
from certbot_dns_preflight.challenge import make_challenge
from certbot_dns_preflight.facts.outcome import Outcome, Verdict
from certbot_dns_preflight.report import json_report, text
from certbot_dns_preflight.resolve import split_horizon
from certbot_dns_preflight.resolve.exchange import Exchange
from certbot_dns_preflight.resolve.sockets import Sockets
from certbot_dns_preflight.run import session, waiting
from certbot_dns_preflight.settings import Settings
from tests.hostile.simulated import Hostile, Zone
from tests.simulated import clock
from tests.simulated.internet import Cable

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.slow

ANYBODY = IssuanceRequest(identities=("letsencrypt.org",))
VALUE = b"gfj9Xq8kZ2mT4vB7nR1sL0pW6yD3hC5aE9uG2iK8oJg"
DOMAIN, RECORD = "a0.test", "_acme-challenge.a0.test."
DATAGRAMS = 3
"""What one question may be sent as, where nothing comes back."""


@dataclass(frozen=True, slots=True)
class Case:
    """Zones, the codes that tell of them, and the most datagrams that they may cause."""

    internet: Hostile
    codes: frozenset[str]
    most: int
    timeout: float = 12.0


def many_aliases() -> Case:
    """Sixteen aliases in a row, in zones of a hundred addresses each."""
    owners = [RECORD, *(f"x.a{number}.test." for number in range(1, 17))]
    zones = [
        Zone(f"a{number}.test.", 20, 5, ((owners[number], CNAME, owners[number + 1]),))
        for number in range(16)
    ]
    zones.append(Zone("a16.test.", 20, 5, ((owners[16], TXT, '"other"'),)))
    return Case(
        Hostile(0, zones=tuple(zones)), frozenset({"alias-target-lacks-record"}), 17 * 100 * 5
    )


def caa_in_thousands() -> Case:
    """A thousand CAA records, none of which allows the CA, at a hundred addresses."""
    records = [("a0.test.", CAA, f'0 issue "ca{number}.example"') for number in range(1000)]
    zone = Zone("a0.test.", 20, 5, ((RECORD, TXT, '"other"'), *records))
    most = 100 * (2 * 12 + 10)  # at each address two rounds a second, and ten queries besides
    return Case(Hostile(0, zones=(zone,)), frozenset({"caa-forbids", "wrong-value"}), most)


def silent_addresses() -> Case:
    """A hundred name servers, each with an IPv6 address where nobody answers."""
    zone = Zone("a0.test.", 100, 2, ((RECORD, TXT, '"other"'),))
    return Case(
        Hostile(0, zones=(zone,), silent=lambda asked: ":" in asked.address and _own(asked.zone)),
        frozenset({"limit-reached", "wrong-value"}),
        200 * 10 * DATAGRAMS,
    )


def unanswered_lookups() -> Case:
    """A hundred name servers in another zone, whose servers ignore questions for AAAA."""
    zone = Zone("a0.test.", 100, 2, ((RECORD, TXT, '"other"'),), hosts="hosts.test.")
    hosts = Zone("hosts.test.", 2, 2)
    return Case(
        Hostile(
            0,
            zones=(zone, hosts),
            silent=lambda asked: asked.rdtype == "AAAA" and asked.zone == "hosts.test.",
        ),
        frozenset({"limit-reached", "wrong-value"}),
        100 * 4 * 2 * DATAGRAMS + 200 * 10,
        timeout=40.0,
    )


def _own(zone: str) -> bool:
    return zone == "a0.test."


CASES = (many_aliases, caa_in_thousands, silent_addresses, unanswered_lookups)


@pytest.mark.parametrize("make", CASES, ids=lambda make: make.__name__)
def test_what_is_asked_is_bounded_and_the_end_comes_when_it_is_due(
    make: Callable[[], Case], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = make()
    internet = case.internet
    sockets = functools.partial(Sockets, functools.partial(Cable, internet))
    monkeypatch.setattr(session, "Exchange", lambda **how: Exchange(**how, sockets=sockets()))
    monkeypatch.setattr(split_horizon, "own_resolvers", list)
    hints, anchor = internet.write_inputs(tmp_path)
    settings = Settings(root_hints=hints, trust_anchor=anchor, timeout=case.timeout)

    async def look() -> Outcome:
        extras = waiting.Extras(request=ANYBODY)
        wanted = [make_challenge(DOMAIN, [VALUE])]
        return await waiting.preflight(wanted, settings, wait=True, extras=extras)

    outcome = clock.run(look)
    (judged,) = outcome.challenges
    assert outcome.verdict is Verdict.NOT_READY
    assert {f.code for f in judged.findings if f.severity.value == "error"} == case.codes
    assert outcome.elapsed <= case.timeout
    assert len(internet.asked) <= case.most
    assert json_report.render(outcome)
    assert text.render(outcome, width=80)
