from __future__ import annotations

from tests.builders.survey import (
    NS1,
    at,
    hop,
    nxdomain,
    survey,
)
from tests.checks.asserting import (
    only_error,
)


def test_a_negative_answer_without_soa_is_a_warning_beside_the_error() -> None:
    facts = survey(hop(at(NS1, nxdomain(soa=None))))
    only_error(facts, "record-not-published", warnings=("negative-answer-without-soa",))
