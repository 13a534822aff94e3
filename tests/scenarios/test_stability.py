"""Over the rounds of one run: lost again, back and forth, or merely late."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest

from certbot_dns_preflight.settings import UnreachablePolicy
from tests.lab import misbehaving
from tests.scenarios.values import CHALLENGE, VALUE

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.lab import Lab
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


class NegativeThenSilent(misbehaving.Authoritative):
    """Says NXDOMAIN at its first address, once, and no word there after that."""

    def reply(self, question: Question) -> bytes | None:
        if question.kind != dns.rdatatype.TXT or question.address != self.addresses[0]:
            return super().reply(question)
        asked = sum((q.kind, q.address) == (question.kind, question.address) for q in self.asked)
        return super().reply(question) if asked == 1 else None

    def respond(self, question: Question) -> dns.message.Message:
        response = super().respond(question)
        if question.kind == dns.rdatatype.TXT and question.address == self.addresses[0]:
            response.answer = []
            response.set_rcode(dns.rcode.NXDOMAIN)
        return response


class SilentThenNegative(NegativeThenSilent):
    """Keeps silent at its first address until it has been asked there three times."""

    def reply(self, question: Question) -> bytes | None:
        if question.kind != dns.rdatatype.TXT or question.address != self.addresses[0]:
            return super().reply(question)
        asked = sum((q.kind, q.address) == (question.kind, question.address) for q in self.asked)
        first = {self.asked[0].message.id}  # repetitions of a datagram are no new question
        ids = {q.message.id for q in self.asked if q.kind == dns.rdatatype.TXT} - first
        return self.encode(question, self.respond(question)) if asked and len(ids) > 3 else None


@pytest.mark.parametrize("unreachable", UnreachablePolicy)
def test_silence_takes_no_negative_answer_back(
    beside: Callable[..., str], look: Look, unreachable: UnreachablePolicy
) -> None:
    host = beside(NegativeThenSilent, CHALLENGE)
    seen = look("shop.test", VALUE, rounds=4, query_timeout=0.5, unreachable=unreachable)
    warnings = frozenset({"address-unreachable", "negative-answer-without-soa"})
    seen.fails("secondary-behind", naming=(host,), warnings=warnings)
    assert seen.statuses(host) == {"absent", "match"}
    (row,) = (r for r in seen.challenge["servers"] if r["status"] == "absent")
    assert row["rcode"] == "NXDOMAIN"
    assert row["error"].startswith("no answer since: ")


def test_an_address_that_was_silent_at_first_is_heard_later(
    beside: Callable[..., str], look: Look
) -> None:
    host = beside(SilentThenNegative, CHALLENGE)
    seen = look("shop.test", VALUE, rounds=6, query_timeout=0.5, confirmations=3)
    assert seen.challenge["outcome"] == "not-ready"
    assert seen.statuses(host) == {"absent", "match"}


class BesideItsAnswer(misbehaving.Authoritative):
    """Answers for challenges right, with an rcode that makes resolvers take nothing of it."""

    rcode = dns.rcode.NXDOMAIN

    def respond(self, question: Question) -> dns.message.Message:
        response = super().respond(question)
        if question.name.labels[0].lower() == b"_acme-challenge":
            response.set_rcode(self.rcode)
        return response


class FailsBesideItsAnswer(BesideItsAnswer):
    """Answers SERVFAIL, with all that was asked for beside it."""

    rcode = dns.rcode.SERVFAIL


@pytest.mark.parametrize(
    ("kind", "code", "warning"),
    [
        (BesideItsAnswer, "record-not-published", "negative-answer-without-soa"),
        (FailsBesideItsAnswer, "nameserver-failing", ""),
    ],
)
def test_a_value_beside_a_failing_rcode_is_no_match(
    beside: Callable[..., str],
    look: Look,
    kind: type[misbehaving.Authoritative],
    code: str,
    warning: str,
) -> None:
    beside(kind, CHALLENGE, servers=[])
    warnings = frozenset({warning} - {""})
    look("shop.test", VALUE).fails(code, warnings=warnings)


def test_an_alias_beside_a_failure_is_not_followed_to_the_value(
    beside: Callable[..., str], look: Look, lab: Lab
) -> None:
    lab.zone("aim.test.", [lab.bind, lab.nsd], records=f"shop TXT {VALUE}")
    host = beside(FailsBesideItsAnswer, "_acme-challenge CNAME shop.aim.test.", servers=[])
    seen = look("shop.test", VALUE)
    seen.fails("nameserver-failing", naming=(host,))
    assert seen.challenge["alias_chain"] == []


class TwoAliases(misbehaving.Authoritative):
    """Has two CNAMEs at one name."""

    def respond(self, question: Question) -> dns.message.Message:
        response = super().respond(question)
        if question.name.labels[0].lower() == b"_acme-challenge":
            response.answer = [
                dns.rrset.from_text(question.name, 60, "IN", "CNAME", f"{host}.aim.test.")
                for host in ("shop", "another")
            ]
            response.authority = []
            response.set_rcode(dns.rcode.NOERROR)
        return response


def test_two_aliases_of_one_name_conflict(beside: Callable[..., str], look: Look, lab: Lab) -> None:
    lab.zone("aim.test.", [lab.bind], records=f"shop TXT {VALUE}\nanother TXT {VALUE}")
    beside(TwoAliases, servers=[])
    look("shop.test", VALUE).fails("alias-conflict", naming=("another.aim.test", "shop.aim.test"))
