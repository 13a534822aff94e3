from __future__ import annotations

import pytest

from tests.builders.survey import (
    NS1,
    NS3,
    OTHER,
    TARGET,
    alias,
    at,
    hop,
    name,
    nodata,
    nxdomain,
    texts,
)
from tests.checks.asserting import (
    aliased,
    only_error,
)


@pytest.mark.parametrize("there", [nxdomain(), nodata(), texts(OTHER)])
def test_an_alias_target_lacks_the_record(there: object) -> None:
    found = only_error(aliased(at(NS3, there)), "alias-target-lacks-record")
    assert found.evidence["target"] == TARGET
    assert found.remedy.endswith(
        "Alternatively, if nothing else relies on that alias, replace the CNAME at "
        "_acme-challenge.example.test with a TXT record that has the expected value."
    )


def test_under_a_dname_the_target_alone_can_hold_the_record() -> None:
    renamed = hop(at(NS1, alias(dname=name("example.test."))))
    found = only_error(aliased(at(NS3, nxdomain()), first=renamed), "alias-target-lacks-record")
    assert found.remedy == (
        "Create the record at record.other.test in the zone other.test, and make sure that the "
        "plugin or hook is allowed to write there, and that it writes there rather than at the "
        "alias."
    )
    assert found.records == (
        'record.other.test. TXT "gfj9Xq8kZ2mT4vB7nR1sL0pW6yD3hC5aE9uG2iK8oJg"',
    )
