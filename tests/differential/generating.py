"""A random world from a seed: mostly in order, with a few faults that may meet.

What is likely is what people have: most zones are signed here, since most of what can go wrong is
about signatures; half of all faults are on every server of a zone, so that no luck helps.
"""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from tests.differential import faults
from tests.differential.worlds import VALUE, Fault, Server, World, Zone

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

T = TypeVar("T")

_SPOILT = (
    "expired",
    "future",
    "serial-expiry",
    "serial-inception",
    "txt-expired",
    "denial-expired",
    "dnskey-expired",
    "txt-signature-broken",
    "unsigned",
    "ksk-missing",
    "zsk-missing",
    "dnskey-absent",
    "dnskey-signed-by-zsk",
    "keys-without-zone-flag",
    "revoked-key",
    "nsec-leaves-zone",
    "signatures-by-absent-keys-too",
)
_DS = (
    "other-digest",
    "other-key",
    "unknown-digest",
    "unknown-algorithm",
    "right-and-other",
    "right-and-unknown",
    "right-among-many",
    "sha384",
)
_CAA = (
    ('0 issue "letsencrypt.org"',),
    ('0 issue "letsencrypt.org"', '0 issuewild ";"'),
    ('0 issue "other.example"', '0 issuewild "letsencrypt.org"'),
    ('0 issue "other.example"',),
    ('0 issue ";"',),
    ('0 iodef "mailto:me@example.com"',),
    ('128 unheardof "x"',),
    ('0 issue "other.example"', '0 issue "letsencrypt.org"'),
    ('128 issuevmc ";"',),
)
_HOSTS = ("ns1", "ns2", "ns1.shop", "ns2.shop", "ns.aim", "ns.dns")
_FAMILIES = ((4, ("4",)), (3, ("4", "6")), (1, ("4", "4")), (1, ("6",)))
_SHAPES = (
    "direct",
    "wildcard",
    "cname",
    "wildcard-cname",
    "dname",
    "dname-at-challenge",
    "chain",
    "empty-beside",
    "many-beside",
)
_OLD = tuple(f"{number}{'old' * 40}" for number in range(8))
"""Values that fit into a datagram beside another one, but not with their signature as well."""
_ALL_KINDS = ("TXT", "CAA", "DNSKEY", "DS", "NS", "SOA", "A", "AAAA")


def generate(seed: int) -> World:
    """Make the world that belongs to a seed."""
    return _Making(seed).world()


def healthy() -> Iterator[World]:
    """Make a world without any fault for each way to sign, and each way to the value."""
    number = 0
    for signing in ("no", "nsec", "nsec3", "opt-out"):
        for domain in ("shop", "www.shop", "a.b.shop"):
            for shape in _SHAPES:
                if shape != "dname" or domain == "a.b.shop":
                    number += 1
                    yield _healthy(number, signing, domain, shape)


def _healthy(number: int, signing: str, domain: str, shape: str) -> World:
    records = _records(shape, domain, "aim")
    at_home = tuple(f"{o} {data}" for o, data in records if not o.endswith("aim"))
    away = tuple(f"{o} {data}" for o, data in records if o.endswith("aim"))
    caa: tuple[str, ...] = ()
    if number % 2 and shape != "dname":  # which leaves no room for anything at the domain
        caa = (f"{domain} CAA {_CAA[0][0]}", "x.y.shop A 192.0.2.1")
    top = "opt-out" if number % 3 else "nsec"
    zones = (
        Zone("", ("ns1",), signing=top),
        Zone("shop", ("ns1", "ns2.shop"), signing, records=(*at_home, *caa)),
        Zone("aim", ("ns.aim",), signing="nsec", algorithm=15, records=away),
    )
    servers = (
        Server("ns1", ("4", "6"), ("", "shop")),
        Server("ns2.shop", ("6",), ("shop",)),
        Server("ns.aim", ("4", "4"), ("aim",)),
    )
    return World(number, domain, zones, servers, star=number % 5 == 0)


class _Making:
    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._random = random.Random(seed)  # noqa: S311 - a world, no secret
        self._zones: list[Zone] = []
        self._servers: dict[str, Server] = {}
        self._domain = ""
        self._aliased = ""

    def world(self) -> World:
        self._domain = self._weighed(((6, "shop"), (2, "www.shop"), (2, "a.b.shop")))
        top = self._some(("ns1", "ns2"), 2)
        self._add("", top, signing=((4, "nsec"), (2, "nsec3"), (3, "opt-out"), (1, "no")))
        self._add("shop", self._hosts_for(top))
        self._cut(top)
        if self._happens(0.3):
            self._add("aim", self._hosts_for(top))
        self._put_record()
        self._put_caa()
        self._spoil()
        return World(
            self._seed,
            self._domain,
            tuple(self._zones),
            tuple(self._servers[host] for host in sorted(self._servers)),
            star=self._happens(0.2),
        )

    # Zones and servers

    def _hosts_for(self, top: Sequence[str]) -> tuple[str, ...]:
        if self._happens(0.2):
            return tuple(top)  # parent and child on one server
        return self._some(_HOSTS, 3)

    def _add(
        self,
        name: str,
        hosts: Sequence[str],
        *,
        signing: Sequence[tuple[int, str]] = ((3, "no"), (3, "nsec"), (2, "nsec3"), (1, "opt-out")),
    ) -> None:
        zone = Zone(name, tuple(hosts), signing=self._weighed(signing))
        if zone.signing != "no":
            if self._happens(0.2):
                zone = replace(zone, algorithm=15)
            chance = self._random.random()
            if name and chance < 0.15:
                zone = replace(zone, ds="none" if chance < 0.06 else self._random.choice(_DS))
            if self._happens(0.08 if name else 0.02):
                zone = replace(zone, spoilt=self._random.choice(_SPOILT))
        self._zones.append(zone)
        for host in hosts:
            self._serve(host, name)

    def _serve(self, host: str, zone: str) -> None:
        known = self._servers.get(host)
        if known is None:
            known = Server(host, self._weighed(_FAMILIES))
        self._servers[host] = replace(known, zones=(*known.zones, zone))

    def _cut(self, top: Sequence[str]) -> None:
        if not self._happens(0.35):
            return
        places = {
            "shop": ["_acme-challenge.shop"],
            "www.shop": ["www.shop"],
            "a.b.shop": ["b.shop"],
        }
        place = self._random.choice([*places[self._domain], f"_acme-challenge.{self._domain}"])
        shop = self._zones[1]
        hosts = shop.servers if self._happens(0.5) else self._hosts_for(top)
        self._add(place, hosts)
        if self._happens(0.25):
            self._zones[-1] = replace(self._zones[-1], delegated=False)

    # Records

    def _put(self, owner: str, data: str) -> None:
        """Put a record into the zone that its owner belongs to."""
        above = [
            zone
            for zone in self._zones
            if not zone.name or owner == zone.name or owner.endswith(f".{zone.name}")
        ]
        zone = max(above, key=lambda one: len(one.name))
        index = self._zones.index(zone)
        self._zones[index] = replace(zone, records=(*zone.records, f"{owner} {data}"))

    def _put_record(self) -> None:
        challenge = f"_acme-challenge.{self._domain}"
        elsewhere = "aim" if any(zone.name == "aim" for zone in self._zones) else "shop"
        shape = self._weighed(
            (
                (10, "direct"),
                (1, "wildcard"),
                (3 if elsewhere == "aim" else 1, "cname"),
                (1, "wildcard-cname"),
                (1, "dname"),
                (1, "dname-at-challenge"),
                (1, "chain"),
                (1, "empty-beside"),
                (1, "many-beside"),
            )
        )
        apexes = {zone.name for zone in self._zones}
        if challenge in apexes and shape not in ("direct", "empty-beside", "many-beside"):
            shape = "direct"
        if shape == "dname" and (self._domain != "a.b.shop" or "b.shop" in apexes):
            shape = "dname-at-challenge"
        for owner, data in _records(shape, self._domain, elsewhere):
            self._put(owner, data)
        if shape != "wildcard-cname" and self._happens(0.1):
            self._put("*.shop", "A 192.0.2.7")
        if "." in self._domain and self._domain not in apexes and self._happens(0.2):
            if not self._is_alias(self._domain):
                self._put(self._domain, f"CNAME web.{elsewhere}")
                self._aliased = f"web.{elsewhere}"
                self._put(self._aliased, "A 192.0.2.9")
        elif not self._is_alias(self._domain) and self._happens(0.5):
            self._put(self._domain, "A 192.0.2.8")

    def _put_caa(self) -> None:
        for name in dict.fromkeys((self._aliased or self._domain, "shop", "")):
            if self._happens(0.2 if name else 0.05) and not self._is_alias(name):
                records = self._random.choice(_CAA[:2] if not name else _CAA)
                for record in records:
                    self._put(name or "@", f"CAA {record}")

    def _is_alias(self, name: str) -> bool:
        return any(
            record.split()[1] == "DNAME" and name.endswith(record.split()[0])
            for zone in self._zones
            for record in zone.records
        )

    # Faults

    def _spoil(self) -> None:
        for _ in range(self._weighed(((2, 0), (7, 1), (5, 2), (3, 3)))):
            chance = self._random.random()
            if chance < 0.12:
                self._spoil_ns()
            elif chance < 0.16:
                self._deny_addresses()
            else:
                self._spoil_servers()

    def _spoil_ns(self) -> None:
        """Give a zone an NS set that is not its parent's, or a server that does not know it."""
        index = self._random.randrange(1, len(self._zones))
        zone = self._zones[index]
        host = self._random.choice(_HOSTS)
        if host not in self._servers:
            self._servers[host] = Server(host, self._weighed(_FAMILIES))
        if self._happens(0.5):
            self._zones[index] = replace(zone, apex=tuple(dict.fromkeys((*zone.servers, host))))
        else:
            servers = tuple(dict.fromkeys((*zone.servers, host)))
            apex = zone.servers if self._happens(0.5) else ()
            self._zones[index] = replace(zone, servers=servers, apex=apex)
        if self._happens(0.4) and zone.name not in self._servers[host].zones:
            self._serve(host, zone.name)

    def _deny_addresses(self) -> None:
        """Say of every host that there is none, when its IPv6 (or IPv4) addresses are asked for."""
        kind = self._random.choice(("AAAA", "AAAA", "A"))
        for host in self._zones[0].servers:
            server = self._servers[host]
            fault = Fault("nxdomain", kinds=(kind,))
            self._servers[host] = replace(server, faults=(*server.faults, fault))

    def _spoil_servers(self) -> None:
        zone = self._random.choice([*self._zones[1:], *self._zones])
        fault = self._fault(zone)
        hosts = [host for host in zone.servers if host in self._servers]
        if not self._happens(0.5):
            hosts = [self._random.choice(hosts)]
            if len(self._servers[hosts[0]].families) > 1 and self._happens(0.2):
                fault = replace(fault, address=self._random.randrange(2))
        for host in hosts:
            server = self._servers[host]
            self._servers[host] = replace(server, faults=(*server.faults, fault))

    def _fault(self, zone: Zone) -> Fault:
        group = self._weighed(
            (
                (6, faults.FAILING),
                (3, faults.CONTENT),
                (3, faults.UNSIGNED),
                (2, faults.DENIALS),
                (1, faults.REFERRALS),
                (2, faults.COPIES),
                (2, faults.MANNERS),
            )
        )
        action = self._random.choice(group)
        if group in (faults.COPIES, faults.REFERRALS):
            at = zone.name if action == "stale" else ""
            return Fault(action, at=at)
        if action == "cname-for-ds":
            return Fault(action, kinds=("DS",))
        if group is faults.MANNERS:
            return Fault(action)
        kinds: tuple[str, ...] = ()
        if self._happens(0.85):
            kinds = (self._weighed(((5, "TXT"), (5, "CAA"), (4, "DNSKEY"), (3, "DS"))),)
            if self._happens(0.15):
                kinds = (self._random.choice(_ALL_KINDS),)
        when = self._weighed(((6, "always"), (3, "do"), (3, "mixed"), (1, "udp"), (1, "no-do")))
        at = zone.name if self._happens(0.6) else ""
        if self._happens(0.15):
            at = self._domain
        return Fault(action, kinds, when, at)

    # Chance

    def _happens(self, probability: float) -> bool:
        return self._random.random() < probability

    def _some(self, choices: Sequence[str], most: int) -> tuple[str, ...]:
        return tuple(self._random.sample(choices, self._random.randint(1, most)))

    def _weighed(self, choices: Sequence[tuple[int, T]]) -> T:
        weights = [weight for weight, _ in choices]
        return self._random.choices([choice for _, choice in choices], weights)[0]


def _records(shape: str, domain: str, elsewhere: str) -> tuple[tuple[str, str], ...]:
    """Give the records that lead from the challenge's name to its value."""
    challenge, value = f"_acme-challenge.{domain}", f"TXT {VALUE}"
    target = f"acme.{elsewhere}"
    shapes = {
        "direct": ((challenge, value),),
        "wildcard": ((f"*.{domain}", value),),
        "cname": ((challenge, f"CNAME {target}"), (target, value)),
        "wildcard-cname": ((f"*.{domain}", f"CNAME {target}"), (target, value)),
        "dname": (
            ("b.shop", f"DNAME v.{elsewhere}"),
            (f"_acme-challenge.a.v.{elsewhere}", value),
        ),
        "dname-at-challenge": ((challenge, f"DNAME v.{elsewhere}"), (challenge, value)),
        "chain": (
            (challenge, "CNAME hop.shop"),
            ("hop.shop", f"CNAME hop.v.{elsewhere}"),
            (f"*.v.{elsewhere}", value),
        ),
        "many-beside": ((challenge, value), *((challenge, f"TXT {one}") for one in _OLD)),
        "empty-beside": ((challenge, value), (f"x.{challenge}", "TXT other")),
    }
    return shapes[shape]
