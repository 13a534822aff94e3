"""Who serves a zone, and at which addresses, where registries hide some of that. Simulated."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import pytest

from certbot_dns_preflight.facts.zone import NO_SUCH_NAME
from certbot_dns_preflight.resolve.exchange import Exchange
from certbot_dns_preflight.resolve.root_hints import read
from certbot_dns_preflight.resolve.sockets import Sockets
from certbot_dns_preflight.resolve.walker import Walker, ZoneCut
from tests.simulated import clock
from tests.simulated.internet import Cable, Internet

if TYPE_CHECKING:
    from pathlib import Path

    from certbot_dns_preflight.facts.answers import Endpoint
    from certbot_dns_preflight.facts.zone import Zone

N = dns.name.from_text
HELD, HIDING, ELSEWHERE = "d9.com.", "b.gtld-servers.net.", "ns0.provider0.net."
DENIED = "ns9.com."


class Beside(Internet):
    """All of a registry's servers hold a domain, too, and one of those gives no NS set for it.

    `denied`: nobody gives that server's addresses but the referral to the registry.
    """

    def __init__(self) -> None:
        super().__init__(1)
        servers = [N(HIDING), N("a.gtld-servers.net."), N(ELSEWHERE)]
        others = [host for host in self.servers_of("com.") if host not in servers]
        self._zone(N(HELD), servers, [], "no")
        for host in others:
            for address in self.hosts[host]:
                self.at[address].append(self.copies[N(HELD)])
        self.denied = True

    def receive(self, endpoint: Endpoint, wire: bytes) -> bytes | None:
        answer = super().receive(endpoint, wire)
        asked = self.asked[-1]
        hides = asked.name == HELD and asked.rdtype == "NS"
        hides &= endpoint.address in self.hosts[N(HIDING)]
        denies = self.denied and asked.name == HIDING and asked.rdtype in ("A", "AAAA")
        if answer is None or not (hides or denies):
            return answer
        denial = dns.message.from_wire(answer)
        denial.answer = []
        return denial.to_wire()


def learn(internet: Internet, directory: Path) -> Zone:
    async def go() -> Zone:
        sockets = functools.partial(Sockets, functools.partial(Cable, internet))
        hints, _ = internet.write_inputs(directory)
        walker = Walker(Exchange(query_timeout=3, sockets=sockets()), roots=read(hints))
        found = await walker.find(N(f"_acme-challenge.{HELD}"))
        assert isinstance(found, ZoneCut)
        return await walker.zone(found)

    return clock.run(go)


@pytest.mark.parametrize("denied", [True, False])
def test_a_server_is_asked_for_the_ns_set_where_only_the_referral_above_gives_its_address(
    tmp_path: Path, *, denied: bool
) -> None:
    internet = Beside()
    internet.denied = denied
    zone = learn(internet, tmp_path)
    assert [unheard.nameserver for unheard in zone.unheard] == [N(HIDING)]
    (hiding,) = (server for server in zone.nameservers if server.name == N(HIDING))
    assert bool(hiding.own) is not denied
    assert {e.address for e in hiding.endpoints} == set(internet.hosts[N(HIDING)])


class Denying(Internet):
    """A registry denies a name server's name if asked for some types, though it is there."""

    def __init__(self, types: tuple[str, ...]) -> None:
        self.types = types
        super().__init__(1)

    def _zone(
        self,
        apex: dns.name.Name,
        servers: list[dns.name.Name],
        records: list[tuple[dns.name.Name, dns.rdatatype.RdataType, str]],
        signing: str,
    ) -> None:
        if apex == N("com."):
            self._place(N(DENIED), 200, 2, "provider")
            super()._zone(N(HELD), [N(DENIED)], [], "no")
        super()._zone(apex, servers, records, signing)

    def receive(self, endpoint: Endpoint, wire: bytes) -> bytes | None:
        answer = super().receive(endpoint, wire)
        asked = self.asked[-1]
        if answer is None or asked.name != DENIED or asked.rdtype not in self.types:
            return answer
        denial = dns.message.from_wire(answer)
        denial.answer = []
        denial.set_rcode(dns.rcode.NXDOMAIN)
        return denial.to_wire()


@pytest.mark.parametrize(
    ("types", "there"), [(("SOA", "CAA"), True), (("SOA", "CAA", "A", "AAAA"), False)]
)
def test_a_name_server_that_is_denied_for_other_types_has_its_addresses(
    tmp_path: Path, *, types: tuple[str, ...], there: bool
) -> None:
    internet = Denying(types)
    (server,) = learn(internet, tmp_path).nameservers
    assert {e.address for e in server.own} == (set(internet.hosts[N(DENIED)]) if there else set())
    assert server.failure == (None if there else NO_SUCH_NAME)
