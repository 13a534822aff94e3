"""What a monitoring system reads: one line with performance data, and a state."""

from __future__ import annotations

import dataclasses
import re

import pytest
from hypothesis import HealthCheck, given, settings

from certbot_dns_preflight.facts.finding import Severity
from certbot_dns_preflight.facts.outcome import Outcome, Verdict
from certbot_dns_preflight.report import nagios
from certbot_dns_preflight.report.nagios import State
from tests.builders.strategies import OUTCOMES
from tests.report import scenarios

FIRST_LINE = re.compile(
    r"DNS-PREFLIGHT (OK|WARNING|CRITICAL|UNKNOWN): [^|]+ \| "
    r"time=[0-9.]+s;;;0 names=(\d+);;;0 ready=(\d+);;;0;\2 not_ready=(\d+);;;0;\2 "
    r"inconclusive=(\d+);;;0;\2 warnings=\d+;;;0( ready_after=[0-9.]+s;;;0)?"
)


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(OUTCOMES)
def test_the_first_line_has_the_form_and_nothing_else_has_a_pipe(outcome: Outcome) -> None:
    first, *rest = nagios.render(outcome).split("\n")
    read = FIRST_LINE.fullmatch(first)
    assert read is not None, first
    assert read[1] == nagios.state_of(outcome).name
    assert int(read[2]) == len(outcome.challenges) == sum(map(int, read.groups()[2:5]))
    assert not [line for line in rest if "|" in line]
    assert len(rest) <= 61


@pytest.mark.parametrize(
    ("verdict", "severities", "state"),
    [
        (Verdict.READY, [], State.OK),
        (Verdict.READY, [Severity.INFO], State.OK),
        (Verdict.READY, [Severity.WARNING], State.WARNING),
        (Verdict.READY, [Severity.ERROR], State.WARNING),  # left out of the verdict by --skip
        (Verdict.NOT_READY, [Severity.ERROR], State.CRITICAL),
        (Verdict.INCONCLUSIVE, [Severity.ERROR], State.UNKNOWN),
    ],
)
def test_the_state_follows_the_verdict(
    verdict: Verdict, severities: list[Severity], state: State
) -> None:
    (judged,) = scenarios.behind().challenges
    findings = [dataclasses.replace(judged.findings[0], severity=one) for one in severities]
    assert nagios.state(verdict, findings) is state


def test_a_failure_in_full() -> None:
    outcome = scenarios.behind()
    (judged,) = outcome.challenges
    first, *rest = nagios.render(outcome).split("\n")
    assert first.startswith("DNS-PREFLIGHT CRITICAL: ")
    assert first.endswith(
        " | time=300.040s;;;0 names=1;;;0 ready=0;;;0;1 not_ready=1;;;0;1 inconclusive=0;;;0;1 "
        "warnings=0;;;0"
    )
    assert rest[0].endswith("(secondary-behind)")
    assert rest[1:] == [
        f"  fix: {judged.findings[0].remedy}",
        "  check: dig +norec @198.51.100.3 example.com SOA",
        "  check: dig +norec @192.0.2.1 example.com SOA",
    ]


def test_a_record_to_publish_is_a_line_of_its_own() -> None:
    _, _, fix, record, check = nagios.render(scenarios.one_character_off()).split("\n")
    assert fix.endswith(
        "Copy the value instead of typing it. The record (leave out the quotes in a web form):"
    )
    assert record == f"  {scenarios.RECORD}"
    assert check.startswith("  check: dig +norec +short @192.0.2.1 ")
