"""Over the rounds of one run: lost again, back and forth, or merely late."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dns.message
import dns.rcode
import dns.rdatatype
import pytest

from tests.lab import misbehaving
from tests.scenarios.values import CHALLENGE, VALUE

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.lab.misbehaving import Question
    from tests.scenarios.seen import Look

pytestmark = pytest.mark.thorough


class AbsentAt(misbehaving.Authoritative):
    """Gives the TXT but for some of its questions, counted from 1 at each address."""

    absent: frozenset[int] = frozenset()

    def respond(self, question: Question) -> dns.message.Message:
        response = super().respond(question)
        if question.kind != dns.rdatatype.TXT or not response.answer:
            return response
        asked = sum(
            (q.kind, q.name, q.address) == (question.kind, question.name, question.address)
            for q in self.asked
        )
        if self.is_absent(asked):
            response.answer = []
            response.set_rcode(dns.rcode.NXDOMAIN)
            self.add_soa(response, question)
        return response

    def is_absent(self, asked: int) -> bool:
        return asked in self.absent

    def add_soa(self, response: dns.message.Message, question: Question) -> None:
        zone = self.zone_of(question.name)
        assert zone is not None
        assert zone.origin is not None
        soa = zone.get_rrset(zone.origin, dns.rdatatype.SOA)
        assert soa is not None
        response.authority.append(soa)


class LateOnce(AbsentAt):
    """Catches up after its first question."""

    absent = frozenset({1})


class LostAfterTwo(AbsentAt):
    """Has it twice, and never again."""

    def is_absent(self, asked: int) -> bool:
        return asked > 2


class ThereOnce(AbsentAt):
    """Is late, catches up, and has lost it one round later."""

    def is_absent(self, asked: int) -> bool:
        return asked != 2


class GoneOnce(AbsentAt):
    """Has it, loses it once, and has it again."""

    absent = frozenset({2})


def test_catching_up_once_is_no_instability(beside: Callable[..., str], look: Look) -> None:
    beside(LateOnce, CHALLENGE)
    seen = look("shop.test", VALUE, wait=True)
    seen.is_ready()
    assert seen.challenge["rounds"] == 4


@pytest.mark.parametrize("kind", [LostAfterTwo, ThereOnce])
def test_a_record_that_was_there_and_is_gone_has_vanished(
    beside: Callable[..., str], look: Look, kind: type[AbsentAt]
) -> None:
    host = beside(kind, CHALLENGE)
    seen = look("shop.test", VALUE, rounds=5, confirmations=3)
    seen.fails("record-vanished", naming=(host,))
    assert seen.statuses(host) == {"absent"}


def test_a_record_that_vanished_everywhere_is_no_unpublished_one(
    beside: Callable[..., str], look: Look
) -> None:
    host = beside(LostAfterTwo, CHALLENGE, servers=[])
    look("shop.test", VALUE, rounds=5, confirmations=3).fails("record-vanished", naming=(host,))


def test_an_address_that_goes_back_and_forth_is_unstable(
    beside: Callable[..., str], look: Look
) -> None:
    host = beside(misbehaving.FlipFlop, CHALLENGE)
    seen = look("shop.test", VALUE, rounds=6)
    found = seen.fails("answer-unstable", naming=(host,))
    assert max(found["evidence"]["flips"].values()) >= 2


def test_an_address_that_lost_it_once_and_has_it_again_is_unstable_for_a_while(
    beside: Callable[..., str], look: Look
) -> None:
    host = beside(GoneOnce, CHALLENGE)
    seen = look("shop.test", VALUE, rounds=4)
    seen.fails("answer-unstable", naming=(host,))
    assert seen.statuses(host) == {"match"}


def test_a_server_that_is_silent_for_a_round_is_not_unstable(
    beside: Callable[..., str], look: Look
) -> None:
    beside(misbehaving.FirstQueryLost, CHALLENGE)
    look("shop.test", VALUE, wait=True).is_ready()
