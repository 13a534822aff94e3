"""The root as an alias target or a name server: no record can be there, and no address."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from dns.rdatatype import CNAME, DNAME, NS, RdataType

from certbot_dns_preflight.caa.policy import IssuanceRequest
from certbot_dns_preflight.challenge import make_challenge
from certbot_dns_preflight.facts.finding import Severity
from certbot_dns_preflight.option_values import resolvers
from certbot_dns_preflight.report import json_report, nagios, text
from certbot_dns_preflight.report import trace as trace_report
from certbot_dns_preflight.run import permanence, record_location, session, trace, waiting
from certbot_dns_preflight.run.timings import Timings
from certbot_dns_preflight.settings import AliasPolicy, Ask
from tests.hostile.simulated import Hostile, Zone
from tests.simulated import clock
from tests.simulated.internet import RESOLVER

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from certbot_dns_preflight.facts.outcome import ChallengeOutcome, Outcome
    from certbot_dns_preflight.facts.trace import Trail
    from certbot_dns_preflight.settings import Settings

    World = Callable[..., Settings]

OWNER = "_acme-challenge.a0.test."
ANYBODY = IssuanceRequest(identities=("letsencrypt.org",))
TO_THE_ROOT = (OWNER, CNAME, ".")
IN_TWO_STEPS = ((OWNER, CNAME, "x.a0.test."), ("x.a0.test.", CNAME, "."))


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    def make(*records: tuple[str, RdataType, str]) -> Settings:
        zone = Zone("a0.test.", 2, 2, records)
        return Hostile(0, zones=(zone,)).plug_in(monkeypatch, tmp_path)

    return make


def look(settings: Settings, *values: bytes, domain: str = "a0.test") -> Outcome:
    extras = waiting.Extras(request=ANYBODY, timings=Timings(before_resolvers=0.0))
    wanted = [make_challenge(domain, list(values))]
    return clock.run(lambda: waiting.preflight(wanted, settings, wait=False, extras=extras))


def errors(outcome: Outcome) -> list[str]:
    (judged,) = outcome.challenges
    return [f.code for f in judged.findings if f.severity is Severity.ERROR]


def one(outcome: Outcome) -> ChallengeOutcome:
    (judged,) = outcome.challenges
    return judged


@pytest.mark.parametrize("values", [(b"value",), ()], ids=["a value", "no value"])
@pytest.mark.parametrize("records", [(TO_THE_ROOT,), IN_TWO_STEPS], ids=["at once", "in two steps"])
def test_an_alias_of_the_root_dangles(
    world: World, records: tuple[tuple[str, RdataType, str], ...], values: tuple[bytes, ...]
) -> None:
    outcome = look(world(*records), *values)
    assert errors(outcome) == ["alias-dangling"]
    first = text.render(outcome, width=200).splitlines()[0]
    assert first.endswith("an alias of the root, where nobody can create a record.")
    assert one(outcome).survey.alias_chain[-1].to_text() == "."
    assert permanence.permanent_errors(one(outcome), skip=frozenset())
    assert json_report.render(outcome)
    assert "alias-dangling" in nagios.render(outcome)


def test_the_record_is_not_made_where_an_alias_leads_to_the_root(world: World) -> None:
    wanted, settings = make_challenge("a0.test"), world(TO_THE_ROOT)
    found = clock.run(lambda: record_location.find([wanted], settings))[wanted.owner]
    assert found.survey is not None
    assert found.zone is None


@pytest.mark.parametrize("values", [(b"value",), ()], ids=["a value", "no value"])
def test_a_wildcard_that_leads_to_the_root_is_told_as_a_wildcard(
    world: World, values: tuple[bytes, ...]
) -> None:
    outcome = look(world(("*.a0.test.", CNAME, ".")), *values)
    assert errors(outcome) == ["alias-wildcard"]


def test_a_dname_of_the_root_leads_to_a_top_level_domain_that_does_not_exist(world: World) -> None:
    outcome = look(world(("sub.a0.test.", DNAME, ".")), b"value", domain="sub.a0.test")
    assert errors(outcome) == ["alias-dangling"]
    assert one(outcome).findings[0].evidence["missing"] == "_acme-challenge."


def test_a_resolver_that_follows_an_alias_to_the_root_shows_that_it_dangles(world: World) -> None:
    settings = replace(
        world(TO_THE_ROOT),
        resolver=resolvers(RESOLVER),
        ask=Ask.RESOLVERS,
        alias=AliasPolicy.FOLLOW,
    )
    assert errors(look(settings, b"value")) == ["alias-dangling"]
    wanted = make_challenge("a0.test")
    found = clock.run(lambda: record_location.find([wanted], settings))[wanted.owner]
    assert (found.record, found.zone) == (wanted.owner, None)


@pytest.mark.parametrize("through_resolver", [False, True])
def test_the_root_as_a_name_server_is_to_be_removed(
    world: World, *, through_resolver: bool
) -> None:
    settings = world(("a0.test.", NS, "."))
    if through_resolver:
        settings = replace(settings, resolver=resolvers(RESOLVER))
    outcome = look(settings)
    assert errors(outcome) == ["nameserver-without-address"]
    (found,) = (f for f in one(outcome).findings if f.severity is Severity.ERROR)
    assert found.summary.startswith('".", a name server of a0.test, has no address')
    assert found.remedy is not None
    assert found.remedy.startswith("Remove that server")
    assert "address record" not in found.remedy


def test_a_trace_shows_aliases_of_the_root(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = world(TO_THE_ROOT, ("www.a0.test.", CNAME, "."))
    monkeypatch.setattr(trace, "Exchange", session.Exchange)

    def walk(domain: str) -> Trail:
        return clock.run(lambda: trace.trace(make_challenge(domain), settings))

    trail = walk("a0.test")
    assert [step.zone.to_text() for step in trail.legs[0].steps] == [".", "test.", "a0.test."]
    assert (
        "_acme-challenge.a0.test is an alias of the root, where nobody can create a record"
        in trace_report.render(trail, width=200)
    )
    *_, last = walk("www.a0.test").destinations
    assert (last.name.to_text(), last.missing) == (".", "it has neither A nor AAAA")
