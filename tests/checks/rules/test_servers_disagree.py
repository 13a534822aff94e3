from __future__ import annotations

import pytest

from tests.builders.survey import (
    NS1,
    NS2,
    NS3,
    OTHER,
    SECOND,
    VALUE,
    alias,
    at,
    hop,
    nodata,
    nxdomain,
    survey,
    texts,
)
from tests.checks.asserting import (
    aliased,
    only_error,
)


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
