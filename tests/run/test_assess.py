"""The judge of outcomes: what is not confirmed, and what a fault of ours leaves unjudged."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from certbot_dns_preflight import checks
from certbot_dns_preflight.caa.policy import IssuanceRequest
from certbot_dns_preflight.facts.environment import DomainEnvironment
from certbot_dns_preflight.facts.outcome import ChallengeOutcome, Verdict
from certbot_dns_preflight.report import json_report, text
from certbot_dns_preflight.run import assess, inputs
from certbot_dns_preflight.settings import Settings
from tests.builders.survey import NS1, NS2, VALUE, at, hop, nxdomain, survey, texts
from tests.builders.survey import run as outcome

if TYPE_CHECKING:
    from certbot_dns_preflight.facts.survey import Survey

READY = survey(hop(at(NS1, texts()), at(NS2, texts())))
BEHIND = survey(hop(at(NS1, texts(), 42), at(NS2, nxdomain(), 41)))


def judge(facts: Survey, *, confirmed: bool, skip: tuple[str, ...] = ()) -> ChallengeOutcome:
    assessor = assess.Assessor(Settings(skip=skip), inputs.load(Settings()), None)
    return assessor.assess(facts, DomainEnvironment(), confirmed=confirmed)


def codes(judged: ChallengeOutcome) -> list[str]:
    return [finding.code for finding in judged.findings]


def test_what_is_seen_everywhere_and_confirmed_is_ready() -> None:
    judged = judge(READY, confirmed=True)
    assert (judged.verdict, codes(judged)) == (Verdict.READY, [])


def test_what_is_seen_everywhere_and_not_confirmed_says_so() -> None:
    judged = judge(READY, confirmed=False)
    assert (judged.verdict, codes(judged)) == (Verdict.NOT_READY, ["unconfirmed"])
    (finding,) = judged.findings
    assert finding.summary == (
        "every name server has the record, but time ran out before 2 complete rounds in a "
        "row confirmed it."
    )
    assert finding.evidence == {"rounds": 1, "confirmations": 2}


def test_where_no_value_is_expected_nothing_is_said_of_a_record() -> None:
    facts = survey(hop(at(NS1, nxdomain()), at(NS2, nxdomain())), expected=())
    (finding,) = judge(facts, confirmed=False).findings
    assert finding.summary.startswith("every name server answers correctly, but time ran out")


def test_confirmation_may_be_done_without() -> None:
    judged = judge(READY, confirmed=False, skip=("unconfirmed",))
    assert (judged.verdict, codes(judged)) == (Verdict.READY, ["unconfirmed"])


def test_what_is_wrong_anyway_is_not_told_as_unconfirmed_too() -> None:
    judged = judge(BEHIND, confirmed=False)
    assert (judged.verdict, codes(judged)) == (Verdict.NOT_READY, ["secondary-behind"])


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a \x1b[31mfault")

    monkeypatch.setattr(checks, "diagnose", fail)


@pytest.mark.usefixtures("broken")
@pytest.mark.parametrize("skip", [(), ("internal-error",)])
def test_a_fault_in_judging_is_told_and_never_ready(skip: tuple[str, ...]) -> None:
    judged = judge(READY, confirmed=True, skip=skip)
    assert (judged.verdict, codes(judged)) == (Verdict.NOT_READY, ["internal-error"])
    (finding,) = judged.findings
    assert finding.evidence["exception"] == "ZeroDivisionError"
    assert str(finding.evidence["where"]).startswith("run/assess.py:")
    assert str(finding.evidence["where"]).endswith(" in _assess")
    assert "please send us this report and the log" in finding.summary
    assert "\x1b" not in finding.cause
    # And it can be told: the page and the JSON report say it.
    assert "ZeroDivisionError" in text.render(outcome(judged))
    (told,) = json.loads(json_report.render(outcome(judged)))["challenges"]
    assert told["outcome"] == "not-ready"
    assert told["expected"] == [VALUE.decode()]


def test_the_first_of_several_faults_is_told() -> None:
    group = ExceptionGroup("", [ExceptionGroup("", [KeyError("x"), ValueError()])])
    (finding,) = assess.failed(READY, group).findings
    assert finding.evidence == {"exception": "KeyError", "message": "'x'", "where": "unknown"}


def test_without_an_anchor_a_ready_one_says_that_dnssec_was_not_judged() -> None:
    read = inputs.Inputs(inputs.load(Settings()).hints, None)
    request = IssuanceRequest(identities=("letsencrypt.org",))
    for confirmed in (True, False):
        judged = assess.Assessor(Settings(), read, request).assess(
            READY, DomainEnvironment(), confirmed=confirmed
        )
        assert len(judged.unjudged) == (1 if confirmed else 0)
