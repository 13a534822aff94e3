"""For any survey: an error exactly where it is not ready; texts that are safe to print."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from certbot_dns_preflight.checks import diagnose
from certbot_dns_preflight.checks.rules import BY_CODE
from certbot_dns_preflight.checks.verdict import is_ready, judge
from certbot_dns_preflight.facts.finding import Severity
from certbot_dns_preflight.facts.obstacle import Intercepted, NoEgress
from certbot_dns_preflight.facts.outcome import Verdict
from certbot_dns_preflight.settings import UnreachablePolicy
from tests.builders.strategies import PLAUSIBLE_SURVEYS

if TYPE_CHECKING:
    from certbot_dns_preflight.facts.survey import Survey


@pytest.mark.slow
@pytest.mark.heavy
@settings(max_examples=10 * settings.default.max_examples)
@given(PLAUSIBLE_SURVEYS, st.sampled_from(list(UnreachablePolicy)))
def test_findings_and_readiness_say_the_same(
    survey: Survey, unreachable: UnreachablePolicy
) -> None:
    findings = diagnose(survey, unreachable=unreachable)
    errors = [finding.code for finding in findings if finding.severity is Severity.ERROR]
    ready = is_ready(survey, unreachable=unreachable)
    assert bool(errors) != ready
    severities = [finding.severity for finding in findings]
    assert severities == sorted(severities, key=["error", "warning", "info"].index)
    verdict = judge(survey, findings, skip=frozenset(), unreachable=unreachable)
    if isinstance(survey.obstacle, NoEgress | Intercepted):
        assert verdict is Verdict.INCONCLUSIVE
        egress = isinstance(survey.obstacle, NoEgress)
        assert errors == ["no-dns-egress" if egress else "dns-intercepted"]
    else:
        assert verdict is (Verdict.READY if ready else Verdict.NOT_READY)
    if is_ready(survey, unreachable=UnreachablePolicy.FAIL):
        assert is_ready(survey, unreachable=UnreachablePolicy.WARN)


@pytest.mark.slow
@pytest.mark.heavy
@settings(max_examples=3 * settings.default.max_examples)
@given(PLAUSIBLE_SURVEYS)
def test_every_finding_is_known_single_lined_printable_and_serialisable(survey: Survey) -> None:
    for finding in diagnose(survey):
        assert finding.code in BY_CODE
        assert finding.reference
        for text in (finding.summary, finding.cause, finding.remedy):
            assert text.isprintable()
            assert text.endswith(".")
            assert ".. " not in f"{text} ".replace("... ", "")
            assert len(text) < 1200
        json.dumps(dict(finding.evidence))
