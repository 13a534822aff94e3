from __future__ import annotations

import pytest

from tests.builders.survey import (
    NS1,
    NS2,
    at,
    hop,
    nxdomain,
    survey,
    texts,
)
from tests.checks.asserting import (
    only_error,
)


@pytest.mark.parametrize("others", [texts(), nxdomain()])
def test_a_record_that_was_there_has_vanished(others: object) -> None:
    facts = survey(
        hop(at(NS1, others), at(NS2, nxdomain(), flips=1, matched_before=True))  # type: ignore[arg-type]
    )
    found = only_error(facts, "record-vanished")
    assert found.address == NS2
    assert found.summary == (
        "ns2.example.net had the record earlier in this run, but no longer returns it."
    )
    assert found.cause.startswith("ns2.example.net now answers NXDOMAIN. ")


@pytest.mark.parametrize(
    ("serial", "cause", "remedy"),
    [
        (
            41,
            "an address and one of them still has the older copy.",
            "Find out why ns2.example.net serves an older copy ",
        ),
        (
            43,
            ", and the other name servers will lose it too.",
            "Find out what removed the record: ",
        ),
        (42, " and the other name servers will lose it too.", "Compare the serials. If ns2."),
        (None, " and the other name servers will lose it too.", "Compare the serials. If ns2."),
    ],
)
def test_the_serials_tell_whether_an_older_or_a_newer_copy_lacks_it(
    serial: int | None, cause: str, remedy: str
) -> None:
    lost = at(NS2, nxdomain(), serial, flips=1, matched_before=True)
    found = only_error(survey(hop(at(NS1, texts(), 42), lost)), "record-vanished")
    assert "ns1.example.net still has the record" in found.cause
    assert found.cause.endswith(cause)
    assert found.remedy.startswith(remedy)
