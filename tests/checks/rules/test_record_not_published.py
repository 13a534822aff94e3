from __future__ import annotations

from tests.builders.survey import (
    NS1,
    NS2,
    at,
    hop,
    nodata,
    nxdomain,
    survey,
)
from tests.checks.asserting import (
    only_error,
)


def test_nobody_has_it_which_says_nothing_of_a_hidden_primary() -> None:
    found = only_error(
        survey(hop(at(NS1, nxdomain(), 42), at(NS2, nodata(), 42))), "record-not-published"
    )
    assert found.summary == (
        "both name servers answer that there is no TXT record for _acme-challenge.example.test."
    )
    assert found.cause == (
        "Both name servers serve serial 42. Usually the record was never created, or it was "
        "created somewhere else, or the change has not reached either of the servers yet."
    )
    assert found.remedy.endswith(
        " Make sure it writes to the copy of the zone example.test that these name servers serve. "
        "If the change just needs more time to reach the name servers, raise --timeout."
    )
    assert found.records == (
        '_acme-challenge.example.test. TXT "gfj9Xq8kZ2mT4vB7nR1sL0pW6yD3hC5aE9uG2iK8oJg"',
    )


def test_the_only_name_server_is_compared_with_no_other() -> None:
    found = only_error(survey(hop(at(NS1, nxdomain(), 42))), "record-not-published")
    assert found.summary == (
        "the only name server answers NXDOMAIN for _acme-challenge.example.test."
    )
    assert found.cause == (
        "The name server serves serial 42. Usually the record was never created, or it was "
        "created somewhere else, or the change has not reached this name server yet."
    )
