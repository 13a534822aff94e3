"""A registry is asked for a domain's CAA by the walk: one question shows the way, and that it may.

In a simulated internet, whose registry fails for the CAA of some names.
"""

from __future__ import annotations

import asyncio
import functools
from collections import Counter
from typing import TYPE_CHECKING

import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import pytest

from certbot_dns_preflight.caa.policy import IssuanceRequest
from certbot_dns_preflight.challenge import make_challenge
from certbot_dns_preflight.facts.outcome import Outcome, Verdict
from certbot_dns_preflight.resolve import split_horizon
from certbot_dns_preflight.resolve.exchange import Asked, Exchange, Replied
from certbot_dns_preflight.resolve.root_hints import read
from certbot_dns_preflight.resolve.sockets import Sockets
from certbot_dns_preflight.resolve.walker import Walker, ZoneCut
from certbot_dns_preflight.run import session, waiting
from certbot_dns_preflight.settings import Settings
from tests.simulated import clock
from tests.simulated.internet import Cable, Internet

if TYPE_CHECKING:
    from pathlib import Path

    from certbot_dns_preflight.facts.answers import Endpoint
    from certbot_dns_preflight.resolve.cache import Found
    from tests.lab import Lab

N = dns.name.from_text
ANYBODY = IssuanceRequest(identities=("letsencrypt.org",))
SERVFAIL, NOTIMP = dns.rcode.SERVFAIL, dns.rcode.NOTIMP


class Failing(Internet):
    """The registry's servers fail for the CAA of these names, all of them or some.

    Or for `every_type`. `www.d1.com` is an alias of a name in d0.com.
    """

    def __init__(self) -> None:
        super().__init__(2)
        self.fails: set[str] = set()
        self.only_at: set[str] | None = None
        self.every_type = False
        self.rcode: dns.rcode.Rcode | None = SERVFAIL

    def _zone(
        self,
        apex: dns.name.Name,
        servers: list[dns.name.Name],
        records: list[tuple[dns.name.Name, dns.rdatatype.RdataType, str]],
        signing: str,
    ) -> None:
        if apex == N("d1.com."):
            records += [
                (N("www.d1.com."), dns.rdatatype.CNAME, "web.d0.com."),
                (N("_acme-challenge.www.d1.com."), dns.rdatatype.TXT, '"value"'),
            ]
        super()._zone(apex, servers, records, signing)

    def receive(self, endpoint: Endpoint, wire: bytes) -> bytes | None:
        answer = super().receive(endpoint, wire)
        asked = self.asked[-1]
        if (
            self.kind(asked.address) != "tld"
            or not (asked.rdtype == "CAA" or self.every_type)
            or not any(self._concerns(name, asked.name) for name in self.fails)
            or (self.only_at is not None and asked.address not in self.only_at)
        ):
            return answer
        if self.rcode is None:
            return None
        failed = dns.message.make_response(dns.message.from_wire(wire))
        failed.set_rcode(self.rcode)
        return failed.to_wire()

    def _concerns(self, name: str, asked: str) -> bool:
        below = self.every_type and N(asked).is_subdomain(N(name))
        return asked == name or below

    def at_registries(self, name: str) -> list[str]:
        """List the types that registries' servers were asked for at a name."""
        return [a.rdtype for a in self.asked if self.kind(a.address) == "tld" and a.name == name]


@pytest.fixture(scope="module")
def made() -> Failing:
    return Failing()


@pytest.fixture
def internet(made: Failing, monkeypatch: pytest.MonkeyPatch) -> Failing:
    made.asked.clear()
    made.fails, made.only_at, made.rcode = set(), None, SERVFAIL
    made.every_type = False
    sockets = functools.partial(Sockets, functools.partial(Cable, made))
    monkeypatch.setattr(session, "Exchange", lambda **how: Exchange(**how, sockets=sockets()))
    monkeypatch.setattr(split_horizon, "own_resolvers", list)
    return made


@pytest.fixture
def settings(internet: Failing, tmp_path: Path) -> Settings:
    hints, anchor = internet.write_inputs(tmp_path)
    return Settings(root_hints=hints, trust_anchor=anchor)


def look(settings: Settings, *names: str) -> Outcome:
    async def go() -> Outcome:
        wanted = [make_challenge(name, [b"value"]) for name in names]
        extras = waiting.Extras(request=ANYBODY)
        return await waiting.preflight(wanted, settings, wait=False, extras=extras)

    return clock.run(go)


def errors(outcome: Outcome) -> list[list[str]]:
    return [
        [str(f.code) for f in judged.findings if f.severity.value == "error"]
        for judged in outcome.challenges
    ]


@pytest.mark.parametrize("rcode", [SERVFAIL, NOTIMP, None], ids=["SERVFAIL", "NOTIMP", "silent"])
def test_a_registry_that_fails_for_one_domains_caa_keeps_a_ca_from_it(
    internet: Failing, settings: Settings, rcode: dns.rcode.Rcode | None
) -> None:
    internet.fails, internet.rcode = {"d0.com."}, rcode
    outcome = look(settings, "d0.com", "d1.com")
    assert errors(outcome) == [["caa-unanswerable"], []]
    assert [c.verdict for c in outcome.challenges] == [Verdict.NOT_READY, Verdict.READY]


@pytest.mark.parametrize("rcode", [SERVFAIL, NOTIMP, None], ids=["SERVFAIL", "NOTIMP", "silent"])
def test_a_registry_that_fails_for_all_of_a_domain_keeps_a_ca_from_its_aliases_too(
    internet: Failing, settings: Settings, rcode: dns.rcode.Rcode | None
) -> None:
    internet.fails, internet.rcode, internet.every_type = {"d0.com."}, rcode, True
    outcome = look(settings, "d0.com", "www.d1.com", "d1.com")
    trouble = "nameserver-unreachable" if rcode is None else "nameserver-failing"
    assert errors(outcome) == [[trouble], ["caa-unanswerable"], []]
    (found,) = (f for f in outcome.challenges[1].findings if f.severity.value == "error")
    assert found.summary.startswith("CAA at www.d1.com (an alias for web.d0.com) cannot be read: ")


def test_one_registry_server_that_passes_it_on_will_do(
    internet: Failing, settings: Settings
) -> None:
    internet.fails = {"d0.com."}
    *failing, _ = internet.addresses_of("com.")
    internet.only_at = set(failing)
    assert errors(look(settings, "d0.com")) == [[]]


def test_a_registry_that_fails_for_its_own_caa_alone_passes_the_domains_on(
    internet: Failing, settings: Settings
) -> None:
    internet.fails = {"com."}
    outcome = look(settings, "d0.com")
    assert errors(outcome) == [["caa-unanswerable"]]
    assert internet.at_registries("d0.com.").count("CAA") == 1


def test_a_healthy_domain_costs_a_registry_one_question_on_the_way_down(
    internet: Failing, settings: Settings
) -> None:
    assert errors(look(settings, "d0.com", "d1.com")) == [[], []]
    assert internet.at_registries("d0.com.") == ["CAA"]
    assert internet.at_registries("d1.com.") == ["CAA", "DS"]  # the referral brings none


@pytest.mark.thorough
def test_names_between_a_registry_and_its_domains_are_asked_about_once(lab: Lab) -> None:
    domains = ["one.city.test.", "two.city.test.", "three.city.test."]
    for domain in domains:
        lab.zone(domain, [lab.bind])
    asked: list[tuple[str, str]] = []

    async def note(event: Asked | Replied) -> None:
        if isinstance(event, Asked) and event.endpoint.address in lab.tld.addresses:
            asked.append((event.name.to_text(), event.rdtype.name))

    async def go() -> list[Found]:
        walker = Walker(Exchange(query_timeout=1, observer=note), roots=read(lab.root_hints))
        return [await walker.find(N(f"_acme-challenge.{domain}")) for domain in domains]

    found = asyncio.run(go())
    assert [cut.apex.to_text() for cut in found if isinstance(cut, ZoneCut)] == domains
    between = Counter(one for one in asked if one[0] == "city.test.")
    assert between == {("city.test.", "CAA"): 1, ("city.test.", "NS"): 3}
    assert [one for one in asked if one[0] in domains] == [(domain, "CAA") for domain in domains]
