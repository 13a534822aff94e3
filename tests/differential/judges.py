"""The three judges: Unbound and BIND as a CA runs them, and this project.

A CA's own part (Boulder's: TXT must come with NOERROR, the closest CAA set decides, a lookup that
fails before one is found refuses) is `as_a_ca`, the same for both resolvers. This is the only
module here that imports the package.
"""

from __future__ import annotations

import asyncio
import random
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype

from certbot_dns_preflight import as_json, preflight
from tests.differential.worlds import VALUE
from tests.lab.namespace import add_addresses
from tests.lab.processes import Daemon, program

if TYPE_CHECKING:
    from pathlib import Path

    from tests.differential.worlds import World

CA = "letsencrypt.org"
_KNOWN_TAGS = frozenset({"issue", "issuewild", "iodef", "issuemail", "issuevmc"})
_PORT = 5300  # 53 is taken, at every address
_PATIENCE = 10.0
_QUERY_TIMEOUT = 1.5
_BOTH = frozenset({dns.rcode.NOERROR, dns.rcode.NXDOMAIN})


@dataclass(frozen=True, slots=True)
class Judged:
    """What one judge says, and why in a word or two."""

    passes: bool
    why: str


@dataclass(frozen=True, slots=True)
class Told:
    """What this project says: the outcome, and code and kind of each finding by severity."""

    outcome: str
    errors: frozenset[str]
    warnings: frozenset[str]
    summaries: tuple[str, ...]


class Resolver:
    """A validating recursive resolver, one process for all worlds."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.daemon: Daemon | None = None
        self._random = random.Random()  # noqa: S311 - letter case

    async def ready(self) -> None:
        """Wait until it answers about the root."""
        for _ in range(40):
            answer = await self.ask(dns.name.root, dns.rdatatype.SOA, seconds=0.5)
            if answer is not None and answer.rcode() == dns.rcode.NOERROR:
                return
            if self.daemon is not None and not self.daemon.running:
                break
            await asyncio.sleep(0.05)
        raise RuntimeError(f"no resolver at {self.address}: {self.daemon and self.daemon.tail()}")

    async def forget(self) -> None:
        """Empty its caches."""
        raise NotImplementedError

    def stop(self) -> None:
        """End it."""
        if self.daemon is not None:
            self.daemon.kill()

    async def ask(
        self, name: dns.name.Name, kind: dns.rdatatype.RdataType, *, seconds: float = _PATIENCE
    ) -> dns.message.Message | None:
        """Ask a question in mixed letter case; None where no answer comes."""
        query = dns.message.make_query(self._mixed(name), kind, use_edns=0, payload=4096)
        wire = query.to_wire()
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(seconds):
                transport, protocol = await loop.create_datagram_endpoint(
                    _OneDatagram, remote_addr=(self.address, _PORT)
                )
                try:
                    transport.sendto(wire)
                    answer = dns.message.from_wire(await protocol.arrived)
                finally:
                    transport.close()
                if not answer.flags & dns.flags.TC:
                    return answer
                reader, writer = await asyncio.open_connection(self.address, _PORT)
                writer.write(struct.pack("!H", len(wire)) + wire)
                (length,) = struct.unpack("!H", await reader.readexactly(2))
                answer = dns.message.from_wire(await reader.readexactly(length))
                writer.close()
                return answer
        except (TimeoutError, OSError, EOFError, dns.exception.DNSException):
            return None

    def _mixed(self, name: dns.name.Name) -> dns.name.Name:
        text = name.to_text()
        return dns.name.from_text(
            "".join(c.upper() if self._random.random() < 0.5 else c for c in text)
        )


class _OneDatagram(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.arrived: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def datagram_received(self, data: bytes, addr: object) -> None:  # noqa: ARG002 - asyncio's name
        if not self.arrived.done():
            self.arrived.set_result(data)

    def error_received(self, exc: Exception) -> None:
        if not self.arrived.done():
            self.arrived.set_exception(exc)


class Unbound(Resolver):
    """Unbound with what Let's Encrypt is known to set, and less patience."""

    def __init__(self, directory: Path, root_hints: Path, trust_anchor: Path) -> None:
        super().__init__("127.53.1.1")
        self._control = directory / "control"
        configuration = directory / "unbound.conf"
        configuration.write_text(f"""\
server:
  interface: {self.address}
  port: {_PORT}
  username: ""
  chroot: ""
  directory: "{directory}"
  pidfile: ""
  use-syslog: no
  logfile: ""
  verbosity: 1
  val-log-level: 2
  num-threads: 1
  access-control: 0.0.0.0/0 allow
  module-config: "validator iterator"
  root-hints: "{root_hints}"
  trust-anchor-file: "{trust_anchor}"
  use-caps-for-id: yes
  qname-minimisation: yes
  aggressive-nsec: no
  edns-buffer-size: 1232
  outbound-msg-retry: 4
  msg-cache-size: 8m
  rrset-cache-size: 8m
  outgoing-range: 2048
  num-queries-per-thread: 1024
remote-control:
  control-enable: yes
  control-interface: {self._control}
  control-use-cert: no
""")
        self.daemon = Daemon(
            "unbound", ["unbound", "-d", "-c", configuration], log=directory / "log"
        )

    async def forget(self) -> None:
        """Empty its caches."""
        for words in ("flush_zone .", "flush_infra all"):
            reader, writer = await asyncio.open_unix_connection(str(self._control))
            writer.write(f"UBCT1 {words}\n".encode())
            await reader.read()
            writer.close()


class Bind(Resolver):
    """BIND as a resolver, with less patience than usual."""

    def __init__(self, directory: Path, root_hints: Path, trust_anchor: Path) -> None:
        super().__init__("127.53.1.2")
        add_addresses(self.address)
        self._configuration = directory / "rndc.conf"
        tag, algorithm, digest_type, digest = trust_anchor.read_text().split()[3:]
        hmac = 'algorithm hmac-sha256; secret "c2VjcmV0";'
        self._configuration.write_text(
            f'key "k" {{ {hmac} }};\n'
            f'options {{ default-key "k"; default-server {self.address}; default-port 953; }};\n'
        )
        configuration = directory / "named.conf"
        configuration.write_text(f"""\
key "k" {{ {hmac} }};
controls {{ inet {self.address} port 953 allow {{ any; }} keys {{ "k"; }}; }};
options {{
  directory "{directory}";
  pid-file none;
  session-keyfile none;
  listen-on port {_PORT} {{ {self.address}; }};
  listen-on-v6 {{ none; }};
  recursion yes;
  allow-recursion {{ any; }};
  allow-query {{ any; }};
  dnssec-validation yes;
  synth-from-dnssec no;
  servfail-ttl 0;
  lame-ttl 0;
  prefetch 0;
  empty-zones-enable no;
  resolver-query-timeout 6000;
  resolver-retry-interval 400;
  max-cache-size 32M;
  recursive-clients 2000;
}};
trust-anchors {{ . static-ds {tag} {algorithm} {digest_type} "{digest}"; }};
zone "." {{ type hint; file "{root_hints}"; }};
logging {{ category default {{ null; }}; }};
""")
        command = ["named", "-g", "-n", "1", "-c", configuration]
        self.daemon = Daemon("named", command, log=directory / "log")

    async def forget(self) -> None:
        """Empty its caches."""
        process = await asyncio.create_subprocess_exec(
            program("rndc"), "-c", self._configuration, "flush", stdout=asyncio.subprocess.DEVNULL
        )
        if await process.wait():
            raise RuntimeError("rndc flush failed")


async def as_a_ca(resolver: Resolver, world: World, tld: str) -> Judged:
    """Validate as a CA does that asks this resolver."""
    domain = dns.name.from_text(f"{world.domain}.{tld}")
    names = [domain.split(depth)[1] for depth in range(len(domain), 1, -1)]
    txt, *caa = await asyncio.gather(
        resolver.ask(dns.name.from_text("_acme-challenge", domain), dns.rdatatype.TXT),
        *(resolver.ask(name, dns.rdatatype.CAA) for name in names),
    )
    if txt is None or txt.rcode() != dns.rcode.NOERROR:
        return Judged(passes=False, why=f"TXT {_rcode(txt)}")
    if VALUE.encode() not in _texts(txt):
        return Judged(passes=False, why="TXT without the value")
    for name, answer in zip(names, caa, strict=True):
        if answer is None or answer.rcode() not in _BOTH:
            relative = name.to_text().removesuffix(f".{tld}.")
            return Judged(passes=False, why=f"CAA {relative} {_rcode(answer)}")
        records = [r for rrset in answer.answer if rrset.rdtype == 257 for r in rrset]
        if records:
            allowed = _allows([(r.flags, r.tag.lower(), r.value) for r in records], star=world.star)
            return Judged(passes=allowed, why="" if allowed else "CAA forbids")
    return Judged(passes=True, why="")


def _rcode(answer: dns.message.Message | None) -> str:
    return "silence" if answer is None else dns.rcode.to_text(answer.rcode())


def _texts(answer: dns.message.Message) -> set[bytes]:
    return {
        b"".join(rdata.strings)
        for rrset in answer.answer
        if rrset.rdtype == dns.rdatatype.TXT
        for rdata in rrset
    }


def _allows(records: list[tuple[int, bytes, bytes]], *, star: bool) -> bool:
    if any(flags & 128 and tag.decode() not in _KNOWN_TAGS for flags, tag, _ in records):
        return False
    wild = [value for _, tag, value in records if tag == b"issuewild"]
    issue = [value for _, tag, value in records if tag == b"issue"]
    relevant = wild if star and wild else issue
    if not relevant:
        return True
    return any(value.decode().partition(";")[0].strip() == CA for value in relevant)


async def as_us(world: World, tld: str, *, root_hints: Path, trust_anchor: Path) -> Told:
    """Do a preflight of the world's challenge."""
    outcome = await preflight(
        {f"{world.name}.{tld}": [VALUE]},
        root_hints=root_hints,
        trust_anchor=trust_anchor,
        query_timeout=_QUERY_TIMEOUT,
        timeout=20,
    )
    (challenge,) = as_json(outcome)["challenges"]  # type: ignore[misc, union-attr, index]
    found: list[dict[str, object]] = challenge["findings"]  # type: ignore[index, call-overload, assignment]

    def codes(severity: str) -> frozenset[str]:
        return frozenset(str(f["code"]) for f in found if f["severity"] == severity)

    return Told(
        outcome=str(challenge["outcome"]),  # type: ignore[index, call-overload]
        errors=codes("error"),
        warnings=codes("warning"),
        summaries=tuple(f"{f['severity']} {f['code']}: {f['summary']}" for f in found),
    )
