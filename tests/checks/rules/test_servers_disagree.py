from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from certbot_dns_preflight.facts.answers import Endpoint
from certbot_dns_preflight.facts.zone import NameServer
from tests.builders.survey import (
    BOTH,
    NS1,
    NS2,
    NS2_V6,
    NS3,
    OTHER,
    SECOND,
    VALUE,
    alias,
    at,
    hop,
    name,
    nodata,
    nxdomain,
    survey,
    texts,
)
from tests.checks.asserting import (
    aliased,
    only_error,
)

if TYPE_CHECKING:
    from certbot_dns_preflight.facts.answers import Reading


@pytest.mark.parametrize("theirs", [42, 43])
def test_where_no_transfer_is_due_the_servers_disagree(theirs: int) -> None:
    only_error(survey(hop(at(NS1, texts(), 42), at(NS2, nxdomain(), theirs))), "servers-disagree")


def test_values_scattered_over_servers_are_a_disagreement() -> None:
    facts = survey(hop(at(NS1, texts(), 42), at(NS2, texts(SECOND), 42)), expected=(VALUE, SECOND))
    only_error(facts, "servers-disagree")


def test_without_an_expected_value_servers_must_answer_alike() -> None:
    facts = survey(hop(at(NS1, texts(OTHER), 42), at(NS2, nodata(), 42)), expected=())
    only_error(facts, "servers-disagree")


def test_a_server_of_the_alias_zone_at_the_same_serial_disagrees() -> None:
    first = hop(at(NS1, alias(), 7), at(NS2, nxdomain(), 7))
    found = only_error(aliased(at(NS3, texts()), first=first), "servers-disagree")
    assert found.address == NS2


def test_different_aliases_are_a_disagreement() -> None:
    facts = survey(hop(at(NS1, alias(), 7), at(NS2, alias("elsewhere.test."), 7)))
    only_error(facts, "servers-disagree")


def test_a_separate_copy_that_only_the_registry_leads_to_is_no_matter_of_transfers() -> None:
    """The old provider's copy has a newer serial, and lists itself."""
    facts = hop(
        at(NS1, texts(), 42),
        at(NS2, nxdomain(), 2024),
        nameservers=(
            NameServer(
                name("ns1.example.net."),
                BOTH,
                own=(Endpoint(NS1),),
                apex_from=frozenset({Endpoint(NS1)}),
            ),
            NameServer(
                name("ns2.example.net."),
                BOTH,
                own=(Endpoint(NS2),),
                apex_from=frozenset({Endpoint(NS2)}),
            ),
        ),
    )
    found = only_error(survey(facts), "servers-disagree", warnings=("delegation-mismatch",))
    assert found.summary == (
        "ns2.example.net gets queries for example.test, but has its own copy of the zone, without "
        "the record."
    )
    assert found.cause == (
        "The registry delegates to ns2.example.net; the NS records on ns1.example.net, which has "
        "the record, do not list it. ns2.example.net answers NXDOMAIN at serial 2024; the others "
        "have serial 42."
    )
    assert found.remedy == (
        "If the zone was moved to another provider, remove ns2.example.net from the name servers "
        "at your registrar. If both are in use, create the record on both."
    )


@pytest.mark.parametrize(
    ("reading", "words"),
    [
        (nxdomain(), "does not have the record; the other 2 name servers do."),
        (
            texts(OTHER),
            (
                f'answers with TXT "{OTHER.decode()}" instead of the expected value; the other 2 '
                "name servers have it."
            ),
        ),
        (
            alias(),
            (
                "answers with a CNAME to record.other.test instead of the record; the other 2 name "
                "servers have it."
            ),
        ),
    ],
    ids=["nothing", "another-value", "an-alias"],
)
def test_what_is_there_instead_is_told_and_who_has_it(reading: Reading, words: str) -> None:
    facts = survey(hop(at(NS1, texts(), 42), at(NS2, reading, 42), at(NS3, texts(), 42)))
    found = only_error(facts, "servers-disagree")
    assert found.summary == f"ns2.example.net {words}"
    cached = "negative answer" if reading == nxdomain() else "answer"
    thing = "the expected value" if reading == texts(OTHER) else "the record"
    assert f"If it has {thing}, increase the zone's serial" in found.remedy
    assert found.cause.startswith("All 3 name servers serve serial 42, so no zone transfer ")
    assert found.cause.endswith(f"one of them still returns a cached {cached}.")


def test_of_one_server_its_other_addresses_have_it() -> None:
    facts = survey(hop(at(NS2, texts(), 42), at(NS2_V6, nxdomain(), 42)))
    assert only_error(facts, "servers-disagree").summary == (
        "ns2.example.net at 2001:db8::2 does not have the record; its other address does."
    )


def test_a_value_that_is_missing_is_named() -> None:
    facts = survey(
        hop(at(NS1, texts(VALUE, SECOND), 42), at(NS2, texts(VALUE), 42)),
        expected=(VALUE, SECOND),
    )
    assert only_error(facts, "servers-disagree").summary == (
        f'ns2.example.net lacks "{SECOND.decode()}"; the other name server has all expected values.'
    )
