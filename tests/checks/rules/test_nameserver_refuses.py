from __future__ import annotations

import pytest

from certbot_dns_preflight.facts.answers import (
    Reading,
    Refused,
)
from tests.builders.survey import (
    NS1,
    NS2,
    NS2_V6,
    at,
    hop,
    silent,
    survey,
    texts,
)
from tests.checks.asserting import (
    a_warning_while_another_shows_it,
    an_error_where_no_server_answers,
    one_error_with_its_name,
    only_error,
)

READINGS = [Refused()]


@pytest.mark.parametrize("reading", READINGS)
def test_a_server_that_does_is_one_error_with_its_name(reading: Reading) -> None:
    one_error_with_its_name(reading, "nameserver-refuses")


@pytest.mark.parametrize("reading", READINGS)
def test_with_unreachable_warn_it_is_a_warning_while_another_shows_it(reading: Reading) -> None:
    a_warning_while_another_shows_it(reading, "nameserver-refuses")


@pytest.mark.parametrize("reading", READINGS)
def test_it_stays_an_error_where_no_server_answers(reading: Reading) -> None:
    an_error_where_no_server_answers(reading, "nameserver-refuses")


def test_a_server_that_refuses_at_one_address_is_in_error() -> None:
    only_error(survey(hop(at(NS2, texts()), at(NS2_V6, Refused()))), "nameserver-refuses")


def test_a_server_that_refuses_is_not_also_unreachable() -> None:
    facts = survey(hop(at(NS1, texts()), at(NS2, Refused()), at(NS2_V6, silent())))
    only_error(facts, "nameserver-refuses", warnings=("address-unreachable",))


def test_another_network_is_asked_before_anything_is_removed() -> None:
    facts = survey(hop(at(NS1, texts()), at(NS2, Refused())))
    assert only_error(facts, "nameserver-refuses").remedy == (
        "Query ns2.example.net from another network first: an access list may be blocking only "
        "this host. If it answers there, allow this host's address in its access list. If it "
        "refuses there too, configure the zone on ns2.example.net, or remove that server from the "
        "zone's NS records and from the delegation at the registrar."
    )
