"""When a wait ends before its time, from surveys alone."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from certbot_dns_preflight.facts.answers import Endpoint, NoResponseReason, NotAuthoritative
from certbot_dns_preflight.facts.environment import DomainEnvironment
from certbot_dns_preflight.facts.obstacle import AliasLoop, NoEgress, NoSuchDomain
from certbot_dns_preflight.facts.outcome import EarlyEnd
from certbot_dns_preflight.facts.zone import Unheard
from certbot_dns_preflight.run.assess import Assessor
from certbot_dns_preflight.run.early_end import EarlyEnding
from certbot_dns_preflight.run.inputs import Inputs
from certbot_dns_preflight.run.timings import Timings
from certbot_dns_preflight.settings import OnFailure, Settings
from tests.builders.survey import (
    NS1,
    NS2,
    NS3,
    NXDOMAIN,
    OWNER,
    REFUSED,
    THERE,
    TIMED_OUT,
    alias,
    at,
    hop,
    name,
    silent,
    survey,
)

if TYPE_CHECKING:
    from certbot_dns_preflight.facts.answers import Reading
    from certbot_dns_preflight.facts.survey import Survey

BEGUN = 1000.0
LAME = NotAuthoritative(recursive=True)
LOOP = survey(
    replace(hop(at(NS1, alias(OWNER)), at(NS2, alias(OWNER))), followed=True),
    obstacle=AliasLoop((name(OWNER),)),
)


def ending(*, silent: tuple[str, ...] = (), age: float = 240.0, **options: object) -> EarlyEnding:
    settings = Settings(**options)  # type: ignore[arg-type]
    shared = SimpleNamespace(
        assessor=Assessor(settings, Inputs({}, None), None),
        timings=Timings(),
        silent={Endpoint(address): age for address in silent},
    )
    return EarlyEnding(cast("Any", shared), begun=BEGUN)


def after(early: EarlyEnding, shown: Survey, *moments: float) -> list[bool]:
    """Show it the same at several moments."""
    return [early.is_due(shown, DomainEnvironment(), now=BEGUN + moment) for moment in moments]


def zone(*readings: Reading) -> Survey:
    addresses = (NS1, NS2, NS3)
    return survey(hop(*(at(a, r) for a, r in zip(addresses, readings, strict=False))))


@pytest.mark.parametrize(
    "shown",
    [
        LOOP,
        survey(
            replace(hop(at(NS1, alias("x.gone."))), followed=True),
            obstacle=NoSuchDomain(name("gone."), name(".")),
        ),
        survey(obstacle=NoSuchDomain(name("example.test."), name("test."))),
        zone(REFUSED, REFUSED),
        zone(REFUSED, LAME),
        survey(hop(at(NS1, alias("a.test.", conflict=True, others=(name("b.test."),))))),
    ],
)
def test_what_no_waiting_mends_ends_it_after_ten_seconds_of_it(shown: Survey) -> None:
    early = ending()
    assert after(early, shown, 5.0, 14.9, 15.0) == [False, False, True]
    assert early.end == EarlyEnd(15.0)


@pytest.mark.parametrize(
    "shown",
    [
        zone(NXDOMAIN, NXDOMAIN),
        zone(TIMED_OUT, TIMED_OUT),
        zone(REFUSED, TIMED_OUT),
        zone(REFUSED, NXDOMAIN),
        zone(THERE, NXDOMAIN),
        survey(obstacle=NoEgress((Endpoint(NS1),))),
        # A zone that denies a name and is the user's own: the record may be made there.
        survey(
            replace(hop(at(NS1, alias("x.corp."), zone=name("corp."))), followed=True),
            obstacle=NoSuchDomain(name("x.corp."), name("corp.")),
        ),
        survey(hop(at(NS1, alias("a.test.", conflict=True, texts=(b"v",))))),
    ],
)
def test_what_may_come_is_waited_for(shown: Survey) -> None:
    early = ending()
    assert after(early, shown, 5.0, 60.0, 299.0) == [False] * 3
    assert early.doubted_since is None


def test_what_was_otherwise_meanwhile_begins_anew() -> None:
    early = ending()
    assert after(early, LOOP, 1.0, 10.0) == [False, False]
    assert after(early, zone(NXDOMAIN, NXDOMAIN), 10.5) == [False]
    assert after(early, LOOP, 11.0, 20.0, 21.0) == [False, False, True]


@pytest.mark.parametrize(
    "options", [{"on_failure": OnFailure.CONTINUE}, {"skip": ("alias-loop", "wrong-value")}]
)
def test_who_asks_to_go_on_waits(options: dict[str, object]) -> None:
    assert after(ending(**options), LOOP, 1.0, 60.0) == [False, False]


# -- a second look --------------------------------------------------------------------------------


def test_a_server_known_to_be_dead_is_looked_at_for_thirty_seconds() -> None:
    early = ending(silent=(NS2,))
    assert after(early, zone(THERE, TIMED_OUT, THERE), 10.0, 29.0, 30.0) == [False, False, True]
    assert early.end == EarlyEnd(30.0, silent_for=240.0)


@pytest.mark.parametrize(
    ("options", "due"),
    [({"timeout": 120}, 12.0), ({"timeout": 20}, 7.0), ({"timeout": 5}, 5.0)],
)
def test_a_second_look_is_a_tenth_of_the_wait_and_two_tries_at_least(
    options: dict[str, object], due: float
) -> None:
    early = ending(silent=(NS2,), **options)
    assert after(early, zone(THERE, TIMED_OUT), due - 0.1, due) == [False, True]


@pytest.mark.parametrize(
    ("shown", "known"),
    [
        (zone(THERE, TIMED_OUT), ()),
        (zone(THERE, TIMED_OUT, TIMED_OUT), (NS2,)),
        (zone(NXDOMAIN, TIMED_OUT, THERE), (NS2,)),
        (zone(REFUSED, TIMED_OUT, THERE), (NS2,)),
        (zone(TIMED_OUT, TIMED_OUT), (NS1, NS2)),  # nobody shows the record
        (zone(THERE, silent(NoResponseReason.TRUNCATED)), (NS2,)),
    ],
)
def test_whatever_else_is_missing_is_waited_for(shown: Survey, known: tuple[str, ...]) -> None:
    early = ending(silent=known)
    assert after(early, shown, 30.0, 299.0) == [False, False]


@pytest.mark.parametrize(("known", "ends"), [((NS2,), True), ((), False), ((NS3,), False)])
def test_an_ns_set_that_only_the_dead_server_did_not_tell_is_no_other_obstacle(
    known: tuple[str, ...],
    ends: bool,  # noqa: FBT001 - a column
) -> None:
    shown = zone(THERE, TIMED_OUT)
    (one,) = shown.hops
    unheard = Unheard(one.zone.apex, name("ns2.example.net."), (Endpoint(NS2),), "timed out")
    shown = replace(shown, hops=(replace(one, zone=replace(one.zone, unheard=(unheard,))),))
    assert after(ending(silent=known), shown, 30.0) == [ends]
