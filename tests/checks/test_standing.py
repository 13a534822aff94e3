"""What an address said before it fell silent stands, until it says something else itself."""

from __future__ import annotations

import pytest

from certbot_dns_preflight.checks import diagnose
from certbot_dns_preflight.checks.verdict import judge
from certbot_dns_preflight.facts.answers import Answer, Failing, Reading
from certbot_dns_preflight.facts.finding import Severity
from certbot_dns_preflight.facts.outcome import Verdict
from certbot_dns_preflight.facts.survey import Observation, Survey, is_other
from certbot_dns_preflight.settings import UnreachablePolicy
from tests.builders.survey import (
    NS1,
    NS2,
    NS2_V6,
    OTHER,
    REFUSED,
    TARGET,
    TIMED_OUT,
    VALUE,
    alias,
    at,
    hop,
    nodata,
    nxdomain,
    survey,
    texts,
)
from tests.checks.asserting import aliased, codes

EVERY_POLICY = pytest.mark.parametrize("policy", UnreachablePolicy)
SERVFAIL = Failing("SERVFAIL")


def stood(address: str, reading: Reading, later: Reading = TIMED_OUT) -> Observation:
    """What an address said, and what came of it since."""
    return at(address, reading, later=later)


def told(facts: Survey, policy: UnreachablePolicy) -> tuple[list[str], list[str]]:
    found = diagnose(facts, unreachable=policy)
    verdict = judge(facts, found, skip=frozenset(), unreachable=policy)
    errors = codes(found, Severity.ERROR)
    assert (verdict is Verdict.READY) == (not errors)
    return errors, codes(found, Severity.WARNING)


@EVERY_POLICY
@pytest.mark.parametrize("said", [nxdomain(), nodata(), texts(OTHER), alias()])
def test_a_sibling_does_not_outvote_what_an_address_said(
    said: Answer, policy: UnreachablePolicy
) -> None:
    facts = survey(hop(at(NS1, texts()), at(NS2_V6, texts()), stood(NS2, said)))
    errors, warnings = told(facts, policy)
    assert errors == ["secondary-behind"]
    assert warnings == ["address-unreachable"]


@pytest.mark.parametrize(
    ("later", "code"),
    [
        (TIMED_OUT, "nameserver-unreachable"),
        (REFUSED, "nameserver-refuses"),
        (SERVFAIL, "nameserver-failing"),
    ],
)
def test_a_server_that_fails_by_now_is_told_as_that_and_excused_by_no_policy(
    later: Reading, code: str
) -> None:
    facts = survey(hop(at(NS1, texts()), stood(NS2, nxdomain(), later)))
    assert told(facts, UnreachablePolicy.FAIL) == ([code], [])
    assert told(facts, UnreachablePolicy.WARN) == (["secondary-behind"], [code])


def test_what_an_address_said_of_an_alias_stands_too() -> None:
    first = hop(at(NS1, alias()), at(NS2_V6, alias()), stood(NS2, nodata()))
    errors, _ = told(aliased(at(NS1, texts()), first=first), UnreachablePolicy.FAIL)
    assert errors == ["secondary-behind"]


@pytest.mark.parametrize(
    ("answer", "others", "expected", "other"),
    [
        (texts(), texts(), (VALUE,), False),
        (nxdomain(), texts(), (VALUE,), True),
        (texts(), alias(), (VALUE,), True),
        (alias(), alias(), (VALUE,), False),
        (alias(conflict=True), alias(), (VALUE,), True),
        (alias("elsewhere.test."), alias(TARGET), (VALUE,), True),
        (alias(), texts(), (VALUE,), True),
        (nodata(), nxdomain(), (), False),
        (texts(OTHER), nxdomain(), (), True),
    ],
)
def test_what_is_right_says_nothing_once_it_is_silent(
    answer: Answer, others: Answer, expected: tuple[bytes, ...], *, other: bool
) -> None:
    assert is_other(answer, hop(at(NS1, others), at(NS2, TIMED_OUT)), expected) is other


def test_a_silent_address_that_had_the_value_is_merely_silent() -> None:
    facts = survey(hop(at(NS1, texts()), at(NS2_V6, texts()), at(NS2, TIMED_OUT)))
    assert told(facts, UnreachablePolicy.FAIL) == ([], ["address-unreachable"])
