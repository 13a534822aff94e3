"""How answers travel: truncation and TCP, EDNS, letter case, rate limits, the SOA."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import dns.message
import dns.query
import dns.rdatatype
import pytest

from certbot_dns_preflight.caa.policy import IssuanceRequest
from certbot_dns_preflight.challenge import make_challenge
from certbot_dns_preflight.facts.finding import Severity
from certbot_dns_preflight.run import waiting
from certbot_dns_preflight.settings import UnreachablePolicy
from tests.lab import misbehaving
from tests.scenarios.values import CHALLENGE, OLD, VALUE, digest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.lab import Lab
    from tests.lab.misbehaving import Authoritative
    from tests.scenarios.seen import Look

WRONG = f"_acme-challenge TXT {OLD}"


@pytest.mark.slow
@pytest.mark.parametrize("kind", [misbehaving.TruncatesWithoutTcp, misbehaving.SlowTcp])
def test_a_truncated_answer_without_tcp_is_an_error(
    beside: Callable[..., str], look: Look, kind: type[Authoritative]
) -> None:
    host = beside(kind, CHALLENGE)
    seen = look("shop.test", VALUE)
    seen.fails("tcp-unavailable", naming=(host,))
    assert seen.statuses(host) == {"unreachable"}
    look.compares = False  # Unbound is long at it
    look("shop.test", VALUE, unreachable=UnreachablePolicy.WARN).is_ready(
        warnings=frozenset({"tcp-unavailable"})
    )


def test_sixty_values_do_not_fit_a_datagram_and_need_tcp(
    beside: Callable[..., str], look: Look
) -> None:
    many = [VALUE, *(digest(f"order {n}") for n in range(59))]
    records = "".join(f"_acme-challenge TXT {value}\n" for value in many)
    host = beside(misbehaving.NoTcp, records)
    seen = look("shop.test", *many)
    seen.fails("tcp-unavailable", naming=(host,))
    assert {row["transport"] for row in seen.challenge["servers"] if row["found"]} == {"tcp"}


def test_missing_tcp_is_a_warning_where_it_is_not_needed(
    beside: Callable[..., str], look: Look
) -> None:
    beside(misbehaving.NoTcp, WRONG)
    look("shop.test", VALUE).fails("wrong-value", warnings=frozenset({"tcp-unavailable"}))


def test_truncation_with_tcp_is_fine(beside: Callable[..., str], look: Look) -> None:
    host = beside(misbehaving.Truncates, CHALLENGE)
    seen = look("shop.test", VALUE)
    seen.is_ready()
    assert {r["transport"] for r in seen.challenge["servers"] if r["nameserver"] == host} == {"tcp"}


def test_a_server_that_understands_no_edns_is_read_without_it(
    beside: Callable[..., str], look: Look
) -> None:
    host = beside(misbehaving.NoEdns, CHALLENGE)
    seen = look("shop.test", VALUE)
    seen.is_ready(warnings=frozenset({"edns-broken"}))
    assert host.rstrip(".") in seen.finding("edns-broken")["summary"]
    assert seen.statuses(host) == {"match"}


def test_what_a_server_without_edns_shows_is_judged_as_usual(
    beside: Callable[..., str], look: Look
) -> None:
    beside(misbehaving.NoEdns, WRONG)
    look("shop.test", VALUE).fails("wrong-value", warnings=frozenset({"edns-broken"}))


def test_a_server_that_drops_edns_is_unreachable_and_it_is_told_why(
    beside: Callable[..., str], look: Look
) -> None:
    host = beside(misbehaving.DropsEdns, CHALLENGE)
    seen = look("shop.test", VALUE)
    seen.fails("nameserver-unreachable", naming=(host,), warnings=frozenset({"edns-broken"}))


def test_a_server_that_ignores_edns_is_fine(beside: Callable[..., str], look: Look) -> None:
    beside(misbehaving.IgnoresEdns, CHALLENGE)
    look("shop.test", VALUE).is_ready()


def test_a_question_in_changed_letters_is_a_warning(beside: Callable[..., str], look: Look) -> None:
    host = beside(misbehaving.CaseChanging, WRONG)
    seen = look("shop.test", VALUE)
    seen.fails("wrong-value", warnings=frozenset({"case-not-preserved"}))
    assert host.rstrip(".") in seen.finding("case-not-preserved")["summary"]


def test_a_negative_answer_without_soa_is_a_warning(beside: Callable[..., str], look: Look) -> None:
    host = beside(misbehaving.NegativeWithoutSoa, "")
    seen = look("shop.test", VALUE)
    seen.fails("record-not-published", warnings=frozenset({"negative-answer-without-soa"}))
    assert host.rstrip(".") in seen.finding("negative-answer-without-soa")["summary"]


def test_rate_limiting_is_seen(beside: Callable[..., str], look: Look) -> None:
    host = beside(misbehaving.RateLimiting, WRONG)
    seen = look("shop.test", VALUE)
    seen.fails("wrong-value", warnings=frozenset({"rate-limited"}))
    assert host.rstrip(".") in seen.finding("rate-limited")["summary"]


def test_nsd_that_limits_our_rate_is_told_and_read_over_tcp(lab: Lab, look: Look) -> None:
    limits = "  rrl-ratelimit: 1\n  rrl-slip: 1\n"
    nsd = lab.daemon("nsd", extra_configuration=limits)
    lab.zone("shop.test.", [nsd], records=WRONG)
    look.compares = False  # the resolver is limited as well
    query = dns.message.make_query("_acme-challenge.shop.test.", "TXT")
    for _ in range(20):  # whatever the machine's pace, the limit is reached by now
        for address in nsd.addresses:
            dns.query.udp(query, address, timeout=2)
    seen = look("shop.test", VALUE)
    seen.fails("wrong-value", warnings=frozenset({"rate-limited"}))


# -- as a CA's resolver asks ---------------------------------------------------------------------


def test_a_question_in_changed_letters_is_told_of_what_is_ready_too(
    beside: Callable[..., str], look: Look
) -> None:
    host = beside(misbehaving.CaseChanging, CHALLENGE)
    seen = look("shop.test", VALUE)
    seen.is_ready(warnings=frozenset({"case-not-preserved"}))
    assert host.rstrip(".") in seen.finding("case-not-preserved")["summary"]
    assert seen.statuses(host) == {"match"}


@pytest.mark.parametrize(
    ("kind", "how"),
    [
        (misbehaving.FailsWithDo, "rcode"),
        (misbehaving.DropsDo, "no-answer"),
        (misbehaving.TooLongWithSignatures, "truncated"),
    ],
)
def test_a_server_that_fails_only_with_do_is_told_by_how_it_fails(
    beside: Callable[..., str], look: Look, kind: type[Authoritative], how: str
) -> None:
    host = beside(kind, CHALLENGE)
    look("shop.test", VALUE, query_timeout=1.0).fails(
        "dnssec-query-fails", naming=(host,), kind=how
    )


def test_where_every_server_fails_with_do_no_resolver_gets_the_record(
    beside: Callable[..., str], look: Look
) -> None:
    beside(misbehaving.FailsWithDo, CHALLENGE, servers=())
    seen = look("shop.test", VALUE)
    seen.fails("dnssec-query-fails", kind="rcode")
    assert seen.ca == frozenset()


def test_one_address_that_drops_do_is_an_error_beside_one_that_answers(
    lab: Lab, beside: Callable[..., str], look: Look
) -> None:
    class OneDropsDo(misbehaving.Authoritative):
        def reply(self, question: misbehaving.Question) -> bytes | None:
            drops = ":" in question.address and misbehaving.wants_signatures(question)
            return None if drops else super().reply(question)

    host = beside(OneDropsDo, CHALLENGE)
    found = look("shop.test", VALUE, query_timeout=1.0).fails(
        "dnssec-query-fails", naming=(host,), kind="no-answer"
    )
    assert ":" in found["address"]
    assert lab.bind.running


@pytest.mark.parametrize("kind", [misbehaving.CaseSensitive, misbehaving.NodataForCapitals])
def test_a_server_whose_answer_depends_on_letters_is_told(
    beside: Callable[..., str], look: Look, kind: type[Authoritative]
) -> None:
    host = beside(kind, CHALLENGE)
    look.compares = False  # the lab's resolver does not mix letters, a CA's does
    found = look("shop.test", VALUE).fails("case-sensitive", naming=(host,))
    mixed = "NXDOMAIN" if kind is misbehaving.CaseSensitive else "no data"
    assert {question["mixed"] for question in found["evidence"]["questions"]} == {mixed}
    assert {question["exact"] for question in found["evidence"]["questions"]} == {"1 TXT record"}


class CaaForSmallLetters(misbehaving.Authoritative):
    """Has CAA for questions in small letters alone, and everything else for all."""

    def respond(self, question: misbehaving.Question) -> dns.message.Message:
        response = super().respond(question)
        text = question.name.to_text()
        if question.kind == dns.rdatatype.CAA and text != text.lower():
            response.answer = []
        return response


@pytest.mark.parametrize("how_many", [1, 2])
@pytest.mark.parametrize("issuer", ["letsencrypt.org", "other.example"])
def test_caa_that_is_there_for_small_letters_alone_is_told_though_all_servers_agree(
    beside: Callable[..., str], look: Look, how_many: int, issuer: str
) -> None:
    records = f'{CHALLENGE}\n@ CAA 0 issue "{issuer}"'
    addresses = look.lab.addresses()[:how_many]
    host = beside(CaaForSmallLetters, records, servers=[], addresses=addresses)
    challenge = make_challenge("shop.test", [VALUE.encode()])
    extras = waiting.Extras(request=IssuanceRequest(identities=("letsencrypt.org",)))
    outcome = waiting.run([challenge], look.settings(), wait=False, extras=extras)
    (judged,) = outcome.challenges
    (found,) = (f for f in judged.findings if f.severity is Severity.ERROR)
    assert found.code == "case-sensitive"
    assert host.rstrip(".") in found.summary
    questions = cast("list[dict[str, str]]", found.evidence["questions"])
    assert {(q["type"], q["mixed"], q["exact"]) for q in questions} == {
        ("CAA", "no data", "1 CAA record")
    }


def test_a_server_that_lacks_the_record_is_not_taken_for_one_that_minds_letters(
    beside: Callable[..., str], look: Look
) -> None:
    beside(misbehaving.CaseSensitive, "")
    # It minds letters where it is asked for the zone's NS set, too, and so does not tell it.
    also = frozenset({"nameserver-unreachable"})
    look("shop.test", VALUE).fails("record-not-published", also=also)


def test_a_slow_server_is_not_a_dead_one(beside: Callable[..., str], look: Look) -> None:
    class Late(misbehaving.Slow):
        delay = 1.5

    host = beside(Late, CHALLENGE, addresses=look.lab.addresses()[:1])
    look.compares = False  # and is asked for longer than a resolver would
    seen = look("shop.test", VALUE, wait=True, query_timeout=3.0)
    seen.is_ready()
    assert seen.statuses(host) == {"match"}


def test_a_server_that_sends_bombs_over_tcp_costs_nobody_else(
    beside: Callable[..., str], look: Look
) -> None:
    host = beside(misbehaving.CompressionBomb, CHALLENGE)
    seen = look("shop.test", VALUE)
    seen.fails("tcp-unavailable", naming=(host,))


def test_records_of_other_classes_among_the_answer_make_it_none_as_for_resolvers(
    beside: Callable[..., str], look: Look
) -> None:
    host = beside(misbehaving.ChaosBeside, CHALLENGE)
    look.compares = False  # which server Unbound asks first is chance
    look("shop.test", VALUE, query_timeout=1.0).fails("malformed-answer", naming=(host,))
