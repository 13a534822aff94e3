"""The world while it runs: NSD behind the network, a resolver, and the orders to the network.

Starts everything in the lab's namespace, and ends with it. What it serves is `zones`, where and
how far away `shape`; it measures nothing.
"""

from __future__ import annotations

import functools
import json
import socket
import subprocess
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dns.message
import dns.query
from dns.exception import DNSException

from benchmarks.world import zones
from benchmarks.world.shape import (
    REGISTRY_ZONES,
    RESOLVER,
    is_ipv6,
    make_customers,
    make_shape,
    round_trip,
)
from tests.lab import namespace
from tests.lab.processes import Daemon, Directory, program

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Self

    from benchmarks.world.shape import Group

# Ports of 127.0.0.1, in the order of the network's name servers.
_PORTS = {"root": 5301, "registry": 5302, "providers": 5303, "before": 5304, "resolver": 5305}
_BACKENDS = {name: number for number, name in enumerate(_PORTS)}
_RESOLVER_SENDS_FROM = ("127.54.0.54", "fd00:54::54")
_RESOLVER_ROUND_TRIP = 0.002


class World:
    """The servers, the network before them, and what the clients need to know of both.

    `unpublished`: for so many customers there is also a state of their zones without the record,
    which `publish` and `withdraw` choose from, address by address.
    """

    def __init__(self, count: int, *, unpublished: int = 0) -> None:
        """Prepare a world of `count` customers."""
        namespace.enter()
        self.shape = make_shape()
        self.customers = make_customers(self.shape, count)
        self.unpublished = self.customers[:unpublished]
        self._stack = ExitStack()
        self._directory = Directory("dns-preflight-world-")
        self._stack.callback(self._directory.remove)
        self.path = self._directory.path
        self.root_hints = self.path / "root.hints"
        self.trust_anchor = self.path / "root.key"
        self._places = [
            (address, group, number)
            for number, group in enumerate(self.shape.groups)
            for address in group.addresses
        ]

    def __enter__(self) -> Self:
        """Start everything."""
        try:
            self._start()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """End everything."""
        self._stack.close()

    # Orders to the network

    def order(self, line: str) -> str:
        """Tell the network something, and give what it says."""
        with socket.socket(socket.AF_UNIX) as there:
            there.connect(str(self.path / "control"))
            there.sendall(f"{line}\n".encode())
            said = there.makefile().readline().strip()
        if said.startswith("what is"):
            raise ValueError(said)
        return said

    def set(self, *, loss: float = 0.0, fixed: float = 0.0, drop: int = 0, seed: int = 1) -> None:
        """Begin to count anew: chance of loss, one round-trip time for all, a datagram to drop."""
        self.order(f"loss {loss}")
        self.order(f"round-trip {round(fixed * 1e6)}")
        self.order(f"drop {drop}")
        self.order(f"reset {seed}")

    def counts(self) -> dict[str, Any]:
        """Say what was asked since the counting began; groups by name."""
        said: dict[str, Any] = json.loads(self.order("counts"))
        names = [group.name for group in self.shape.groups] + [RESOLVER]
        for key in ("asked", "resolver_asked"):
            said[key] = {names[int(number)]: kinds for number, kinds in said[key].items()}
        return said

    def withdraw(self) -> None:
        """Have every provider's address answer from the zones without the record."""
        for place in range(len(self._places)):
            if self._places[place][1] in self.shape.providers:
                self._move(place, "before")

    def publish(self, address: str) -> None:
        """Have one address answer from the zones with the record."""
        [place] = [n for n, (known, *_) in enumerate(self._places) if known == address]
        self._move(place, "providers")

    def _move(self, place: int, backend: str) -> None:
        self.order(f"move {place} {place} {_BACKENDS[backend]}")

    # Construction

    def _start(self) -> None:
        for name in ("nsd", "unbound", "dnssec-signzone", "dnssec-keygen", "gcc"):
            program(name)
        addresses = [address for address, *_ in self._places]
        local = [namespace.RESOLVER4, namespace.RESOLVER6, *_RESOLVER_SENDS_FROM]
        namespace.add_addresses(*addresses, *local)
        self._write_hints()
        providers: dict[str, str] = {}
        for group in self.shape.providers:
            providers |= {zone: zones.servers_zone(zone, group) for zone in group.zones}
        customers = {f"{c.domain}.": zones.customer_zone(c) for c in self.customers}
        daemons = [
            self._nsd("root", self._signed_root() | self._own_zone(self.shape.root)),
            self._nsd("registry", self._registries | self._own_zone(self.shape.registry)),
            self._nsd("providers", providers | customers),
        ]
        if self.unpublished:
            customers = {
                f"{c.domain}.": zones.customer_zone(c, published=False) for c in self.unpublished
            }
            daemons.append(self._nsd("before", providers | customers))
        for name, daemon in zip(_PORTS, daemons, strict=False):
            daemon.wait_until(functools.partial(_answers, _PORTS[name]), what="it answers")
        self._start_network()
        self._start_resolver()

    @staticmethod
    def _own_zone(group: Group) -> dict[str, str]:
        return {zone: zones.servers_zone(zone, group) for zone in group.zones}

    def _write_hints(self) -> None:
        self.root_hints.write_text(
            "".join(
                f". 3600000 NS {server.host}\n"
                + "".join(
                    f"{server.host} 3600000 {'AAAA' if is_ipv6(address) else 'A'} {address}\n"
                    for address in server.addresses
                )
                for server in self.shape.root.servers
            )
        )

    def _signed_root(self) -> dict[str, str]:
        """Sign the registries, then the root with their DS; write the trust anchor."""
        self._registries: dict[str, str] = {}
        signers: list[str] = []
        for zone in REGISTRY_ZONES:
            text = zones.registry_zone(zone, self.shape, self.customers)
            # NSEC3 with opt-out, as the registries of that size have it.
            self._registries[zone], signer = self._sign(zone, text, "-3", "-", "-A", "-H", "0")
            signers.append(signer)
        root, anchor = self._sign(".", zones.root_zone(self.shape, signers))
        self.trust_anchor.write_text(anchor)
        return {".": root}

    def _sign(self, zone: str, text: str, *options: str) -> tuple[str, str]:
        """Sign a zone, and give its text and its DS record."""
        here = self._directory.sub(f"sign-{zone.rstrip('.') or 'root'}")
        (here / "zone").write_text(text)
        for flags in ([], ["-f", "KSK"]):
            _run("dnssec-keygen", "-q", "-a", "ECDSAP256SHA256", *flags, zone, directory=here)
        signing = ("-S", "-o", zone, "-f", "signed", *options, "zone")
        _run("dnssec-signzone", *signing, directory=here)
        [dsset] = here.glob("dsset-*")
        return (here / "signed").read_text(), dsset.read_text()

    def _nsd(self, name: str, texts: Mapping[str, str]) -> Daemon:
        here = self._directory.sub(name)
        blocks = []
        for origin, text in texts.items():
            file = here / f"{origin}zone"
            file.write_text(text)
            blocks.append(f'zone:\n  name: "{origin}"\n  zonefile: "{file.name}"\n')
        (here / "nsd.conf").write_text(f"""\
server:
  ip-address: 127.0.0.1
  port: {_PORTS[name]}
  username: ""
  zonesdir: "{here}"
  database: ""
  zonelistfile: "{here}/zone.list"
  xfrdfile: "{here}/xfrd.state"
  xfrdir: "{here}"
  pidfile: "{here}/nsd.pid"
  server-count: 1
  receive-buffer-size: 16777216
  send-buffer-size: 16777216
  ipv4-edns-size: 1232
  minimal-responses: no
  tcp-count: 1000
  rrl-ratelimit: 0
  rrl-whitelist-ratelimit: 0
remote-control:
  control-enable: yes
  control-interface: {here}/control
{"".join(blocks)}""")
        command = ["nsd", "-d", "-c", str(here / "nsd.conf")]
        return self._daemon(f"NSD ({name})", command, here / "log")

    def _start_network(self) -> None:
        binary = self.path / "network"
        source = Path(__file__).with_name("network.c")
        _run("gcc", "-O2", "-o", str(binary), str(source), directory=self.path)
        lines = [f"backend {port}" for port in _PORTS.values()]
        lines += [f"resolver {address}" for address in _RESOLVER_SENDS_FROM]
        for address, group, number in self._places:
            backend = _BACKENDS.get(group.name, _BACKENDS["providers"])
            lines.append(f"address {address} {number} {backend} {round(round_trip(address) * 1e6)}")
        for address in (namespace.RESOLVER4, namespace.RESOLVER6):
            number, backend = len(self.shape.groups), _BACKENDS["resolver"]
            delay = round(_RESOLVER_ROUND_TRIP * 1e6)
            lines.append(f"address {address} {number} {backend} {delay}")
        (self.path / "network.conf").write_text("\n".join(lines) + "\n")
        command = [binary, self.path / "network.conf", self.path / "control"]
        daemon = self._daemon("the network", command, self.path / "network.log")
        daemon.wait_until((self.path / "control").exists, what="it takes orders")

    def _start_resolver(self) -> None:
        here = self._directory.sub("resolver")
        outgoing = "".join(f"  outgoing-interface: {each}\n" for each in _RESOLVER_SENDS_FROM)
        (here / "unbound.conf").write_text(f"""\
server:
  interface: 127.0.0.1
  port: {_PORTS["resolver"]}
{outgoing}
  username: ""
  chroot: ""
  directory: "{here}"
  pidfile: ""
  use-syslog: no
  num-threads: 1
  so-rcvbuf: 8m
  do-not-query-localhost: no
  outgoing-range: 4000
  num-queries-per-thread: 4000
  root-hints: "{self.root_hints}"
  trust-anchor-file: "{self.trust_anchor}"
remote-control:
  control-enable: no
""")
        command = ["unbound", "-d", "-c", str(here / "unbound.conf")]
        daemon = self._daemon("Unbound", command, here / "log")
        daemon.wait_until(lambda: _answers(_PORTS["resolver"]), what="it answers")

    def _daemon(self, label: str, command: Iterable[str | Path], log: Path) -> Daemon:
        daemon = Daemon(label, list(command), log=log)
        self._stack.callback(daemon.kill)
        return daemon


def _run(name: str, *arguments: str, directory: Path) -> None:
    command = [program(name), *arguments]
    subprocess.run(command, cwd=directory, check=True, capture_output=True, text=True)


def _answers(port: int) -> bool:
    try:
        asked = dns.message.make_query("version.bind.", "TXT", "CH")
        dns.query.udp(asked, "127.0.0.1", port=port, timeout=0.2)
    except (DNSException, OSError):
        return False
    return True
