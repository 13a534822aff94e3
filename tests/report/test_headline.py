"""The first line of runs that are not all of one kind."""

from __future__ import annotations

from certbot_dns_preflight.report.headline import headline
from tests.builders.survey import NXDOMAIN, THERE, judged, run, seen
from tests.report import scenarios

OTHERS = (seen("ns9.example.org.", "198.51.100.9", NXDOMAIN),)


def test_names_without_a_value_are_told_apart_and_counted_apart() -> None:
    valued = judged(*scenarios.three_servers(THERE), ready_after=3.0)
    plain = judged(*OTHERS, domain="example.org", expected=(), ready_after=9.0)
    assert headline(run(valued, plain)) == (
        "Ready: example.com after 3 s (3 name servers, 6 addresses); 1 more name without a value "
        "to compare."
    )
    assert headline(run(plain, plain)) == (
        "Ready: example.org and example.org (1 name server, 1 address)."
    )


def test_two_names_of_one_server_are_one_server() -> None:
    twice = [seen(f"ns{number}.example.net.", "192.0.2.1", THERE) for number in (1, 2)]
    assert headline(run(judged(*twice, ready_after=3.0))) == (
        "Ready: example.com after 3 s (1 name server, 1 address)."
    )


def test_how_long_many_names_took_is_not_said_of_the_last_alone() -> None:
    assert headline(scenarios.ready()) == (
        "Ready: example.com, www.example.com and 1 more name, after 11 s (2 name servers, "
        "3 addresses)."
    )


def test_further_problems_are_counted_and_said_to_be_where_they_are() -> None:
    first = (
        "Not ready: ns4.example.net had the record earlier in this run, but no longer returns it"
    )
    outcome = scenarios.dead_server()
    assert headline(outcome) == f"{first}. 2 other problems are listed below."
    assert headline(outcome, others="are listed above") == (
        f"{first}. 2 other problems are listed above."
    )
    assert headline(outcome, others="") == f"{first}; 2 other problems."


def test_several_failed_names_are_counted_with_their_causes() -> None:
    assert headline(scenarios.hundred_names()) == (
        "Not ready: 91 of 100 names, for 2 different reasons. The first: all 3 name servers answer "
        "NXDOMAIN for the _acme-challenge records of 90 names."
    )
    assert headline(scenarios.hundred_zones()) == (
        "Not ready: 94 of 94 names; ns2.hoster.example refuses queries for 94 zones (REFUSED)."
    )
