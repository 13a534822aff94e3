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


def test_nobody_has_it() -> None:
    found = only_error(
        survey(hop(at(NS1, nxdomain(), 42), at(NS2, nodata(), 42))), "record-not-published"
    )
    assert found.summary == (
        "both name servers say that _acme-challenge.example.test. has no TXT record."
    )
    assert "serial 42" in found.cause
