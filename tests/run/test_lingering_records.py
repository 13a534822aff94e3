"""After the clean-up: what is gone is believed to be, and what stays is named."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import dns.rdatatype
import pytest

from certbot_dns_preflight.challenge import make_challenge
from certbot_dns_preflight.run import lingering_records, waiting
from certbot_dns_preflight.settings import Settings
from tests import clock
from tests.lab.laboratory import zone_text
from tests.lab.misbehaving import Authoritative, Slow
from tests.simulated import clock as simulated
from tests.simulated.internet import Internet

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from certbot_dns_preflight.facts.outcome import Outcome
    from certbot_dns_preflight.run.lingering_records import LingeringRecord
    from tests.lab import Lab

ZONE = "left.test."
OWNER = f"_acme-challenge.{ZONE}"


@pytest.fixture
def served(lab: Lab) -> Callable[..., tuple[Authoritative, Authoritative]]:
    """Two servers of the zone that show the record."""

    def make(kind: type[Authoritative] = Authoritative) -> tuple[Authoritative, Authoritative]:
        hosts = ["nsa.dns.test.", "nsb.dns.test."]
        made = []
        for host in hosts:
            address, _ = lab.addresses()
            lab.name_addresses(host, [address])
            text = zone_text(ZONE, hosts, "_acme-challenge TXT one\n_acme-challenge TXT two\n")
            made.append((kind if host == hosts[1] else Authoritative)([address], {ZONE: text}))
        lab.delegate(ZONE, hosts)
        lab._undo.append(lambda: lab.undelegate(ZONE))
        return made[0], made[1]

    return make


@pytest.fixture
def seen(lab: Lab) -> Callable[[], Outcome]:
    """See the record in place, as a run does."""
    how = Settings(root_hints=lab.root_hints, query_timeout=2.0, confirmations=1)
    asked = [make_challenge("left.test", [b"one"])]
    return lambda: waiting.run(asked, how, wait=False)


def left(outcome: Outcome) -> tuple[LingeringRecord, ...]:
    return asyncio.run(lingering_records.look(outcome, query_timeout=2.0))


def remove(server: Authoritative, *, keep: str | None = None) -> None:
    server.zones = Authoritative(
        [], {ZONE: zone_text(ZONE, ["nsa.dns.test.", "nsb.dns.test."], keep or "")}
    ).zones


def test_what_all_servers_still_show_is_named_with_value_and_server(
    served: Callable[..., tuple[Authoritative, Authoritative]], seen: Callable[[], Outcome]
) -> None:
    first, second = served()
    with first, second:
        (one,) = left(seen())
    assert (one.owner.to_text(), one.value) == (OWNER, b"one")
    assert one.server.endpoint.address in (*first.addresses, *second.addresses)


@pytest.mark.parametrize("keep", [None, "_acme-challenge TXT two\n"])
def test_what_one_server_has_lost_is_gone_and_asked_for_once(
    served: Callable[..., tuple[Authoritative, Authoritative]],
    seen: Callable[[], Outcome],
    keep: str | None,
) -> None:
    first, second = served()
    with first, second:
        before = seen()
        remove(first, keep=keep)
        asked = len(first.asked) + len(second.asked)
        assert left(before) == ()
        assert len(first.asked) + len(second.asked) == asked + 2


def test_nobody_is_asked_where_a_server_is_slow(
    served: Callable[..., tuple[Authoritative, Authoritative]], seen: Callable[[], Outcome]
) -> None:
    first, second = served(Slow)
    with first, second:
        before = seen()
        asked = len(first.asked) + len(second.asked)
        assert left(before) == ()
        assert len(first.asked) + len(second.asked) == asked


def test_nobody_is_asked_where_a_server_is_down(
    served: Callable[..., tuple[Authoritative, Authoritative]], seen: Callable[[], Outcome]
) -> None:
    first, second = served()
    with first:
        before = seen()
        asked = len(first.asked)
        assert left(before) == ()
        assert len(first.asked) == asked
    assert not any(question.kind == dns.rdatatype.TXT for question in second.asked)


def test_after_five_seconds_nothing_more_is_asked_and_what_is_unknown_is_not_told(
    served: Callable[..., tuple[Authoritative, Authoritative]], seen: Callable[[], Outcome]
) -> None:
    first, second = served()
    with first, second:
        before = seen()
        asked = len(first.asked) + len(second.asked)

        async def look(time: clock.Clock) -> tuple[LingeringRecord, ...]:
            time.move_on_once(lambda: len(first.asked) + len(second.asked) >= asked + 2, 5)
            return await lingering_records.look(before, query_timeout=2.0)

        assert clock.run(look) == ()
        # Five looks at two servers, and the record told, were it not for the limit.
        assert len(first.asked) + len(second.asked) < asked + 10


def test_all_orders_of_a_process_pause_for_no_more_than_five_seconds_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Internet(1).plug_in(monkeypatch, tmp_path)  # where nothing is ever removed
    patience = lingering_records.Patience()

    async def go() -> list[tuple[int, float]]:
        now = asyncio.get_running_loop().time
        asked = [make_challenge("d0.com", [b"value"])]
        before = await waiting.preflight(asked, settings, wait=False)
        looks = []
        for _ in range(3):
            begun = now()
            told = await lingering_records.look(before, query_timeout=2.0, patience=patience)
            looks.append((len(told), round(now() - begun)))
        return looks

    assert simulated.run(go) == [(1, 4), (0, 1), (0, 0)]
