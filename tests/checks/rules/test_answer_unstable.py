from __future__ import annotations

import pytest

from certbot_dns_preflight.checks import diagnose
from certbot_dns_preflight.checks.verdict import is_ready
from certbot_dns_preflight.facts.answers import Refused
from certbot_dns_preflight.facts.finding import Severity
from certbot_dns_preflight.settings import UnreachablePolicy
from tests.builders.survey import (
    NS1,
    NS2,
    at,
    hop,
    name,
    nxdomain,
    survey,
    texts,
)
from tests.checks.asserting import (
    only_error,
)


@pytest.mark.parametrize("now", [texts(), nxdomain()])
def test_back_and_forth_is_unstable(now: object) -> None:
    facts = survey(
        hop(at(NS1, texts()), at(NS2, now, flips=3, matched_before=True))  # type: ignore[arg-type]
    )
    assert only_error(facts, "answer-unstable").nameserver == name("ns2.example.net.")


def test_back_and_forth_counts_where_the_address_has_no_answer_now() -> None:
    facts = survey(hop(at(NS1, texts()), at(NS2, Refused(), flips=2, matched_before=True)))
    codes = [
        finding.code
        for finding in diagnose(facts, unreachable=UnreachablePolicy.WARN)
        if finding.severity is Severity.ERROR
    ]
    assert codes == ["answer-unstable"]
    assert not is_ready(facts, unreachable=UnreachablePolicy.WARN)
