"""What a resolver does not answer, or does not believe, is told of it and of the right zone."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import dns.edns
import dns.message
import dns.name
import dns.rcode
import pytest
from dns.rdatatype import CNAME, TXT

from certbot_dns_preflight.caa.policy import IssuanceRequest
from certbot_dns_preflight.challenge import make_challenge
from certbot_dns_preflight.option_values import resolvers
from certbot_dns_preflight.report import confirm, html_report, json_report, text
from certbot_dns_preflight.run import waiting
from certbot_dns_preflight.run.timings import Timings
from certbot_dns_preflight.settings import Ask
from tests.hostile.simulated import Hostile, Zone
from tests.simulated import clock
from tests.simulated.internet import RESOLVER

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from certbot_dns_preflight.facts.answers import Endpoint
    from certbot_dns_preflight.facts.outcome import Outcome
    from certbot_dns_preflight.settings import Settings

OWNER = "_acme-challenge.a0.test."
ANYBODY = IssuanceRequest(identities=("letsencrypt.org",))


@dataclass(slots=True)
class Failing(Hostile):
    """A resolver that fails for some names and types, with an rcode and an extended error."""

    fails: dict[tuple[str, str], tuple[dns.rcode.Rcode, dns.edns.EDEOption | None]] = field(
        default_factory=dict, kw_only=True
    )

    def receive(self, endpoint: Endpoint, wire: bytes) -> bytes | None:
        answer = Hostile.receive(self, endpoint, wire)
        asked = self.asked[-1]
        fault = self.fails.get((asked.name, asked.rdtype))
        if endpoint.address != RESOLVER or fault is None:
            return answer
        response = dns.message.make_response(dns.message.from_wire(wire), recursion_available=True)
        rcode, error = fault
        response.set_rcode(rcode)
        if error is not None:
            response.use_edns(0, options=[error])
        return response.to_wire()


def look(settings: Settings, domain: str = "a0.test", value: bytes | None = b"value") -> Outcome:
    extras = waiting.Extras(request=ANYBODY, timings=Timings(before_resolvers=0.0))
    wanted = [make_challenge(domain, [] if value is None else [value])]
    return clock.run(lambda: waiting.preflight(wanted, settings, wait=False, extras=extras))


@pytest.mark.parametrize("ask", Ask)
def test_a_resolver_that_refuses_caa_of_a_registry_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ask: Ask
) -> None:
    zone = Zone("a0.test.", 2, 2, ((OWNER, TXT, '"value"'),))
    world = Failing(0, zones=(zone,), fails={("test.", "CAA"): (dns.rcode.REFUSED, None)})
    settings = world.plug_in(monkeypatch, tmp_path)
    outcome = look(replace(settings, resolver=resolvers(RESOLVER), ask=ask))
    (found,) = (f for f in outcome.challenges[0].findings if f.code == "caa-unanswerable")
    assert found.summary == (
        f"CAA at test cannot be read: the resolver {RESOLVER} gives no usable answer (REFUSED)."
    )
    assert found.remedy is not None
    assert found.remedy.startswith(f"Make sure that {RESOLVER} is recursive")


BOGUS = (dns.rcode.SERVFAIL, dns.edns.EDEOption(9, "no SEP matching the DS found for a0.test."))
REFUSED = (dns.rcode.REFUSED, None)


@pytest.fixture
def fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Outcome]:
    """Look through a resolver that fails for some names, whatever the type."""

    def look_so(
        names: Sequence[str],
        fault: tuple[dns.rcode.Rcode, dns.edns.EDEOption | None],
        *,
        value: bytes | None = b"value",
    ) -> Outcome:
        fails = {(name, rdtype): fault for name in names for rdtype in ("SOA", "TXT", "CAA", "A")}
        zones = (Zone("a0.test.", 2, 2, ((OWNER, TXT, '"value"'),)),)
        settings = Failing(0, zones=zones, fails=fails).plug_in(monkeypatch, tmp_path)
        settings = replace(settings, resolver=resolvers(RESOLVER), ask=Ask.RESOLVERS)
        return look(settings, "www.a0.test", value)

    return look_so


OF_WWW = "_acme-challenge.www.a0.test."


@pytest.mark.parametrize("value", [b"value", None], ids=["a value", "no value"])
def test_a_zone_that_a_resolver_does_not_believe_is_not_the_zone_above_it(
    fail: Callable[..., Outcome], value: bytes | None
) -> None:
    (judged,) = fail(["a0.test.", "www.a0.test.", OF_WWW], BOGUS, value=value).challenges
    (found,) = (f for f in judged.findings if f.code == "dnssec-bogus")
    assert found.summary == f"DNSSEC validation fails for a0.test, as {RESOLVER} says."
    assert found.evidence["zone"] == "a0.test."
    assert "no SEP matching the DS found for a0.test." in found.cause
    assert "dig a0.test DS" in confirm.commands(found, judged.survey)
    assert judged.survey.zone == dns.name.from_text("a0.test.")


def test_a_record_that_is_not_believed_in_a_zone_that_is_names_the_record(
    fail: Callable[..., Outcome],
) -> None:
    (judged,) = fail([OF_WWW], BOGUS).challenges
    (found,) = (f for f in judged.findings if f.code == "dnssec-bogus")
    assert found.summary.startswith("DNSSEC validation fails for _acme-challenge.www.a0.test, as ")
    assert found.evidence["zone"] is None


def test_where_a_resolver_refuses_everything_the_zone_is_unknown(
    fail: Callable[..., Outcome],
) -> None:
    outcome = fail(["test.", "a0.test.", "www.a0.test.", OF_WWW], REFUSED)
    (judged,) = outcome.challenges
    assert judged.survey.zone is None
    assert json_report.as_json(outcome)["challenges"][0]["zone"] is None
    assert "zone www" not in text.render(outcome, width=200)
    assert "<dt>zone</dt>" not in html_report.render(outcome)


def test_an_alias_into_no_zone_at_all_is_in_no_zone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    zones = (
        Zone("a0.test.", 2, 2, ((OWNER, CNAME, "x.a1.test."),)),
        Zone("a1.test.", 2, 2, (("x.a1.test.", CNAME, "gone.unregistered.test."),)),
    )
    outcome = look(Hostile(0, zones=zones).plug_in(monkeypatch, tmp_path))
    assert [f.code for f in outcome.challenges[0].findings][:1] == ["alias-dangling"]
    page = text.render(outcome, width=200)
    assert "alias of  x.a1.test, then gone.unregistered.test\n" in page
    assert "in the zone" not in page
    (challenge,) = json_report.as_json(outcome)["challenges"]
    assert challenge["zone"] is None
