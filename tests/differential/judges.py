"""The three judges: Unbound and BIND as a CA runs them, and this project.

A CA's own part (Boulder's: TXT must come with NOERROR, the closest CAA set decides, a lookup that
fails before one is found refuses) is `as_a_ca`, the same for both resolvers. This is the only
module here that imports the package.
"""

from __future__ import annotations

import asyncio
import random
import struct
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype

from certbot_dns_preflight import Severity, preflight
from certbot_dns_preflight.dnssec.delegation import supported
from certbot_dns_preflight.dnssec.validate import validate
from certbot_dns_preflight.facts.answers import Response
from certbot_dns_preflight.facts.dnssec import Facts
from certbot_dns_preflight.resolve.dnssec import Collector
from certbot_dns_preflight.run import inputs, session
from certbot_dns_preflight.settings import Settings
from tests.differential.worlds import VALUE
from tests.lab.namespace import add_addresses
from tests.lab.processes import Daemon, program

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from dns.rdtypes.ANY.DS import DS

    from certbot_dns_preflight.api import Options

CA = "letsencrypt.org"
_KNOWN_TAGS = frozenset({"issue", "issuewild", "iodef", "issuemail", "issuevmc"})
_PORT = 5300  # 53 is taken, at every address
_PATIENCE = 10.0
_QUERY_TIMEOUT = 1.5
UNTAKEN = "signed as nobody validates any more"
_WORST_FIRST = ("bogus", UNTAKEN, "indeterminate", "insecure", "secure")
_BOTH = frozenset({dns.rcode.NOERROR, dns.rcode.NXDOMAIN})


@dataclass(frozen=True, slots=True)
class Judged:
    """What one judge says, and why in a word or two."""

    passes: bool
    why: str


@dataclass(frozen=True, slots=True)
class Told:
    """What this project says: the outcome, and the codes of its findings by severity.

    `reasons` has the errors' codes, each with the kind that its finding tells, or "".
    """

    outcome: str
    errors: frozenset[str]
    warnings: frozenset[str]
    summaries: tuple[str, ...]
    reasons: frozenset[tuple[str, str]] = frozenset()


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
                    again = loop.call_later(seconds / 3, transport.sendto, wire)
                    answer = dns.message.from_wire(await protocol.arrived)
                    again.cancel()
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

    def __init__(self, directory: Path, root_hints: Path, trust_anchor: Path | None) -> None:
        super().__init__("127.53.1.1")
        self._control = directory / "control"
        anchor = f'trust-anchor-file: "{trust_anchor}"' if trust_anchor else ""
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
  do-not-query-localhost: no
  local-zone: "test." nodefault
  local-zone: "invalid." nodefault
  {anchor}
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

    async def ready(self) -> None:
        """Wait until it answers about the root."""
        await super().ready()
        # A late answer counts. Releases without this option never drop one.
        await self._tell("set_option discard-timeout: 0")

    async def forget(self) -> None:
        """Empty its caches."""
        await self._tell("flush_zone .", "flush_infra all")

    async def _tell(self, *commands: str) -> None:
        for words in commands:
            reader, writer = await asyncio.open_unix_connection(str(self._control))
            writer.write(f"UBCT1 {words}\n".encode())
            await reader.read()
            writer.close()


class Bind(Resolver):
    """BIND as a resolver, with less patience than usual."""

    def __init__(self, directory: Path, root_hints: Path, trust_anchor: Path | None) -> None:
        super().__init__("127.53.1.2")
        add_addresses(self.address)
        self._configuration = directory / "rndc.conf"
        anchor = ""
        if trust_anchor is not None:
            *numbers, digest = trust_anchor.read_text().split()[3:]
            anchor = f'trust-anchors {{ . static-ds {" ".join(numbers)} "{digest}"; }};'
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
  dnssec-validation {"yes" if anchor else "no"};
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
{anchor}
zone "." {{ type hint; file "{root_hints}"; }};
logging {{ category default {{ null; }}; }};
""")
        command: list[str | Path] = ["named", "-g", "-n", "1", "-c", configuration]
        self.daemon = Daemon("named", command, log=directory / "log")

    async def forget(self) -> None:
        """Empty its caches."""
        process = await asyncio.create_subprocess_exec(
            program("rndc"), "-c", self._configuration, "flush", stdout=asyncio.subprocess.DEVNULL
        )
        if await process.wait():
            raise RuntimeError("rndc flush failed")


async def as_a_ca(
    resolver: Resolver, domain: dns.name.Name, *, star: bool = False, value: str | None = VALUE
) -> Judged:
    """Validate as a CA does that asks this resolver; without a value, all but the value."""
    names = [domain.split(depth)[1] for depth in range(len(domain), 1, -1)]
    txt, *caa = await asyncio.gather(
        resolver.ask(dns.name.from_text("_acme-challenge", domain), dns.rdatatype.TXT),
        *(resolver.ask(name, dns.rdatatype.CAA) for name in names),
    )
    fine = _BOTH if value is None else {dns.rcode.NOERROR}
    if txt is None or txt.rcode() not in fine:
        return Judged(passes=False, why=f"TXT {_rcode(txt)}")
    if value is not None and value.encode() not in _texts(txt):
        return Judged(passes=False, why="TXT without the value")
    for name, answer in zip(names, caa, strict=True):
        if answer is None or answer.rcode() not in _BOTH:
            return Judged(passes=False, why=f"CAA {name} {_rcode(answer)}")
        records = [r for rrset in answer.answer if rrset.rdtype == 257 for r in rrset]
        if records:
            allowed = _allows([(r.flags, r.tag.lower(), r.value) for r in records], star=star)
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


async def as_us(
    name: str,
    *,
    root_hints: Path,
    trust_anchor: Path | None,
    value: str | None = VALUE,
    lenient: bool = False,
) -> Told:
    """Do a preflight for a certificate's name.

    `lenient`: a name server may be down while another one of its zone answers.
    """
    options: Options = {
        "root_hints": root_hints,
        "query_timeout": _QUERY_TIMEOUT,
        "timeout": 20,
        "unreachable": "warn" if lenient else "fail",
    }
    if trust_anchor is not None:
        options["trust_anchor"] = trust_anchor
    outcome = await preflight({name: [] if value is None else [value]}, **options)
    (challenge,) = outcome.challenges

    def codes(severity: Severity) -> frozenset[str]:
        return frozenset(f.code for f in challenge.findings if f.severity is severity)

    return Told(
        outcome=challenge.verdict.value,
        errors=codes(Severity.ERROR),
        warnings=codes(Severity.WARNING),
        summaries=tuple(f"{f.severity.value} {f.code}: {f.summary}" for f in challenge.findings),
        reasons=frozenset(
            (str(f.code), str(f.evidence.get("kind", "")))
            for f in challenge.findings
            if f.severity is Severity.ERROR
        ),
    )


async def status(
    name: dns.name.Name,
    rdtype: dns.rdatatype.RdataType,
    *,
    root_hints: Path,
    anchors: Sequence[tuple[dns.name.Name, DS]],
    moment: int,
) -> str:
    """Say what this project makes of the signatures at a name and its aliases, as of a moment.

    `anchors` are DS of the root or of an island of trust. Bogus, unjudged or insecure at one name
    is that for all of them.
    """
    settings = Settings(root_hints=root_hints, query_timeout=0.3)
    found: list[str] = []
    seen: list[dns.name.Name] = []
    at: dns.name.Name | None = name
    async with session.opened(settings, inputs.load(settings)) as asking:
        while at is not None and at not in seen:
            seen.append(at)
            facts = await Collector(asking.exchange, asking.walker).data([(at, rdtype)])
            found.append(_status(at, facts, anchors, moment))
            at = _target(at, facts)
    return next(word for word in _WORST_FIRST if word in found)


def _target(name: dns.name.Name, facts: Facts) -> dns.name.Name | None:
    """Give the name that an alias leads to."""
    return next(
        (
            rrset[0].target
            for zone in facts.zones
            for asked in zone.rrsets
            if asked.owner == name
            for said in asked.said
            if isinstance(said.reply, Response)
            for rrset in said.reply.message.answer
            if rrset.name == name and rrset.rdtype == dns.rdatatype.CNAME
        ),
        None,
    )


def _status(
    name: dns.name.Name,
    facts: Facts,
    anchors: Sequence[tuple[dns.name.Name, DS]],
    moment: int,
) -> str:
    above = [(owner, ds) for owner, ds in anchors if name.is_subdomain(owner)]
    island = max((owner for owner, _ in above), key=len, default=None)
    trusted = tuple(ds for owner, ds in above if owner == island)
    if trusted and not supported(trusted):
        return UNTAKEN
    if not facts.zones:
        return "indeterminate"
    if island is None:
        return "insecure"
    zones = tuple(
        replace(zone, parent=None) if zone.apex == island else zone
        for zone in facts.zones
        if zone.apex.is_subdomain(island)
    )
    assessment = validate(Facts(zones), trusted, now=moment)
    return str(assessment.status) if zones else "indeterminate"
