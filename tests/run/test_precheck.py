"""The look before a record is made: what it asks, and what it tells of the surroundings."""

from __future__ import annotations

import asyncio
import functools
import re
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import dns.name
import dns.rdatatype
import pytest

from certbot_dns_preflight.caa.policy import IssuanceRequest
from certbot_dns_preflight.challenge import make_challenge
from certbot_dns_preflight.facts.answers import Endpoint
from certbot_dns_preflight.facts.finding import Severity
from certbot_dns_preflight.facts.outcome import Outcome, Verdict
from certbot_dns_preflight.option_values import Recursive
from certbot_dns_preflight.resolve import split_horizon
from certbot_dns_preflight.resolve.cache import DelegationCache
from certbot_dns_preflight.resolve.exchange import Asked, Exchange, Replied
from certbot_dns_preflight.resolve.split_horizon import own_resolvers
from certbot_dns_preflight.run import permanence, precheck, session, waiting
from certbot_dns_preflight.run.timings import Timings
from certbot_dns_preflight.settings import Family, Settings, UnreachablePolicy
from tests.lab.laboratory import zone_text
from tests.lab.misbehaving import RecursiveLooking, Silent

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.lab import Lab

N = dns.name.from_text
LE = "letsencrypt.org"
ANYBODY = IssuanceRequest(identities=(LE,))


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dns.name.Name, str]]:
    """Keep what is asked of whom."""
    questions: list[tuple[str, dns.name.Name, str]] = []

    async def note(event: Asked | Replied) -> None:
        if isinstance(event, Asked):
            questions.append((event.endpoint.address, event.name, event.rdtype.name))

    monkeypatch.setattr(session, "Exchange", functools.partial(Exchange, observer=note))
    return questions


@pytest.fixture
def settings(lab: Lab) -> Settings:
    return Settings(root_hints=lab.root_hints)


def look(
    settings: Settings,
    *domains: str,
    cache: DelegationCache | None = None,
    timings: Timings | None = None,
) -> tuple[precheck.PrecheckResult, Outcome]:
    wanted = [make_challenge(domain, [b"v"]) for domain in domains]
    facts = asyncio.run(precheck.check(wanted, settings, cache=cache, timings=timings))
    return facts, facts.judged(settings, ANYBODY)


def codes(outcome: Outcome) -> list[set[str]]:
    return [{finding.code for finding in judged.findings} for judged in outcome.challenges]


@pytest.mark.parametrize("through", ["root", "resolver"])
def test_nothing_is_asked_about_the_challenges_name(
    lab: Lab, settings: Settings, asked: list[tuple[str, dns.name.Name, str]], through: str
) -> None:
    if through == "resolver":
        resolver = (Recursive(lab.unbound.address4, 53),)
        settings = replace(settings, root_hints=None, resolver=resolver)
    _, outcome = look(settings, "www.alias.test", "example.test", "*.a.b.example.test")
    assert outcome.verdict is Verdict.READY
    assert asked
    assert not [name for _, name, _ in asked if name.labels[0] == b"_acme-challenge"]
    assert N("www-alias.target.test.") not in {name for _, name, _ in asked}


def test_what_the_wait_asks_again_is_who_must_agree(
    lab: Lab, settings: Settings, asked: list[tuple[str, dns.name.Name, str]]
) -> None:
    cache = DelegationCache()
    facts, _ = look(settings, "example.test", cache=cache)
    asked.clear()
    extras = waiting.Extras(request=ANYBODY, environment=facts.environment, cache=cache)
    waiting.run([make_challenge("example.test")], settings, wait=True, extras=extras)
    assert lab.bind.running
    assert not [address for address, _, _ in asked if address in lab.root.addresses]
    counted = Counter(rdtype for _, _, rdtype in asked)
    assert counted["TXT"] == 16  # two rounds at eight addresses

    assert counted["NS"] == 1 + 4  # of the zone above, and at one address of each name server
    assert counted["A"] == counted["AAAA"] == 4
    assert counted["SOA"] == 1  # for the challenge's name in the first round
    assert set(counted) == {"TXT", "NS", "A", "AAAA", "SOA"}


def test_a_domain_without_addresses_is_worth_a_note(lab: Lab, settings: Settings) -> None:
    lab.update(
        lab.primary,
        "example.test.",
        add=[
            "has.example.test. AAAA 2001:db8::1",
            "alias.example.test. CNAME has.example.test.",
            "lost.example.test. CNAME nothing.example.test.",
        ],
    )
    lab.wait_synchronous()
    names = ("has", "alias", "lost", "none", "*.wild")
    _, outcome = look(settings, *(f"{name}.example.test" for name in names))
    told = ["domain-without-address" in found for found in codes(outcome)]
    assert told == [False, False, True, True, False]
    assert outcome.verdict is Verdict.READY


def test_trouble_of_the_name_servers_is_seen_beforehand(lab: Lab, settings: Settings) -> None:
    lame, server = lab.daemon("nsd"), lab.daemon("bind")
    lab.zone("halflame.test.", [server], delegation=[lame, server])
    _, outcome = look(settings, "www.halflame.test")
    (found,) = codes(outcome)
    assert "nameserver-refuses" in found
    assert permanence.has_permanent_errors(outcome, skip=frozenset()) == ()


def test_a_name_server_without_address_is_beyond_waiting(lab: Lab, settings: Settings) -> None:
    server = lab.daemon("knot")
    lab.zone("nowhere-ns.test.", [server], delegation=[server, "gone.dns.test."])
    _, outcome = look(settings, "nowhere-ns.test")
    assert len(permanence.has_permanent_errors(outcome, skip=frozenset())) == 1


def test_an_internal_view_of_the_hosts_resolver_is_told(
    lab: Lab, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.zone("split.test.", [lab.daemon("nsd")])
    internal = zone_text("split.test.", ["ns.corp.test."])
    with RecursiveLooking(lab.addresses(), {"split.test.": internal}) as resolver:
        own = [Endpoint(resolver.addresses[0])]
        monkeypatch.setattr(split_horizon, "own_resolvers", lambda own=own: own)
        _, outcome = look(settings, "split.test")
        assert codes(outcome) == [{"split-view", "domain-without-address"}]
        assert outcome.verdict is Verdict.READY
        (finding,) = [f for f in outcome.challenges[0].findings if f.code == "split-view"]
        assert finding.severity.value == "warning"
        assert finding.evidence["local"] == ["ns.corp.test."]


@pytest.mark.parametrize("seen", ["the same", "nothing"])
def test_a_resolver_that_agrees_or_does_not_know_is_no_other_view(
    lab: Lab, settings: Settings, monkeypatch: pytest.MonkeyPatch, seen: str
) -> None:
    server = lab.daemon("bind")
    lab.zone("split.test.", [server])
    text = zone_text("split.test." if seen == "the same" else "other.test.", [server])
    origin = text.split()[1]
    with RecursiveLooking(lab.addresses(), {origin: text}) as resolver:
        own = [Endpoint(resolver.addresses[0])]
        monkeypatch.setattr(split_horizon, "own_resolvers", lambda own=own: own)
        _, outcome = look(settings, "split.test")
        assert resolver.asked
    assert codes(outcome) == [{"domain-without-address"}]


def test_the_hosts_resolvers_are_read_from_its_configuration(lab: Lab) -> None:
    # The lab covers /etc/resolv.conf by one that names its own resolver.
    assert [e.address for e in own_resolvers()] == [lab.unbound.address4]


# -- what does not answer in time ----------------------------------------------------------------


@pytest.fixture
def dead(lab: Lab) -> Iterator[str]:
    """Delegate dead.test. to a server that keeps silent."""
    addresses = lab.addresses()
    lab.name_addresses("silent.dns.test.", addresses)
    lab.delegate("dead.test.", ["silent.dns.test."])
    with Silent(addresses, {}):
        yield "dead.test."
    lab.undelegate("dead.test.")


def error_codes(outcome: Outcome) -> list[list[str]]:
    return [
        [f.code for f in judged.findings if f.severity is Severity.ERROR]
        for judged in outcome.challenges
    ]


def test_caa_that_could_not_be_read_in_time_is_told(
    lab: Lab, settings: Settings, dead: str
) -> None:
    records = f'www CNAME x.{dead}\n@ CAA 0 issue "other-ca.example"\nfine CAA 0 issue "{LE}"\n'
    lab.zone("slow.test.", [lab.bind, lab.nsd], records=records)
    facts, outcome = look(
        settings, "www.slow.test", "fine.slow.test", "slow.test", timings=Timings(precheck=2.5)
    )
    assert facts.elapsed < 20  # as it may take where nobody is impatient
    assert error_codes(outcome) == [["caa-unanswerable"], [], ["caa-forbids"]]
    told = outcome.challenges[0].findings[0]
    assert told.summary.startswith(
        f"CAA at www.slow.test (an alias for x.{dead[:-1]}) cannot be read"
    )
    assert re.search(r"no answer within \d+ s\.", told.cause)
    # What may answer yet is waited for; what forbids stays.
    (stopped,) = permanence.has_permanent_errors(outcome, skip=frozenset())
    assert stopped.survey.challenge.domain == "slow.test"


def test_what_had_no_time_beforehand_gets_a_little_more_in_the_wait(
    lab: Lab, settings: Settings, dead: str
) -> None:
    settings = replace(settings, query_timeout=1, timeout=30)
    records = f"www CNAME x.{dead}\n_acme-challenge.www TXT v\n"
    lab.zone("slow.test.", [lab.bind, lab.nsd], records=records)
    cache = DelegationCache()
    wanted = [make_challenge("www.slow.test", [b"v"])]
    facts, _ = look(settings, "www.slow.test", cache=cache, timings=Timings(precheck=0.5))
    extras = waiting.Extras(request=ANYBODY, environment=facts.environment, cache=cache)
    outcome = waiting.run(wanted, settings, wait=True, extras=extras)
    assert error_codes(outcome) == [["caa-unanswerable"]]
    assert outcome.elapsed < 20
    # Once it answers, it is ready.
    lab.undelegate(dead)
    lab.zone(dead, [lab.nsd])
    extras = replace(extras, cache=None)
    assert error_codes(waiting.run(wanted, settings, wait=True, extras=extras)) == [[]]


def test_where_nothing_answers_the_look_ends_after_two_tries(
    lab: Lab, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    over: list[Endpoint] = []  # of whom a question has had all its tries

    async def note(event: Asked | Replied) -> None:
        if isinstance(event, Replied):
            over.append(event.to.endpoint)

    monkeypatch.setattr(session, "Exchange", functools.partial(Exchange, observer=note))
    with Silent(lab.addresses(), {}) as server:
        hints = tmp_path / "hints"
        hints.write_text(
            f". 3600 IN NS nobody.test.\nnobody.test. 3600 IN A {server.addresses[0]}\n"
        )
        _, outcome = look(
            replace(settings, root_hints=hints, query_timeout=0.5, family=Family.IPV4),
            "example.test",
            "*.www.example.test",
        )
    # Another question may have begun when it was cut off, but none had its time.
    assert over.count(Endpoint(server.addresses[0])) == 2  # one for each name, of two tries
    assert outcome.verdict is Verdict.INCONCLUSIVE
    assert codes(outcome) == [{"no-dns-egress"}, {"no-dns-egress"}]
    assert len(permanence.has_permanent_errors(outcome, skip=frozenset())) == 2
    assert permanence.has_permanent_errors(outcome, skip=frozenset({"no-dns-egress"})) == ()


@pytest.mark.parametrize(("unanswered", "stopped"), [(True, 0), (False, 1), (None, 1)])
def test_an_address_that_was_not_answered_for_may_be_so_soon(
    lab: Lab,
    settings: Settings,
    unanswered: bool | None,  # noqa: FBT001 - a column
    stopped: int,
) -> None:
    server = lab.daemon("knot")
    lab.zone("nowhere-ns.test.", [server], delegation=[server, "gone.dns.test."])
    _, outcome = look(settings, "nowhere-ns.test")
    (judged,) = outcome.challenges
    told = tuple(
        replace(f, evidence={**f.evidence, "unanswered": unanswered})
        if f.code == "nameserver-without-address"
        else f
        for f in judged.findings
    )
    outcome = replace(outcome, challenges=(replace(judged, findings=told),))
    assert len(permanence.has_permanent_errors(outcome, skip=frozenset())) == stopped


def test_a_name_server_whose_own_zone_is_silent_may_have_an_address_soon(
    lab: Lab, settings: Settings, dead: str
) -> None:
    settings = replace(settings, query_timeout=1)
    hosts = [lab.bind, lab.nsd, f"ns.{dead}"]
    lab.zone("nsgone.test.", [lab.bind, lab.nsd], apex=hosts, delegation=hosts)
    _, outcome = look(settings, "nsgone.test")
    assert error_codes(outcome) == [["nameserver-without-address"]]
    assert permanence.has_permanent_errors(outcome, skip=frozenset()) == ()


def test_caa_waits_as_long_as_the_walk_that_the_record_needs_too(
    lab: Lab, settings: Settings, dead: str
) -> None:
    settings = replace(settings, query_timeout=1, unreachable=UnreachablePolicy.WARN, timeout=30)
    hosts = [lab.bind, lab.nsd, f"ns.{dead}"]
    records = f'_acme-challenge TXT v\n@ CAA 0 issue "{LE}"\n'
    lab.zone("nsgone.test.", [lab.bind, lab.nsd], records=records, apex=hosts, delegation=hosts)
    extras = waiting.Extras(request=ANYBODY, timings=Timings(environment=0.05))
    for wait in (False, True):
        wanted = [make_challenge("nsgone.test", [b"v"])]
        outcome = waiting.run(wanted, settings, wait=wait, extras=extras)
        assert error_codes(outcome) == [[]]
        assert outcome.verdict is Verdict.READY
