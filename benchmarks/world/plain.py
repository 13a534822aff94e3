"""The naive baseline: plain dnspython that asks for the TXT record at every address, and no more.

Goes from the root to the domain's zone, believes the glue, and asks each address of each name
server once. It knows nothing of CAA, DNSSEC, the zone's own NS set, aliases, TCP or a second look:
what it costs is what the same library needs for the least that tells of a record everywhere.

    python -m benchmarks.world.plain ROOT_HINTS FILE     lines DOMAIN VALUE; prints JSON lines
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import dns.asyncquery
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.zone

if TYPE_CHECKING:
    from collections.abc import Iterable

_TRIES, _PATIENCE = 3, 1.0
_AT_ONCE = 200


class Plain:
    """All names of one run: delegations and addresses are learned once."""

    def __init__(self, hints: dns.zone.Zone) -> None:
        """Begin with the root's servers."""
        self._sockets = asyncio.Semaphore(_AT_ONCE)
        self._servers: dict[dns.name.Name, list[dns.name.Name]] = {dns.name.root: []}
        self._addresses: dict[dns.name.Name, asyncio.Future[list[str]]] = {}
        self._walks: dict[dns.name.Name, asyncio.Lock] = {}
        for name, _, rdata in hints.iterate_rdatas():
            if rdata.rdtype == dns.rdatatype.NS:
                self._servers[dns.name.root].append(rdata.target)  # type: ignore[attr-defined]
            else:
                self._believe(name, [rdata.to_text()])

    async def look(self, domain: str, value: str) -> bool:
        """Tell whether every address has the value."""
        owner = dns.name.from_text(f"_acme-challenge.{domain}.")
        servers = self._servers[await self._zone_of(owner, dns.name.from_text(f"{domain}."))]
        async with asyncio.TaskGroup() as group:
            found = [group.create_task(self._addresses_of(host)) for host in servers]
        addresses = [address for each in found for address in each.result()]
        async with asyncio.TaskGroup() as group:
            asked = [group.create_task(self._ask(owner, "TXT", each)) for each in addresses]
        return bool(asked) and all(_has(task.result(), value) for task in asked)

    async def _zone_of(self, owner: dns.name.Name, apex: dns.name.Name) -> dns.name.Name:
        """Go down to the zone of a name, from the deepest one that is known."""
        while True:
            zone = self._deepest(owner)
            if zone == apex:
                return zone
            below = owner.split(len(zone) + 1)[1]
            async with self._walks.setdefault(below, asyncio.Lock()):
                if self._deepest(owner) != zone:
                    continue
                answer = await self._ask_any(owner, "TXT", zone)
                if answer is None or not self._learn(answer):
                    return zone

    def _deepest(self, name: dns.name.Name) -> dns.name.Name:
        while name not in self._servers:
            name = name.parent()
        return name

    async def _ask_any(
        self, name: dns.name.Name, kind: str, zone: dns.name.Name
    ) -> dns.message.Message | None:
        for host in self._servers[zone]:
            for address in await self._addresses_of(host):
                answer = await self._ask(name, kind, address)
                if answer is not None:
                    return answer
        return None

    def _learn(self, answer: dns.message.Message) -> bool:
        """Take over a referral with its glue."""
        for rrset in answer.authority:
            if rrset.rdtype == dns.rdatatype.NS and not answer.flags & dns.flags.AA:
                self._servers[rrset.name] = [rdata.target for rdata in rrset]
                glue: dict[dns.name.Name, list[str]] = {}
                for extra in answer.additional:
                    if extra.rdtype in (dns.rdatatype.A, dns.rdatatype.AAAA):
                        glue.setdefault(extra.name, []).extend(a.to_text() for a in extra)
                for host, addresses in glue.items():
                    self._believe(host, addresses)
                return True
        return False

    def _believe(self, host: dns.name.Name, addresses: Iterable[str]) -> None:
        known = self._addresses.setdefault(host, asyncio.get_running_loop().create_future())
        if not known.done():
            known.set_result([])
        known.result().extend(a for a in addresses if a not in known.result())

    async def _addresses_of(self, host: dns.name.Name) -> list[str]:
        known = self._addresses.get(host)
        if known is None:
            known = self._addresses[host] = asyncio.get_running_loop().create_future()
            found: list[str] = []
            zone = await self._zone_of(host, host.parent())
            for kind in ("A", "AAAA"):
                answer = await self._ask_any(host, kind, zone)
                if answer is not None:
                    found += [rdata.to_text() for rrset in answer.answer for rdata in rrset]
            if not known.done():
                known.set_result(found)
        return await asyncio.shield(known)

    async def _ask(
        self, name: dns.name.Name, kind: str, address: str
    ) -> dns.message.Message | None:
        question = dns.message.make_query(name, kind, use_edns=0, payload=1232)
        question.flags &= ~dns.flags.RD
        async with self._sockets:
            for _ in range(_TRIES):
                try:
                    return await dns.asyncquery.udp(question, address, timeout=_PATIENCE)
                except (dns.exception.Timeout, OSError):
                    continue
        return None


def _has(answer: dns.message.Message | None, value: str) -> bool:
    if answer is None or not answer.flags & dns.flags.AA:
        return False
    if not value:
        return answer.rcode() in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN)
    return any(
        b"".join(rdata.strings) == value.encode()
        for rrset in answer.answer
        if rrset.rdtype == dns.rdatatype.TXT
        for rdata in rrset
    )


async def _look_at_all(hints: str, lines: Iterable[str]) -> None:
    plain = Plain(dns.zone.from_text(hints, ".", relativize=False, check_origin=False))

    async def look(domain: str, value: str) -> None:
        outcome = "ready" if await plain.look(domain, value) else "not-ready"
        print(json.dumps({"domain": domain, "outcome": outcome}), flush=True)

    async with asyncio.TaskGroup() as group:
        for line in lines:
            domain, _, value = line.partition(" ")
            group.create_task(look(domain, value))


if __name__ == "__main__":
    hints, wanted = (Path(argument).read_text() for argument in sys.argv[1:])
    asyncio.run(_look_at_all(hints, wanted.splitlines()))
