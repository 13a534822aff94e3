"""What a resolver does not answer, or does not believe, is told of it and of the right zone."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import dns.edns
import dns.message
import dns.rcode
import pytest
from dns.rdatatype import TXT

from certbot_dns_preflight.caa.policy import IssuanceRequest
from certbot_dns_preflight.challenge import make_challenge
from certbot_dns_preflight.option_values import resolvers
from certbot_dns_preflight.run import waiting
from certbot_dns_preflight.run.timings import Timings
from certbot_dns_preflight.settings import Ask
from tests.hostile.simulated import Hostile, Zone
from tests.simulated import clock
from tests.simulated.internet import RESOLVER

if TYPE_CHECKING:
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


def look(settings: Settings) -> Outcome:
    extras = waiting.Extras(request=ANYBODY, timings=Timings(before_resolvers=0.0))
    wanted = [make_challenge("a0.test", [b"value"])]
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
