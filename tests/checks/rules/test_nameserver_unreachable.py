from __future__ import annotations

import pytest

from certbot_dns_preflight.facts.answers import (
    Endpoint,
    NoResponseReason,
    NotAsked,
    Reading,
)
from certbot_dns_preflight.facts.obstacle import OutOfTime, ParentFails
from tests.builders.survey import (
    NS1,
    NS2,
    NS2_V6,
    NS3,
    OWNER,
    alias,
    at,
    hop,
    name,
    silent,
    survey,
    texts,
)
from tests.checks.asserting import (
    a_warning_while_another_shows_it,
    aliased,
    an_error_where_no_server_answers,
    one_error_with_its_name,
    only_error,
)

READINGS = [silent(), silent(NoResponseReason.NO_ROUTE), NotAsked("no IPv6 route from this host")]


@pytest.mark.parametrize("reading", READINGS)
def test_a_server_that_does_is_one_error_with_its_name(reading: Reading) -> None:
    one_error_with_its_name(reading, "nameserver-unreachable")


@pytest.mark.parametrize("reading", READINGS)
def test_with_unreachable_warn_it_is_a_warning_while_another_shows_it(reading: Reading) -> None:
    a_warning_while_another_shows_it(reading, "nameserver-unreachable")


@pytest.mark.parametrize("reading", READINGS)
def test_it_stays_an_error_where_no_server_answers(reading: Reading) -> None:
    an_error_where_no_server_answers(reading, "nameserver-unreachable")


def test_several_dead_servers_are_one_finding() -> None:
    facts = survey(hop(at(NS1, texts()), at(NS2, silent()), at(NS3, silent())))
    found = only_error(facts, "nameserver-unreachable")
    assert found.nameserver is None
    assert "ns2.example.net and ns3.example.net" in found.summary


def test_a_server_of_two_zones_passed_is_told_once() -> None:
    first = hop(at(NS1, alias()), at(NS2, silent()))
    facts = aliased(at(NS1, texts()), at(NS2, silent()), first=first)
    addresses = only_error(facts, "nameserver-unreachable").evidence["addresses"]
    assert isinstance(addresses, list)
    assert len(addresses) == 1


def test_time_that_ran_out_is_an_error_of_the_servers() -> None:
    facts = survey(obstacle=OutOfTime(name("example.test.")))
    assert "time ran out" in only_error(facts, "nameserver-unreachable").summary


def test_silent_addresses_are_one_sentence_and_the_server_is_named_in_the_fix() -> None:
    facts = survey(hop(at(NS1, texts()), at(NS2, silent()), at(NS2_V6, silent())))
    found = only_error(facts, "nameserver-unreachable")
    assert found.cause == "Neither 192.0.2.2 nor 2001:db8::2 replied (timed out)."
    assert found.remedy == (
        "Check that ns2.example.net is running and reachable on port 53 (UDP and TCP), including "
        "from another network. If it is gone for good, remove that server from the zone's NS "
        "records and from the delegation at the registrar."
    )


def test_where_addresses_are_silent_in_different_ways_each_is_told() -> None:
    limited = silent(NoResponseReason.LIMIT)
    facts = survey(hop(at(NS1, texts()), at(NS2, limited)))
    assert only_error(facts, "nameserver-unreachable").cause == (
        "No usable reply: 192.0.2.2 (a limit of this run was met)."
    )
    unreachable = silent(NoResponseReason.UNREACHABLE)
    facts = survey(hop(at(NS1, texts()), at(NS2, silent()), at(NS2_V6, unreachable)))
    assert only_error(facts, "nameserver-unreachable").cause == (
        "No usable reply: 192.0.2.2 (timed out) and 2001:db8::2 (unreachable)."
    )


def test_servers_above_that_are_silent_for_the_query_are_one_error() -> None:
    answers = ((Endpoint("192.0.2.77"), "timed out"),)
    obstacle = ParentFails(name("example.test."), name(OWNER), answers, heard=False)
    facts = survey(hop(at(NS1, texts())), obstacle=obstacle)
    found = only_error(facts, "nameserver-unreachable")
    assert "The servers did not answer: timed out (192.0.2.77)" in found.cause
