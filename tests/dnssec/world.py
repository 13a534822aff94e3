"""A signed internet for these tests: a root, three TLDs, and a zone for each scenario.

It has its own root, keys and resolver; the servers are the lab's daemons. A scenario is a zone,
what each of its servers serves, and the DS that its parent has.
"""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import dns.flags
import dns.message
import dns.rcode

from tests.dnssec.signing import Key, Signer
from tests.lab.laboratory import _delegation_signers
from tests.lab.processes import program
from tests.lab.resolver import Unbound
from tests.lab.servers import Hosted

if TYPE_CHECKING:
    from pathlib import Path

    from tests.lab import Lab, NameServer

RESOLVER = ("127.53.0.54", "fd00:53::54")
TLDS = {"test.": (), "deny3.": ("-3", "-"), "optout.": ("-3", "-", "-A")}


@dataclass(slots=True)
class Scenario:
    """One zone: its text on each kind of server, its DS lines, and where it is delegated."""

    origin: str
    texts: dict[str, str]
    ds: list[str] = field(default_factory=list)
    parent: str = "test."


@dataclass(slots=True)
class World:
    """The running servers. `leaf` are those of the scenarios' zones, by kind."""

    lab: Lab
    signer: Signer
    directory: Path
    leaf: dict[str, NameServer]
    top: NameServer
    scenarios: dict[str, Scenario] = field(default_factory=dict)
    keys: dict[str, tuple[Key, ...]] = field(default_factory=dict)
    unbound: Unbound | None = None

    @property
    def root_hints(self) -> Path:
        """For our walker and for Unbound."""
        return self.directory / "root.hints"

    @property
    def trust_anchor(self) -> Path:
        """The root's DS."""
        return self.directory / "root.ds"

    def text(self, origin: str, kinds: tuple[str, ...], records: str = "") -> str:
        """Write an unsigned zone whose name servers are these."""
        apex = "".join(f"@ NS {self.leaf[kind].host}\n" for kind in kinds)
        return (
            f"$ORIGIN {origin}\n$TTL 60\n"
            f"@ SOA {self.leaf[kinds[0]].host} h.test. 1 3600 900 99999 60\n{apex}{records}"
        )

    def add(self, scenario: Scenario) -> None:
        """Take up a scenario; `start` makes it real."""
        self.scenarios[scenario.origin] = scenario

    def start(self) -> None:
        """Serve all zones, sign what is above them, and start the resolver."""
        self._start_leaves()
        for origin, denial in TLDS.items():
            self._put(origin, self._tld(origin), denial)
        root = self._apex(".")
        for origin in TLDS:
            root += f"{origin} NS {self.top.host}\n{origin} DS {self.keys[origin][0].ds()}\n"
        root += self._glue(self.top)
        self._put(".", root, ())
        self.top.start()
        self.top.wait_ready()
        self.root_hints.write_text(f". 3600 IN NS {self.top.host}\n{self._glue(self.top, ' IN')}")
        self.trust_anchor.write_text(f". IN DS {self.keys['.'][0].ds()}\n")
        directory = self.directory / "unbound"
        directory.mkdir()
        self.unbound = Unbound(
            RESOLVER,
            directory=directory,
            root_hints=self.root_hints,
            trust_anchor=self.trust_anchor,
        )
        self.unbound.extra_configuration = "\n".join(
            f'  local-zone: "{origin}" nodefault' for origin in TLDS
        )
        self.unbound.start()
        self.unbound.wait_ready()

    def _start_leaves(self) -> None:
        for kind, server in self.leaf.items():
            for scenario in self.scenarios.values():
                text = scenario.texts.get(kind)
                if text is not None:
                    live = text.startswith("live:")
                    server.put(
                        Hosted(origin=scenario.origin, text=text.removeprefix("live:"), signed=live)
                    )
            if kind == "pdns":
                self._secure(server)
            server.start()
        for server in self.leaf.values():
            server.wait_ready()
        for scenario in self.scenarios.values():
            for kind, text in scenario.texts.items():
                if text.startswith("live:"):
                    scenario.ds += _delegation_signers(self.leaf[kind], scenario.origin)

    def stop(self) -> None:
        """End everything."""
        if self.unbound is not None:
            self.unbound.kill()
        for server in (*self.leaf.values(), self.top):
            server.kill()
            self.lab._extra.remove(server)

    def as_unbound_sees_it(self, *asked: tuple[str, str], zone: str, address: str) -> list[str]:
        """Ask the resolver names and types, with one address as the zone's only one: status words.

        They are secure, insecure or bogus.
        """
        unbound = self.unbound
        assert unbound is not None
        unbound.control("stub_add", zone, address)
        try:
            unbound.flush()
            return [_status(unbound.query(name, kind, dnssec=True)) for name, kind in asked]
        finally:
            unbound.control("stub_remove", zone)

    def _apex(self, origin: str) -> str:
        return (
            f"$ORIGIN {origin}\n$TTL 60\n@ SOA {self.top.host} h.test. 1 3600 900 99999 60\n"
            f"@ NS {self.top.host}\n"
        )

    def _tld(self, origin: str) -> str:
        text = self._apex(origin)
        if origin == "test.":
            text += "".join(self._glue(server) for server in (*self.leaf.values(), self.top))
        for scenario in self.scenarios.values():
            if scenario.parent != origin:
                continue
            for kind in scenario.texts:
                text += f"{scenario.origin} NS {self.leaf[kind].host}\n"
            text += "".join(f"{scenario.origin} DS {ds}\n" for ds in scenario.ds)
        return text

    def _put(self, origin: str, text: str, denial: tuple[str, ...]) -> None:
        keys = self.keys[origin] = self.signer.pair(origin)
        self.top.put(Hosted(origin=origin, text=self.signer.sign(origin, text, keys, nsec3=denial)))

    @staticmethod
    def _glue(server: NameServer, class_: str = "") -> str:
        return (
            f"{server.host} 60{class_} A {server.address4}\n"
            f"{server.host} 60{class_} AAAA {server.address6}\n"
        )

    def _secure(self, server: NameServer) -> None:
        """Make PowerDNS sign its live zones; the others it serves as they are (presigned)."""
        server.extra_configuration = f"bind-dnssec-db={server.directory}/dnssec.db"
        server.configure()

        def pdnsutil(*words: str) -> None:
            command = [program("pdnsutil"), f"--config-dir={server.directory}", *words]
            subprocess.run(command, check=True, capture_output=True)

        pdnsutil("create-bind-db", f"{server.directory}/dnssec.db")
        for origin, hosted in server.zones.items():
            zone = origin.rstrip(".")
            if hosted.signed:
                pdnsutil("secure-zone", zone)
                if zone.startswith("nsec3"):
                    pdnsutil("set-nsec3", zone, "1 0 0 -")
            elif "RRSIG" in (hosted.text or ""):
                pdnsutil("set-presigned", zone)
                denial = re.search(r"NSEC3PARAM\s+(\S+) \S+ (\S+) (\S+)", hosted.text or "")
                if denial:
                    opt_out = "1" if re.search(r"NSEC3\s+1 1 ", hosted.text or "") else "0"
                    algorithm, iterations, salt = denial.groups()
                    pdnsutil("set-nsec3", zone, f"{algorithm} {opt_out} {iterations} {salt}")


def _status(answer: dns.message.Message) -> str:
    if answer.rcode() not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        return "bogus"
    return "secure" if answer.flags & dns.flags.AD else "insecure"


def build(lab: Lab, directory: Path) -> World:
    """Make the servers, without any zone yet."""
    keys = directory / "keys"
    keys.mkdir()
    leaf = {
        kind: _server(lab, kind, f"{kind}.ns.test.") for kind in ("bind", "nsd", "knot", "pdns")
    }
    return World(lab, Signer(keys), directory, leaf, _server(lab, "nsd", "top.ns.test."))


def _server(lab: Lab, kind: str, host: str) -> NameServer:
    from tests.lab.servers import KINDS  # noqa: PLC0415 - beside its one use

    server = lab._server(KINDS[kind], host, "2", next(lab._numbers))
    lab._extra.append(server)
    return server
