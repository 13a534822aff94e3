"""What a zone can make a run ask is bounded, per zone and per run, and never dropped in silence."""

from __future__ import annotations

import asyncio
import functools
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import dns.rdatatype
import jsonschema
import pytest

from certbot_dns_preflight.caa.policy import IssuanceRequest
from certbot_dns_preflight.challenge import make_challenge
from certbot_dns_preflight.checks import comparer
from certbot_dns_preflight.checks.txt_difference import MOST_COMPARED
from certbot_dns_preflight.facts.answers import Endpoint
from certbot_dns_preflight.facts.limits import Budget, LimitMet
from certbot_dns_preflight.facts.outcome import Outcome, Verdict
from certbot_dns_preflight.report import json_report
from certbot_dns_preflight.resolve import budgets
from certbot_dns_preflight.resolve.budgets import Budgets
from certbot_dns_preflight.resolve.exchange import Asked, Exchange, Replied
from certbot_dns_preflight.run import permanence, precheck, session, waiting
from certbot_dns_preflight.run.timings import Timings
from certbot_dns_preflight.settings import Settings
from tests import peak_memory
from tests.builders.survey import name
from tests.lab import zone_text
from tests.lab.misbehaving import Authoritative, Branching

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.lab import Lab

pytestmark = pytest.mark.slow

VALUE = b"v"
EVIL = "www.branching.test"
MOST_MEGABYTES = 150


@dataclass
class Sent:
    """What a run asked of whom."""

    queries: int = 0
    addresses: set[Endpoint] = field(default_factory=set)

    async def note(self, event: Asked | Replied) -> None:
        if isinstance(event, Asked):
            self.queries += 1
            self.addresses.add(event.endpoint)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Sent:
    watched = Sent()
    monkeypatch.setattr(session, "Exchange", functools.partial(Exchange, observer=watched.note))
    return watched


@pytest.fixture
def settings(lab: Lab) -> Settings:
    """Have patience: the servers of these tests are asked much, and answer one by one."""
    return Settings(root_hints=lab.root_hints, query_timeout=60, timeout=900)


@pytest.fixture
def branching(lab: Lab) -> Iterator[Branching]:
    """A delegation whose name servers' names lead to ever more zones."""
    pair = lab.addresses()
    lab.name_addresses("branching.dns.test.", pair)
    lab.delegate("branching.test.", ["branching.dns.test."])
    text = zone_text("branching.test.", ["branching.dns.test."])
    with Branching(pair, {"branching.test.": text}) as server:
        yield server
    lab.undelegate("branching.test.")


def look(*domains: str, settings: Settings, wait: bool = False) -> Outcome:
    wanted = [make_challenge(domain, [VALUE]) for domain in domains]
    return waiting.run(wanted, settings, wait=wait)


def errors(outcome: Outcome, index: int = 0) -> list[str]:
    findings = outcome.challenges[index].findings
    return [f.code for f in findings if f.severity.value == "error"]


@pytest.mark.heavy
@pytest.mark.parametrize("wait", [False, True])
def test_a_tree_of_referrals_without_glue_is_bounded_and_takes_no_other_name_with_it(
    lab: Lab, branching: Branching, settings: Settings, sent: Sent, *, wait: bool
) -> None:
    lab.zone("good.test.", [lab.bind, lab.nsd], records="_acme-challenge TXT v\n")
    outcome = look(EVIL, "good.test", settings=settings, wait=wait)
    assert errors(outcome) == ["limit-reached"]
    evil, good = outcome.challenges
    assert evil.verdict is Verdict.INCONCLUSIVE
    assert good.verdict is Verdict.READY
    assert evil.findings[0].evidence["zone"] == "www.branching.test."
    looked_up = {q.name.to_text().lower() for q in branching.asked if q.name.labels[0] != b"_acme"}
    assert len(looked_up) <= 3 * budgets.NAMES_A_ZONE
    assert sent.queries <= budgets.QUERIES_A_ZONE + 200
    written = json_report.as_json(outcome)
    jsonschema.Draft202012Validator(json_report.schema()).validate(written)
    (met,) = written["budgets"]
    assert met == {
        "budget": "names",
        "limit": budgets.NAMES_A_ZONE,
        "scope": "zone",
        "zone": "www.branching.test.",
    }


@pytest.mark.usefixtures("branching")
@pytest.mark.parametrize(("whole_run", "stops"), [(False, True), (True, False)])
def test_a_limit_stops_an_order_beforehand_if_it_is_the_zones_own(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, *, whole_run: bool, stops: bool
) -> None:
    """Its delegation will be no smaller for waiting; of the run's limits the wait has its own."""
    if whole_run:
        monkeypatch.setattr(budgets, "NAMES_A_RUN", 0)
        monkeypatch.setattr(budgets, "NAMES_A_NAME", 20)
    else:
        monkeypatch.setitem(budgets._OF_A_ZONE, Budget.NAMES, 20)
    wanted = [make_challenge(EVIL, [VALUE])]
    timings = Timings(precheck=settings.timeout)
    facts = asyncio.run(precheck.check(wanted, settings, timings=timings))
    outcome = facts.judged(settings, IssuanceRequest(("letsencrypt.org",)))
    assert errors(outcome) == ["limit-reached"]
    assert outcome.challenges[0].findings[0].evidence["scope"] == ("run" if whole_run else "zone")
    assert bool(permanence.has_permanent_errors(outcome, skip=frozenset())) is stops
    assert permanence.has_permanent_errors(outcome, skip=frozenset({"limit-reached"})) == ()


@pytest.mark.heavy
@pytest.mark.usefixtures("branching")
def test_a_tree_of_referrals_takes_little_memory(settings: Settings, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    hints = str(settings.root_hints)
    patience = ["--query-timeout", "60", "--timeout", "900"]
    peak = peak_memory.of_command(
        *("check", EVIL, "--root-hints", hints, *patience, "--report", str(report))
    )
    assert peak <= MOST_MEGABYTES * 1024
    assert "limit-reached" in report.read_text()


def test_of_two_thousand_addresses_of_one_zone_few_are_asked(
    lab: Lab, settings: Settings, sent: Sent
) -> None:
    pair = lab.addresses()
    lab.name_addresses("many.dns.test.", pair)
    hosts = [f"ns{server}.many.test." for server in range(20)]
    records = "_acme-challenge TXT v\n" + "".join(
        f"{host} A 127.77.{server}.{number}\n"
        for server, host in enumerate(hosts)
        for number in range(1, 101)
    )
    text = zone_text("many.test.", hosts, records)
    lab.delegate("many.test.", ["many.dns.test."])
    with Authoritative(pair, {"many.test.": text}):
        outcome = look("many.test", settings=settings)
    lab.undelegate("many.test.")
    assert "limit-reached" in errors(outcome)
    theirs = {e for e in sent.addresses if e.address.startswith("127.77.")}
    assert len(theirs) <= budgets.MOST_ADDRESSES
    assert sent.queries <= 10 * budgets.MOST_ADDRESSES


@pytest.mark.heavy
def test_very_many_values_at_many_addresses_are_judged_under_a_bound(
    lab: Lab, settings: Settings
) -> None:
    pairs = [lab.addresses() for _ in range(10)]
    hosts = [f"crowd{number}.dns.test." for number in range(10)]
    for host, pair in zip(hosts, pairs, strict=True):
        lab.name_addresses(host, pair)
    records = "".join(f"_acme-challenge TXT {number:043}\n" for number in range(600))
    text = zone_text("crowd.test.", hosts, records)
    lab.delegate("crowd.test.", hosts)
    patient = replace(settings, query_timeout=60)  # one process answers for all twenty
    with Authoritative([one for pair in pairs for one in pair], {"crowd.test.": text}):
        outcome = look("crowd.test", settings=patient)
    lab.undelegate("crowd.test.")
    assert errors(outcome) == ["wrong-value"]
    finding = outcome.challenges[0].findings[0]
    assert finding.evidence["not_compared"] == 600 - MOST_COMPARED
    assert len(outcome.challenges[0].survey.observations) == 20


def test_answers_that_there_is_no_room_for_are_told_and_harm_no_small_one(
    lab: Lab, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(budgets, "MOST_HELD", 60_000)
    lab.zone("good.test.", [lab.bind, lab.nsd], records="_acme-challenge TXT v\n")
    pair = lab.addresses()
    lab.name_addresses("heavy.dns.test.", pair)
    records = "".join(f"_acme-challenge TXT {number:043}\n" for number in range(600))
    text = zone_text("heavy.test.", ["heavy.dns.test."], records)
    lab.delegate("heavy.test.", ["heavy.dns.test."])
    with Authoritative(pair, {"heavy.test.": text}):
        outcome = look("heavy.test", "good.test", settings=settings)
    lab.undelegate("heavy.test.")
    assert "limit-reached" in errors(outcome)
    assert outcome.challenges[1].verdict is Verdict.READY


def test_that_the_run_has_spent_what_comparing_may_cost_is_told(
    lab: Lab, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparer, "STEPS_A_RUN", 1)
    records = "".join(f"_acme-challenge TXT {number:043}\n" for number in range(60))
    lab.zone("sixty.test.", [lab.bind], records=records)
    outcome = look("sixty.test", settings=settings)
    assert errors(outcome) == ["wrong-value"]
    assert 0 < outcome.challenges[0].findings[0].evidence["not_compared"] < 60
    written = json_report.as_json(outcome)
    jsonschema.Draft202012Validator(json_report.schema()).validate(written)
    assert written["budgets"] == [
        {"budget": "comparisons", "limit": 1, "scope": "run", "zone": None}
    ]


@pytest.mark.parametrize(("servers", "codes"), [(100, []), (101, ["limit-reached"])])
def test_name_servers_beyond_the_bound_are_not_dropped_in_silence(
    lab: Lab, settings: Settings, servers: int, codes: list[str]
) -> None:
    (address, _) = lab.addresses()
    lab.name_addresses("wide.dns.test.", [address])
    hosts = [f"n{number}.wide.test." for number in range(servers)]
    records = "_acme-challenge TXT v\n" + "".join(f"{host} A {address}\n" for host in hosts)
    lab.delegate("wide.test.", hosts[:9], glue=[f"{host} A {address}" for host in hosts[:9]])
    with Authoritative([address], {"wide.test.": zone_text("wide.test.", hosts, records)}):
        outcome = look("wide.test", settings=settings)
    lab.undelegate("wide.test.")
    assert errors(outcome) == codes
    assert outcome.verdict is (Verdict.NOT_READY if codes else Verdict.READY)


# -- counting ------------------------------------------------------------------------------------


def endpoints(count: int, begin: int = 0) -> list[Endpoint]:
    return [Endpoint(f"10.0.{n // 250}.{n % 250}") for n in range(begin, begin + count)]


def test_the_largest_honest_order_comes_nowhere_near() -> None:
    """Thirteen servers of two addresses at the name and sixteen aliases, in as many zones."""
    of = Budgets()
    for hop in range(17):
        servers = endpoints(26, 26 * hop)
        with of.spending(name(f"zone{hop}.test.")):
            for number in range(13):
                assert of.take_name(name(f"ns{number}.zone{hop}.test.")) is None
            for endpoint in servers:
                for _ in range(20):
                    assert of.take_query(endpoint) is None
        for _ in range(60):  # a round every five seconds, for five minutes
            assert all(of.take_query(endpoint) is None for endpoint in servers)
    assert of.met == {}


@pytest.mark.heavy
def test_a_run_of_ten_thousand_names_has_budgets_for_them() -> None:
    of = Budgets()
    of.allow(10_000, seconds=60)
    shared = endpoints(50)
    for number in range(10_000):
        with of.spending(name(f"zone{number}.test.")):
            assert all(of.take_query(endpoint) is None for endpoint in shared)
    assert of.met == {}


def test_who_is_over_a_zones_budget_is_stopped_alone() -> None:
    of = Budgets()
    with of.spending(name("evil.test.")):
        with of.spending(name("nested.test.")):  # for the sake of the outer one
            for number in range(budgets.NAMES_A_ZONE):
                assert of.take_name(name(f"n{number}.test.")) is None
        limit = of.take_name(name("one-more.test."))
        assert of.take_name(name("n0.test.")) is None  # known already
    met = LimitMet(Budget.NAMES, budgets.NAMES_A_ZONE, name("evil.test."), whole_run=False)
    assert limit == met
    with of.spending(name("good.test.")):
        assert of.take_name(name("one-more.test.")) is None
    assert of.concerning([name("_acme-challenge.evil.test.")], incomplete=False) == (met,)
    assert of.concerning([name("_acme-challenge.good.test.")], incomplete=True) == ()


def test_the_runs_budget_names_the_zone_that_spent_most_and_who_is_touched() -> None:
    of = Budgets()
    of.allow(0, seconds=0)
    (address,) = endpoints(1)
    for zone, count in (("evil.test.", 2500), ("evil2.test.", 2600), ("more.test.", 2400)):
        with of.spending(name(zone)):
            for _ in range(count):
                of.take_query(address)
    while (limit := of.take_query(address)) is None:
        pass
    assert limit == LimitMet(
        Budget.QUERIES, budgets.QUERIES_A_RUN, name("evil2.test."), whole_run=True
    )
    assert of.concerning([name("good.test.")], incomplete=False) == ()
    assert of.concerning([name("good.test.")], incomplete=True) == (limit,)


def test_large_answers_are_held_as_far_as_there_is_room_and_the_latest_of_each_question() -> None:
    of = Budgets()
    addresses = endpoints(250)
    large, small = 1 << 16, budgets.HELD_FROM - 1
    most = budgets.MOST_HELD // large

    def held(endpoint: Endpoint, size: int, owner: str = "evil.test.") -> LimitMet | None:
        return of.hold(endpoint, name(owner), dns.rdatatype.TXT, size)

    for _ in range(3):  # round after round
        assert all(held(endpoint, large) is None for endpoint in addresses[:most])
    assert held(addresses[most], large, "good.test.") == LimitMet(
        Budget.BYTES, budgets.MOST_HELD, name("evil.test."), whole_run=True
    )
    assert all(held(endpoint, small, "good.test.") is None for endpoint in addresses)
    assert held(addresses[0], small) is None  # it gives up its room
    assert held(addresses[most], large, "good.test.") is None


@pytest.mark.parametrize("budget", [Budget.BYTES, Budget.ADDRESSES])
def test_bytes_and_addresses_run_out_too(budget: Budget) -> None:
    of = Budgets()
    of.allow(0, seconds=0)
    if budget is Budget.BYTES:
        for _ in range(1025):
            of.take_bytes(1 << 16)
        limit = of.take_query(Endpoint("10.0.0.1"))
    else:
        assert all(of.take_query(e) is None for e in endpoints(budgets.ADDRESSES_A_RUN))
        limit = of.take_query(Endpoint("10.9.9.9"))
        assert of.take_query(Endpoint("10.0.0.1")) is None  # asked before
    assert limit is not None
    assert limit.budget is budget
