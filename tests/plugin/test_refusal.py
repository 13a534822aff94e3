"""What remains to explain a refusal follows from the CA's own error."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest

from certbot_dns_preflight.facts.outcome import Outcome, Verdict
from certbot_dns_preflight.report.ca_refusal import Complaint, Refusal, complaint_of, hint
from tests.builders.survey import NXDOMAIN, STARTED, error, judged, seen
from tests.builders.survey import run as outcome

PREFIX = "urn:ietf:params:acme:error:"


@pytest.mark.parametrize(
    ("code", "detail", "complaint"),
    [
        (
            "dns",
            "DNS problem: NXDOMAIN looking up TXT for _acme-challenge.example.test - check that",
            Complaint.NO_NAME,
        ),
        (
            "unauthorized",
            "No TXT record found at _acme-challenge.example.test",
            Complaint.NO_RECORD,
        ),
        (
            "unauthorized",
            'Incorrect TXT record "abc" (and 1 more) found at _acme-challenge.example.test',
            Complaint.OTHER_VALUE,
        ),
        (
            "unauthorized",
            'During secondary validation: Incorrect TXT record "abc" found at _acme-challenge',
            Complaint.OTHER_VALUE,
        ),
        (
            "dns",
            "DNS problem: SERVFAIL looking up TXT for _acme-challenge.example.test - the domain's",
            Complaint.FAILURE,
        ),
        (
            "dns",
            "DNS problem: query timed out looking up TXT for _acme-challenge.example.test",
            Complaint.FAILURE,
        ),
        ("dns", "DNS problem: SERVFAIL looking up CAA for test", Complaint.CAA),
        ("caa", "CAA record for example.test prevents issuance", Complaint.CAA),
        ("dnssec", "validation failed", Complaint.DNSSEC),
        ("dns", "DNSSEC: Bogus: validation failure", Complaint.DNSSEC),
        ("unauthorized", "Correct value not found for DNS challenge", Complaint.OTHER_VALUE),
        ("unauthorized", "No TXT records found for DNS challenge", Complaint.NO_RECORD),
        ("serverInternal", "something else", Complaint.UNKNOWN),
        ("unauthorized", "", Complaint.UNKNOWN),
    ],
)
def test_the_cas_words_are_understood(code: str, detail: str, complaint: Complaint) -> None:
    assert complaint_of(Refusal("example.test", PREFIX + code, detail)) is complaint
    assert complaint_of(Refusal("example.test", code, detail)) is complaint


def test_a_word_in_the_name_is_not_the_cas() -> None:
    refusal = Refusal("*.caa.servfail.test", "dns", "NXDOMAIN at _acme-challenge.caa.servfail.test")
    assert complaint_of(refusal) is Complaint.NO_NAME


def ready(*, after: float = 0) -> Outcome:
    servers = (("ns1.example.com.", "192.0.2.1"), ("ns1.example.com.", "2001:db8::1"))
    made = outcome(judged(*(seen(*server) for server in servers)))
    started = STARTED + dt.timedelta(seconds=after)
    return dataclasses.replace(made, started=started, elapsed=10.0)


def failing() -> Outcome:
    lagging = error("secondary-behind", "ns1.example.com. lacks the record")
    return outcome(judged(seen("ns1.example.com.", "192.0.2.1", NXDOMAIN), findings=(lagging,)))


NO_RECORD = Refusal("example.com", "unauthorized", "No TXT record found at _acme-challenge")
WRONG = Refusal("example.com", "unauthorized", "Incorrect TXT record")
CAA = Refusal("www.example.com", "caa", "forbidden")


def test_it_says_what_was_seen_when_and_again() -> None:
    lines = hint([NO_RECORD], before=ready(), now=ready(after=60)).splitlines()
    assert lines[:3] == [
        (
            "dns-preflight: at 19:05:00 UTC all 2 addresses of 1 name server showed every "
            "expected value."
        ),
        "Checked again at 19:06:00 UTC: unchanged.",
        "example.com: the CA found no TXT record. Possible reasons:",
    ]
    assert all(line.startswith("  - ") for line in lines[3:])


@pytest.mark.parametrize(
    ("refusal", "words", "absent"),
    [
        (NO_RECORD, ["anycast", "60 seconds"], ["CAA", "several places"]),
        (WRONG, ["earlier attempt", "anycast"], ["CAA"]),
        (CAA, ["closest CAA"], ["anycast"]),
        (Refusal("a.test", "dns", "SERVFAIL"), ["DNSSEC", "firewall"], ["anycast", "CAA"]),
        (Refusal("a.test", "dns", ""), ["anycast", "60 seconds", "CAA", "DNSSEC"], []),
        (
            Refusal("a.test", "dns", "During secondary validation: NXDOMAIN"),
            ["several places", "anycast"],
            [],
        ),
    ],
)
def test_only_explanations_that_fit_the_error_remain(
    refusal: Refusal, words: list[str], absent: list[str]
) -> None:
    told = hint([refusal], before=ready(), now=ready())
    assert [word for word in words if word not in told] == []
    assert [word for word in absent if word in told] == []


def test_names_with_the_same_complaint_are_told_together() -> None:
    others = [dataclasses.replace(NO_RECORD, domain=f"{i}.example.com") for i in range(9)]
    told = hint([NO_RECORD, *others, NO_RECORD, CAA], before=ready(), now=None)
    assert told.count("Possible reasons:") == 2
    assert "example.com, 0.example.com, 1.example.com, 2.example.com and 6 more: the CA" in told


def test_a_record_that_is_gone_again_needs_no_further_explanation() -> None:
    told = hint([NO_RECORD], before=ready(), now=failing())
    assert "no longer ready. ns1.example.com. lacks the record" in told
    assert "Possible reasons" not in told


def test_a_failure_that_was_continued_is_the_explanation() -> None:
    told = hint([NO_RECORD], before=failing(), now=failing())
    assert told.endswith("Checked again at 19:09:50 UTC: still not ready.")
    assert "The CA was asked to validate anyway (--dns-preflight-on-failure continue)" in told
    assert "Possible reasons" not in told


INCONCLUSIVE = outcome(judged(verdict=Verdict.INCONCLUSIVE, hops=()))
WORSE = outcome(judged(hops=(), findings=(error("no-such-domain", "the domain is not there"),)))


@pytest.mark.parametrize(
    ("before", "now", "words"),
    [
        (ready(), ready(after=60), "Checked again at 19:06:00 UTC: unchanged."),
        (ready(), WORSE, "again at 19:09:50 UTC: no longer ready. The domain is not there."),
        (failing(), WORSE, "again at 19:09:50 UTC: still not ready. The domain is not there."),
        (failing(), ready(), "again at 19:05:00 UTC: ready now."),
        (INCONCLUSIVE, WORSE, "again at 19:09:50 UTC: not ready. The domain is not there."),
        (
            *(INCONCLUSIVE, ready()),
            "again at 19:05:00 UTC: all 2 addresses of 1 name server showed every expected value.",
        ),
        (None, WORSE, "Checked at 19:09:50 UTC: not ready. The domain is not there."),
        (
            *(None, ready()),
            "at 19:05:00 UTC: all 2 addresses of 1 name server showed every expected value.",
        ),
        (failing(), INCONCLUSIVE, "again at 19:09:50 UTC: this host could not query anything."),
    ],
)
def test_the_second_look_is_compared_with_the_first(
    before: Outcome | None, now: Outcome, words: str
) -> None:
    assert hint([NO_RECORD], before=before, now=now).splitlines()[1].endswith(words)


def test_nothing_seen_is_said_so() -> None:
    inconclusive = dataclasses.replace(
        ready(), challenges=(judged(verdict=Verdict.INCONCLUSIVE, hops=()),)
    )
    told = hint([NO_RECORD], before=inconclusive, now=inconclusive)
    assert told.count("this host could not query anything") == 2
    assert "Possible reasons" in told
    assert hint([NO_RECORD], before=None, now=None).startswith(
        "dns-preflight: the records were not"
    )


def test_what_came_from_the_network_is_escaped() -> None:
    told = hint([Refusal("a\x1b[31m.test", "dns", "\x1b[2J")], before=ready(), now=ready())
    assert "\x1b" not in told
