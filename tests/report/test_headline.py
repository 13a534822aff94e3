"""The first line of runs that are not all of one kind."""

from __future__ import annotations

from certbot_dns_preflight.report.headline import headline
from tests.builders.survey import NXDOMAIN, THERE, judged, run, seen
from tests.report import scenarios

OTHERS = (seen("ns9.example.org.", "198.51.100.9", NXDOMAIN),)


def test_names_without_a_value_are_told_apart_and_counted_apart() -> None:
    valued = judged(*scenarios.three_servers(THERE), ready_after=3.0)
    plain = judged(*OTHERS, domain="example.org", expected=(), ready_after=9.0)
    alone = headline(run(valued)).partition("ready")[2]
    assert headline(run(valued, plain)) == (
        f"dns-preflight: 1 name ready{alone}; 1 in order, no value was asked for"
    )
    assert headline(run(plain, plain)) == (
        "dns-preflight: 2 names in order; no value was asked for (1 address of 1 name server asked)"
    )
