"""`certbot renew` with many lineages: what all of them share is found out once."""

from __future__ import annotations

import re
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from certbot_dns_preflight.challenge import make_challenge
from certbot_dns_preflight.plugin import precheck
from certbot_dns_preflight.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Certbot, Ran
    from tests.lab import Lab

NAMES = ("one.example.test", "two.example.test", "three.example.test")


@pytest.mark.slow
def test_a_dead_secondary_is_waited_for_once_and_looked_at_again_for_the_others(
    certbot: Certbot, lab: Lab, issue: Callable[..., Ran]
) -> None:
    for name in NAMES:
        options = ("--dns-preflight-timeout=12", "--dns-preflight-query-timeout=1")
        issue(name, *certbot.hook_options, *options)
    lab.knot.kill()
    since = len(lab.ca.log)
    ran = certbot("renew", "--force-renewal")
    assert ran.status == 1
    assert lab.ca.challenges_answered(since) == 0
    told = " ".join(ran.stderr.split())
    assert told.count("Not ready: ns3.dns.test does not answer") == len(NAMES)
    # The look is begun once for each, and lasts as long as the machine takes for a round.
    again = re.findall(r"waited \S+ s of 12 s \(already silent \S+ s ago\)", told)
    assert len(again) == len(NAMES) - 1


def test_what_stops_an_order_is_not_an_old_delegation(lab: Lab) -> None:
    settings = Settings(root_hints=lab.root_hints, query_timeout=0.5)
    config = cast("Any", SimpleNamespace())
    wanted = [make_challenge("moved.test", [b"v"])]
    old = lab.daemon("nsd")
    lab.zone("moved.test.", [old])
    result, _ = precheck.look(wanted, settings, config)
    assert not precheck.permanent_errors(result, settings)
    old.drop("moved.test.")
    result, _ = precheck.look(wanted, settings, config)
    assert precheck.permanent_errors(result, settings)
    lab.undelegate("moved.test.")
    lab.zone("moved.test.", [lab.daemon("knot")])
    result, _ = precheck.look(wanted, settings, config)
    assert not precheck.permanent_errors(result, settings)
    # Those who go on anyway get what is known.
    assert not precheck.permanent_errors(result, replace(settings, skip=("nameserver-refuses",)))
