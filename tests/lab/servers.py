"""Authoritative name servers behind one interface: BIND, NSD, Knot DNS, PowerDNS.

A server holds `Hosted` zones, each with its own text or a secondary of another server. Zones can be
added and removed while it runs. Delegations are the task of `laboratory`.
"""

from __future__ import annotations

import abc
import signal
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdatatype

from tests.lab.namespace import add_addresses
from tests.lab.processes import PATIENCE, Daemon, DaemonError, program

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

KEY_NAME = "certbot."
KEY_ALGORITHM = "hmac-sha256"
KEY_SECRET = "bGFiIGtleSwgbm90IHNlY3JldCBhdCBhbGw7IDMyIGI="  # noqa: S105  # the lab's own key


@dataclass(kw_only=True)
class Hosted:
    """A zone on one server: `text` on a primary, `primary` on a secondary.

    `notify` lists who is notified of changes; `barred` who gets neither that nor a transfer (BIND
    only).
    """

    origin: str
    text: str | None = None
    primary: NameServer | None = None
    notify: list[NameServer] = field(default_factory=list)
    barred: list[NameServer] = field(default_factory=list)
    dynamic: bool = False
    signed: bool = False

    @property
    def file_name(self) -> str:
        """The zone file's name."""
        return (self.origin.rstrip(".") or "root").replace("/", "_") + ".zone"


class NameServer(abc.ABC):
    """One daemon on port 53 of one IPv4 and one IPv6 address.

    `host` is its name in NS records. `address4` and `address6` are where it answers.
    """

    kind: str
    programs: tuple[str, ...]

    def __init__(self, host: str, addresses: tuple[str, str], *, directory: Path) -> None:
        for name in self.programs:
            program(name)
        self.host = host
        self.address4, self.address6 = addresses
        self.directory = directory
        self.zones: dict[str, Hosted] = {}
        self.extra_configuration = ""
        self._daemon: Daemon | None = None

    def __repr__(self) -> str:
        return f"<{self.kind} {self.host} {self.address4} {self.address6}>"

    @property
    def addresses(self) -> tuple[str, str]:
        """Both addresses, IPv4 first."""
        return (self.address4, self.address6)

    @property
    def running(self) -> bool:
        """Whether the daemon is running."""
        return self._daemon is not None and self._daemon.running

    @property
    def log(self) -> str:
        """The daemon's log so far."""
        return self._log_path.read_text(errors="replace")

    @property
    def _log_path(self) -> Path:
        return self.directory / "log"

    # Life

    def start(self) -> None:
        """Start it; `wait_ready` waits until it answers."""
        if self.running:
            return
        add_addresses(*self.addresses)
        self.configure()
        for stale in self.directory.glob("*.pid"):
            stale.unlink()
        self._daemon = Daemon(repr(self), self.command(), log=self._log_path)

    def wait_ready(
        self, origins: Iterable[str] | None = None, *, seconds: float = PATIENCE
    ) -> None:
        """Wait until it answers with authority for its zones (or `origins`) on both addresses.

        Without zones: until it answers anything.
        """
        zones = self.zones if origins is None else origins
        asked: list[str | None] = [*zones] or [None]
        waiting = [(origin, address) for origin in asked for address in self.addresses]

        def ready() -> bool:
            while waiting and _has_authority(*waiting[-1]):
                waiting.pop()
            return not waiting

        self._running_daemon().wait_until(ready, what="it answers for its zones", seconds=seconds)

    def stop(self) -> None:
        """Stop it."""
        self.kill()

    def kill(self) -> None:
        """Kill it at once: nothing answers at its addresses (ICMP says so)."""
        if self._daemon is not None:
            self._daemon.kill()
            self._daemon = None

    def freeze(self) -> None:
        """Stop it from answering while its sockets stay open: queries get no response."""
        self._running_daemon().send(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it answer again."""
        self._running_daemon().send(signal.SIGCONT)

    # Zones

    def put(self, *hosted: Hosted, wait: bool = True) -> None:
        """Add or replace zones, also at run time."""
        for zone in hosted:
            self.zones[zone.origin] = zone
        if self.running:
            self.configure()
            self.reload(*hosted)
            if wait:
                self.wait_ready([zone.origin for zone in hosted])

    def drop(self, *origins: str) -> None:
        """Stop serving zones: it then answers REFUSED for them."""
        gone = [zone for origin in origins if (zone := self.zones.pop(origin, None))]
        for zone in gone:
            for path in self.directory.glob(f"{zone.file_name}*"):
                path.unlink()
        if self.running and gone:
            self.configure()
            self.reload()

    @abc.abstractmethod
    def configure(self) -> None:
        """Write the configuration and the zone files."""

    @abc.abstractmethod
    def command(self) -> list[str]:
        """Return the command that starts it, in the foreground."""

    @abc.abstractmethod
    def reload(self, *changed: Hosted) -> None:
        """Make the running daemon load what `configure` wrote."""

    @abc.abstractmethod
    def refresh(self, origin: str) -> None:
        """Make a secondary fetch the zone now."""

    def control(self, *words: str) -> str:
        """Run the daemon's control program; return its output, or raise `DaemonError`."""
        done = subprocess.run(
            [*self.control_command(), *words],
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
        if done.returncode != 0:
            raise DaemonError(f"{self}: {' '.join(words)}: {done.stdout}{done.stderr}")
        return done.stdout

    @abc.abstractmethod
    def control_command(self) -> list[str]:
        """Return the command of its control program."""

    # Questions

    def query(  # noqa: PLR0913  # all have a name and a default
        self,
        name: str,
        kind: str = "SOA",
        *,
        family: int = 4,
        tcp: bool = False,
        seconds: float = 20.0,
        dnssec: bool = False,
    ) -> dns.message.Message:
        """Query it, RD=0."""
        message = dns.message.make_query(
            name, kind, flags=0, use_edns=0, payload=1232, want_dnssec=dnssec
        )
        address = self.address4 if family == 4 else self.address6
        ask = dns.query.tcp if tcp else dns.query.udp
        return ask(message, address, timeout=seconds)

    def serial(self, origin: str) -> int | None:
        """Return the zone's serial on this server, or None if it is not served."""
        for rrset in self.query(origin, "SOA").answer:
            if rrset.rdtype == dns.rdatatype.SOA:
                return int(rrset[0].serial)
        return None

    def texts(self, name: str) -> set[str]:
        """Return the TXT values at a name on this server."""
        return {
            b"".join(rdata.strings).decode("latin-1")
            for rrset in self.query(name, "TXT").answer
            if rrset.rdtype == dns.rdatatype.TXT
            for rdata in rrset
        }

    def wait_serial(self, origin: str, serial: int, *, seconds: float = PATIENCE) -> None:
        """Wait until it serves the zone at this serial or a later one."""
        self._running_daemon().wait_until(
            lambda: (self.serial(origin) or 0) >= serial,
            what=f"{origin} at serial {serial}",
            seconds=seconds,
        )

    def wait_until(
        self, ready: Callable[[], bool], *, what: str, seconds: float = PATIENCE
    ) -> None:
        """Poll until `ready`; raises `DaemonError` if it ends meanwhile or takes too long."""
        self._running_daemon().wait_until(ready, what=what, seconds=seconds)

    def _running_daemon(self) -> Daemon:
        if self._daemon is None:
            raise DaemonError(f"{self} is not running")
        return self._daemon

    def _write_zone(self, zone: Hosted) -> None:
        if zone.text is not None:
            path = self.directory / zone.file_name
            text = zone.text if zone.text.endswith("\n") else zone.text + "\n"
            if not path.exists() or path.read_text(errors="replace") != text:
                path.write_text(text)


class Bind(NameServer):
    """ISC BIND: accepts signed updates for dynamic zones, and signs signed ones."""

    kind = "bind"
    programs = ("named", "rndc")

    def configure(self) -> None:
        """Write named.conf; the text of a zone that BIND itself changes is written only once."""
        zones = "".join(self._zone_clause(zone) for zone in self.zones.values())
        (self.directory / "named.conf").write_text(f"""\
include "{self._key_file}";
controls {{ inet {self.address4} port 953 allow {{ any; }} keys {{ "rndc"; }}; }};
key "{KEY_NAME}" {{ algorithm {KEY_ALGORITHM}; secret "{KEY_SECRET}"; }};
options {{
    directory "{self.directory}";
    pid-file none; lock-file none; session-keyfile none; dump-file "dump";
    listen-on {{ {self.address4}; }};
    listen-on-v6 {{ {self.address6}; }};
    interface-interval 0; automatic-interface-scan no;
    recursion no; empty-zones-enable no; dnssec-validation no; minimal-responses no;
    allow-query {{ any; }}; allow-transfer {{ any; }}; allow-notify {{ any; }};
    check-names primary ignore; check-integrity no;
    notify explicit; notify-delay 0; notify-rate 1000; startup-notify-rate 1000;
    serial-query-rate 1000;
    notify-source {self.address4}; notify-source-v6 {self.address6};
    transfer-source {self.address4}; transfer-source-v6 {self.address6};
{self.extra_configuration}
}};
{zones}""")
        self._key_file.write_text(
            f'key "rndc" {{ algorithm {KEY_ALGORITHM}; secret "{KEY_SECRET}"; }};\n'
        )
        for zone in self.zones.values():
            if not (self._writes_itself(zone) and (self.directory / zone.file_name).exists()):
                self._write_zone(zone)

    def command(self) -> list[str]:
        """Return the command: foreground, log to standard error, one thread."""
        return ["named", "-g", "-n", "1", "-c", str(self.directory / "named.conf")]

    def control_command(self) -> list[str]:
        """Return rndc with its key and address."""
        return [program("rndc"), "-s", self.address4, "-p", "953", "-k", str(self._key_file)]

    def reload(self, *changed: Hosted) -> None:
        """Load new and removed zones, then the text of changed ones."""
        self.control("reconfig")
        for zone in changed:
            if zone.text is None:
                continue
            if self._writes_itself(zone):
                self.control("freeze", zone.origin)
                self._write_zone(zone)
                self.control("thaw", zone.origin)
            elif "up-to-date" not in (status := self._reload_zone(zone)) and "error" in status:
                raise DaemonError(status)

    def refresh(self, origin: str) -> None:
        """Fetch the zone, newer or not."""
        self.control("retransfer", origin)

    def _reload_zone(self, zone: Hosted) -> str:
        try:
            return self.control("reload", zone.origin)
        except DaemonError as refused:
            # A zone with errors is refused, and answers SERVFAIL: some tests want just that.
            return f"refused: {refused}".replace("error", "fault")

    @property
    def _key_file(self) -> Path:
        return self.directory / "rndc.key"

    @staticmethod
    def _writes_itself(zone: Hosted) -> bool:
        return zone.dynamic or zone.signed

    @staticmethod
    def _zone_clause(zone: Hosted) -> str:
        if zone.primary is not None:
            kind = f"type secondary; primaries {{ {zone.primary.address4}; }};"
            kind += " masterfile-format text;"
        else:
            kind = "type primary;"
        told = "".join(
            f" {server.address4};" for server in zone.notify if server not in zone.barred
        )
        barred = "".join(f" !{server.address4};" for server in zone.barred)
        update = f'allow-update {{ key "{KEY_NAME}"; }};' if zone.dynamic else ""
        signed = "dnssec-policy default;" if zone.signed else ""
        if zone.signed and not zone.dynamic:
            signed += " inline-signing yes;"
        return (
            f'zone "{zone.origin}" {{ {kind} file "{zone.file_name}";'
            f" also-notify {{{told} }}; allow-transfer {{{barred} any; }}; {update} {signed} }};\n"
        )


class Nsd(NameServer):
    """NLnet Labs NSD."""

    kind = "nsd"
    programs = ("nsd", "nsd-control")

    def configure(self) -> None:
        """Write nsd.conf."""
        here = self.directory
        zones = ""
        for zone in self.zones.values():
            self._write_zone(zone)
            zones += f'zone:\n  name: "{zone.origin}"\n  zonefile: "{zone.file_name}"\n'
            zones += "  provide-xfr: 0.0.0.0/0 NOKEY\n  provide-xfr: ::/0 NOKEY\n"
            if zone.primary is not None:
                zones += f"  request-xfr: AXFR {zone.primary.address4} NOKEY\n"
                zones += f"  allow-notify: {zone.primary.address4} NOKEY\n"
                zones += f"  outgoing-interface: {self.address4}\n"
        (here / "nsd.conf").write_text(f"""\
server:
  ip-address: {self.address4}
  ip-address: {self.address6}
  port: 53
  username: ""
  zonesdir: "{here}"
  database: ""
  zonelistfile: "{here}/zone.list"
  xfrdfile: "{here}/xfrd.state"
  xfrdir: "{here}"
  pidfile: "{here}/nsd.pid"
  server-count: 1
  verbosity: 2
  xfrd-reload-timeout: 0
  rrl-ratelimit: 0
  rrl-whitelist-ratelimit: 0
{self.extra_configuration}
remote-control:
  control-enable: yes
  control-interface: {here}/control
{zones}""")

    def command(self) -> list[str]:
        """Return the command: foreground, log to standard error."""
        return ["nsd", "-d", "-c", str(self.directory / "nsd.conf")]

    def control_command(self) -> list[str]:
        """Return nsd-control with the configuration."""
        return [program("nsd-control"), "-c", str(self.directory / "nsd.conf")]

    def reload(self, *changed: Hosted) -> None:
        """Load new and removed zones, then the text of changed ones."""
        self.control("reconfig")
        for zone in changed:
            if zone.text is not None:
                self.control("reload", zone.origin)

    def refresh(self, origin: str) -> None:
        """Fetch the zone, newer or not."""
        self.control("force_transfer", origin)


class Knot(NameServer):
    """CZ.NIC Knot DNS."""

    kind = "knot"
    programs = ("knotd", "knotc")

    def configure(self) -> None:
        """Write knot.conf."""
        here = self.directory
        remotes: dict[str, str] = {}
        zones = ""
        for zone in self.zones.values():
            self._write_zone(zone)
            zones += f'  - domain: "{zone.origin}"\n    file: "{zone.file_name}"\n'
            if zone.primary is not None:
                label = "p" + zone.primary.address4.replace(".", "-")
                remotes[label] = zone.primary.address4
                zones += f"    master: {label}\n"
                zones += f"    acl: [notify-{label}, transfer]\n"
            else:
                zones += "    acl: transfer\n"
                zones += "    zonefile-load: whole\n    journal-content: none\n"
            if zone.signed:
                zones += "    dnssec-signing: on\n"
        acls = "  - id: transfer\n    address: [0.0.0.0/0, ::/0]\n    action: transfer\n"
        text = f"""\
server:
    rundir: "{here}"
    listen: [{self.address4}@53, {self.address6}@53]
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
    automatic-acl: off
log:
  - target: stderr
    any: info
database:
    storage: "{here}"
    journal-db-max-size: 16M
control:
    listen: "{here}/control"
"""
        if remotes:
            text += "remote:\n"
            for label, address in remotes.items():
                text += f"  - id: {label}\n    address: {address}@53\n    via: {self.address4}\n"
                acls += f"  - id: notify-{label}\n    address: {address}\n    action: notify\n"
        text += f'acl:\n{acls}template:\n  - id: default\n    storage: "{here}"\n'
        text += f"    semantic-checks: off\n{self.extra_configuration}\n"
        text += f"zone:\n{zones}" if zones else ""
        (here / "knot.conf").write_text(text)

    def command(self) -> list[str]:
        """Return the command: foreground, log to standard error."""
        return ["knotd", "-c", str(self.directory / "knot.conf")]

    def control_command(self) -> list[str]:
        """Return knotc with the control socket."""
        return [program("knotc"), "-s", str(self.directory / "control")]

    def reload(self, *changed: Hosted) -> None:  # noqa: ARG002  # knotc finds what changed
        """Load everything, including files whose serial did not change."""
        self.control("reload")

    def refresh(self, origin: str) -> None:
        """Fetch the zone, newer or not."""
        self.control("zone-retransfer", origin)


class PowerDns(NameServer):
    """PowerDNS with its bind backend.

    Its caches are off, so that tests need not wait for them, unless `caches` is set before start.
    """

    kind = "pdns"
    programs = ("pdns_server", "pdns_control")
    caches = False

    def configure(self) -> None:
        """Write pdns.conf and the bind backend's zone list."""
        here = self.directory
        zones = ""
        for zone in self.zones.values():
            self._write_zone(zone)
            kind = "type master;"  # the backend knows only the older words
            if zone.primary is not None:
                kind = f"type slave; masters {{ {zone.primary.address4}; }};"
            zones += f'zone "{zone.origin}" {{ {kind} file "{here}/{zone.file_name}"; }};\n'
        (here / "named.conf").write_text(f'options {{ directory "{here}"; }};\n{zones}')
        caches = "" if self.caches else "cache-ttl=0\nnegquery-cache-ttl=0\nquery-cache-ttl=0"
        (here / "pdns.conf").write_text(f"""\
launch=bind
bind-config={here}/named.conf
local-address={self.address4},{self.address6}
local-port=53
socket-dir={here}
write-pid=no
secondary=yes
allow-notify-from=0.0.0.0/0,::/0
query-local-address={self.address4},{self.address6}
allow-axfr-ips=0.0.0.0/0,::/0
receiver-threads=1
distributor-threads=1
retrieval-threads=2
loglevel=6
log-timestamp=yes
zone-cache-refresh-interval=0
security-poll-suffix=
{caches}
{self.extra_configuration}
""")

    def command(self) -> list[str]:
        """Return the command: foreground."""
        flags = [f"--config-dir={self.directory}", "--daemon=no", "--guardian=no"]
        return ["pdns_server", *flags, "--disable-syslog"]

    def control_command(self) -> list[str]:
        """Return pdns_control with the socket."""
        return [program("pdns_control"), f"--socket-dir={self.directory}"]

    def reload(self, *changed: Hosted) -> None:
        """Load new and removed zones, then the text of changed ones, or fetch new secondaries."""
        self.control("rediscover")
        for zone in changed:
            if zone.text is not None:
                self.control("bind-reload-now", zone.origin.rstrip("."))
            else:
                self.refresh(zone.origin)

    def refresh(self, origin: str) -> None:
        """Fetch the zone, newer or not."""
        self.control("retrieve", origin.rstrip("."))


KINDS: dict[str, type[NameServer]] = {server.kind: server for server in (Bind, Nsd, Knot, PowerDns)}


def _has_authority(origin: str | None, address: str) -> bool:
    query = dns.message.make_query(origin or "ready.invalid.", "SOA", flags=0)
    try:
        answer = dns.query.udp(query, address, timeout=0.3)
    except (dns.exception.DNSException, OSError):
        return False
    return origin is None or (
        answer.rcode() == dns.rcode.NOERROR
        and bool(answer.flags & dns.flags.AA)
        and any(rrset.rdtype == dns.rdatatype.SOA for rrset in answer.answer)
    )
