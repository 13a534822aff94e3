"""Readiness, and what skipped findings and those from elsewhere do to it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from certbot_dns_preflight.checks import diagnose
from certbot_dns_preflight.checks.verdict import judge
from certbot_dns_preflight.codes import Code
from certbot_dns_preflight.facts.answers import (
    NoResponseReason,
    NotAsked,
    Refused,
)
from certbot_dns_preflight.facts.finding import Finding, Severity
from certbot_dns_preflight.facts.outcome import Verdict
from tests.builders.survey import (
    NS1,
    NS2,
    NS2_V6,
    NS3,
    OTHER,
    SECOND,
    VALUE,
    at,
    hop,
    nodata,
    nxdomain,
    silent,
    survey,
    texts,
)
from tests.checks.asserting import (
    aliased,
)

if TYPE_CHECKING:
    from certbot_dns_preflight.facts.survey import Survey


@pytest.mark.parametrize(
    "facts",
    [
        survey(hop(at(NS1, texts()), at(NS2, texts()), at(NS2_V6, texts()))),
        survey(hop(at(NS1, texts(SECOND, VALUE))), expected=(VALUE, SECOND)),
        survey(hop(at(NS1, nodata()), at(NS2, nxdomain())), expected=()),
        survey(hop(at(NS1, texts(OTHER)), at(NS2, texts(OTHER))), expected=()),
        aliased(at(NS3, texts())),
        survey(hop(at(NS1, texts(), matched_before=True, flips=1))),
        survey(hop(at(NS2, texts()), at(NS2_V6, NotAsked("no IPv6 here")))),
        survey(hop(at(NS2, texts()), at(NS2_V6, silent(NoResponseReason.NO_ROUTE)))),
    ],
)
def test_a_healthy_survey_has_no_finding(facts: Survey) -> None:
    found = diagnose(facts)
    assert found == ()
    assert judge(facts, found, skip=frozenset()) is Verdict.READY


def test_a_skipped_error_does_not_count() -> None:
    facts = survey(hop(at(NS1, texts()), at(NS2, Refused())))
    found = diagnose(facts)
    assert judge(facts, found, skip=frozenset({"nameserver-refuses"})) is Verdict.READY
    assert judge(facts, found, skip=frozenset({"nameserver-failing"})) is Verdict.NOT_READY


def test_an_error_from_elsewhere_counts_though_the_record_is_ready() -> None:
    facts = survey(hop(at(NS1, texts())))
    caa = Finding(Code.CAA_FORBIDS, Severity.ERROR, "s.", "c.", "r.", "RFC 8659")
    assert judge(facts, (caa,), skip=frozenset()) is Verdict.NOT_READY
    warning = dataclasses.replace(caa, severity=Severity.WARNING)
    assert judge(facts, (warning,), skip=frozenset()) is Verdict.READY
