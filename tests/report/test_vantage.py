"""From where a run looked, and what it says where it saw nothing."""

from __future__ import annotations

import dataclasses

from certbot_dns_preflight.facts.answers import Endpoint
from certbot_dns_preflight.facts.outcome import Vantage, Verdict
from certbot_dns_preflight.report import html_report
from certbot_dns_preflight.report.vantage import from_where
from tests.builders.survey import THERE, TIMED_OUT, judged, run, seen
from tests.report import scenarios


def test_where_nothing_could_be_asked_nothing_is_called_checked() -> None:
    outcome = scenarios.inconclusive()
    assert from_where(outcome) == (
        "tried",
        "192.0.2.53 and 192.0.2.54#5353, over IPv4; nothing could be checked.",
    )
    assert (
        "Tried 192.0.2.53 and 192.0.2.54#5353, over IPv4; nothing could be checked."
        in html_report.render(outcome)
    )
    from_the_root = dataclasses.replace(outcome, vantage=Vantage((), ("ipv4",), ("ipv6",)))
    assert from_where(from_the_root) == (
        "tried",
        "the root servers, over IPv4; nothing could be checked. This host has no IPv6 route.",
    )
    assert "Tried the root servers, over IPv4; nothing could be checked." in html_report.render(
        from_the_root
    )


def test_name_servers_that_are_silent_were_tried_and_those_that_answer_checked() -> None:
    for reading, label in ((TIMED_OUT, "tried"), (THERE, "checked")):
        seen_here = judged(seen("ns1.example.net.", "192.0.2.1", reading))
        challenge = dataclasses.replace(seen_here, verdict=Verdict.INCONCLUSIVE)
        assert from_where(run(challenge))[0] == label


def test_resolvers_that_led_to_the_servers_are_named() -> None:
    resolvers = (Endpoint("192.0.2.53"), Endpoint("192.0.2.54"), Endpoint("192.0.2.55"))
    outcome = dataclasses.replace(
        scenarios.behind(), vantage=Vantage(resolvers, ("ipv4", "ipv6"), ())
    )
    assert from_where(outcome) == (
        "checked",
        "through 192.0.2.53, 192.0.2.54 and 192.0.2.55, over IPv4 and IPv6.",
    )
