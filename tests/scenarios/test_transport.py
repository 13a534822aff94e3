"""How answers travel: truncation and TCP, EDNS, letter case, rate limits, the SOA."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dns.message
import dns.query
import pytest

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
