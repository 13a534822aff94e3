"""The whole lab: its servers, its delegations, and the zones that tests add.

Always present: the root, `test.`, `dns.test.` (the name servers' own names), `example.test.` and
`target.test.` (signed updates on BIND; NSD, Knot and PowerDNS follow by NOTIFY and AXFR) and
`alias.test.` (whose challenge name for `www` is an alias into `target.test.`).
"""

from __future__ import annotations

import contextlib
import itertools
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import dns.name
import dns.query
import dns.rcode
import dns.rdatatype
import dns.tsig
import dns.update
import dns.zone

from tests.lab import namespace
from tests.lab.acme import Pebble
from tests.lab.closed import ClosedHost
from tests.lab.front import Front
from tests.lab.processes import PATIENCE, DaemonError, Directory
from tests.lab.resolver import Unbound
from tests.lab.servers import (
    KEY_ALGORITHM,
    KEY_NAME,
    KEY_SECRET,
    KINDS,
    Bind,
    Hosted,
    Knot,
    NameServer,
    Nsd,
    PowerDns,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from types import TracebackType
    from typing import Self

    ServerList = Sequence[NameServer | str]

_KEY = dns.tsig.Key(dns.name.from_text(KEY_NAME), KEY_SECRET, KEY_ALGORITHM)
ALIAS_OWNER = "_acme-challenge.www.alias.test."
ALIAS_TARGET = "www-alias.target.test."
_RECORDS = {
    "example.test.": "@ A 127.53.9.9\nwww A 127.53.9.9\n",
    "target.test.": "",
    "alias.test.": f"@ A 127.53.9.9\nwww A 127.53.9.9\n{ALIAS_OWNER} CNAME {ALIAS_TARGET}\n",
}


def zone_text(
    origin: str, nameservers: ServerList, records: str = "", *, serial: int = 1, ttl: int = 60
) -> str:
    """Return a zone text: SOA, the NS RRset, and `records` (lines, relative to the origin)."""
    hosts = [host_of(server) for server in nameservers]
    apex = "".join(f"@ NS {host}\n" for host in hosts)
    mname = hosts[0] if hosts else "ns.invalid."
    return (
        f"$ORIGIN {origin}\n$TTL {ttl}\n"
        f"@ SOA {mname} hostmaster.dns.test. {serial} 86400 3600 1209600 {ttl}\n{apex}{records}\n"
    )


def host_of(server: NameServer | str) -> str:
    """Return the name used in an NS record."""
    return server if isinstance(server, str) else server.host


@dataclass(slots=True)
class Delegated:
    """A zone added by a test: where it is served, and how to remove it."""

    origin: str
    servers: tuple[NameServer, ...]
    lab: Lab

    def remove(self) -> None:
        """Withdraw the delegation and stop serving the zone."""
        self.lab.undelegate(self.origin)
        for server in self.servers:
            server.drop(self.origin)


class Lab:
    """All servers. Attributes: root, tld, names, bind, nsd, knot, pdns, unbound, pebble."""

    def __init__(self, *, signed: bool = False, acme: bool = True) -> None:
        """Prepare; `signed`: root, test. and dns.test. are signed, Unbound has the anchor."""
        namespace.enter()
        self.signed = signed
        self._directory = Directory()
        self.path = self._directory.path
        self._numbers = itertools.count(1)
        self._extra: list[NameServer] = []
        self._undo: list[Callable[[], object]] = []
        self.root = self._server(Bind, "a.root.dns.test.", "0", 1)
        self.tld = self._server(Bind, "a.nic.dns.test.", "0", 2)
        self.names = self._server(Bind, "ns0.dns.test.", "0", 3)
        self.bind = self._server(Bind, "ns1.dns.test.", "1", 1)
        self.nsd = self._server(Nsd, "ns2.dns.test.", "1", 2)
        self.knot = self._server(Knot, "ns3.dns.test.", "1", 3)
        self.pdns = self._server(PowerDns, "ns4.dns.test.", "1", 4)
        self.primary = self.bind
        self.secondaries: tuple[NameServer, ...] = (self.nsd, self.knot, self.pdns)
        self.nameservers: tuple[NameServer, ...] = (self.bind, *self.secondaries)
        self.root_hints = self.path / "root.hints"
        self.root_hints.write_text(
            f". 3600 IN NS {self.root.host}\n"
            f"{self.root.host} 3600 IN A {self.root.address4}\n"
            f"{self.root.host} 3600 IN AAAA {self.root.address6}\n"
        )
        self.trust_anchor = self.path / "root.ds"
        self.credentials = self.path / "rfc2136.ini"
        self.key_file = self.path / "tsig.key"
        self.auth_hook = self.path / "auth-hook"
        self.cleanup_hook = self.path / "cleanup-hook"
        self._write_client_files()
        self.unbound = Unbound(
            (namespace.RESOLVER4, namespace.RESOLVER6),
            directory=self._directory.sub("unbound"),
            root_hints=self.root_hints,
            trust_anchor=self.trust_anchor if signed else None,
        )
        self.pebble = (
            Pebble(
                "127.53.0.80",
                directory=self._directory.sub("pebble"),
                resolver=self.unbound.address4,
            )
            if acme
            else None
        )
        self._default_zones()

    def __enter__(self) -> Self:
        """Start the lab."""
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop the lab and remove its files."""
        self.stop()

    @property
    def ca(self) -> Pebble:
        """The ACME server; raises `DaemonError` in a lab without one."""
        if self.pebble is None:
            raise DaemonError("this lab was made without an ACME server")
        return self.pebble

    @property
    def environment(self) -> dict[str, str]:
        """Environment variables that a process in the lab needs, such as a shell or a hook."""
        values = {
            "LAB": str(self.path),
            "LAB_ROOT_HINTS": str(self.root_hints),
            "LAB_CREDENTIALS": str(self.credentials),
            "LAB_TSIG_KEY": str(self.key_file),
            "LAB_AUTH_HOOK": str(self.auth_hook),
            "LAB_CLEANUP_HOOK": str(self.cleanup_hook),
            "LAB_RESOLVER": self.unbound.address4,
            "LAB_PRIMARY": self.primary.address4,
        }
        if self.pebble is not None:
            values["LAB_ACME_DIRECTORY"] = self.pebble.directory_url
            values["REQUESTS_CA_BUNDLE"] = str(self.pebble.ca_file)
        if self.signed:
            values["LAB_TRUST_ANCHOR"] = str(self.trust_anchor)
        return values

    # Life

    def start(self) -> None:
        """Start everything, in parallel where nothing depends on the order."""
        try:
            first = (self.root, self.tld, self.names, self.bind)
            for server in first:
                server.start()
            if self.pebble is not None:
                self.pebble.start()
            for server in first:
                server.wait_ready()
            for server in self.secondaries:
                server.start()
            if self.signed:
                self._link_signed_zones()
            self.unbound.start()
            for server in self.secondaries:
                server.wait_ready()
            self.unbound.wait_ready()
            if self.pebble is not None:
                self.pebble.wait_ready()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop everything and remove all files."""
        for server in (*self._all_servers(), self.unbound, self.pebble):
            if server is not None:
                server.kill()
        self._directory.remove()

    def checkpoint(self) -> Callable[[], None]:
        """Record the current state; the returned function removes what was added later.

        It also brings back servers that were killed or frozen. Used to reset the lab between two
        tests.
        """
        extra, undo = len(self._extra), len(self._undo)

        def restore() -> None:
            while len(self._undo) > undo:
                self._undo.pop()()
            while len(self._extra) > extra:
                server = self._extra.pop()
                server.kill()
            stopped = []
            for server in self._all_servers():
                if server.running:
                    server.thaw()
                else:
                    server.start()
                    stopped.append(server)
            for server in stopped:
                server.wait_ready()
            self._restore_zones()

        return restore

    # Servers and zones of a test

    def daemon(  # noqa: PLR0913  # all have a name and a default
        self,
        kind: str,
        zones: Mapping[str, str] | None = None,
        *,
        host: str | None = None,
        extra_configuration: str = "",
        signed: bool = False,
        wait: bool = True,
    ) -> NameServer:
        """Start an extra name server for a test, at new addresses, with these zone texts.

        Its name (`host`, or a generated one below dns.test.) gets A and AAAA records if it is below
        dns.test. Use `wait=False` for zones that the server will refuse.
        """
        number = next(self._numbers)
        server = self._server(KINDS[kind], host or f"{kind}{number}.dns.test.", "2", number)
        server.extra_configuration = extra_configuration
        self._extra.append(server)
        server.put(
            *(Hosted(origin=name, text=text, signed=signed) for name, text in (zones or {}).items())
        )
        server.start()
        self.name_addresses(server.host, server.addresses)
        server.wait_ready(None if wait else ())
        return server

    def front(self, *addresses: str, anchors: Sequence[str] = ()) -> Front:
        """Start a resolver that also serves TLS and HTTPS, at new addresses or the given ones.

        `anchors` are DS records of zones that it trusts, and so validates.
        """
        own = addresses or self.addresses()[:1]
        made = Front(
            own,
            directory=self._directory.sub(f"front{next(self._numbers)}"),
            root_hints=self.root_hints,
            behind=self.addresses(),
            anchors=anchors,
        )
        self._undo.append(made.kill)
        made.start()
        made.wait_ready()
        return made

    def delegation_signers(self, server: NameServer, origin: str) -> list[str]:
        """Return the DS records of a signed zone, for its parent or a trust anchor."""
        return [f"{origin} DS {line}" for line in _delegation_signers(server, origin)]

    def closed_host(self) -> ClosedHost:
        """Create a host that reaches no name server, only whatever listens at `closed.OUTSIDE`."""
        made = ClosedHost(self._directory.sub(f"closed{next(self._numbers)}"))
        self._undo.append(made.kill)
        made.start()
        return made

    def addresses(self) -> tuple[str, str]:
        """Return a pair of unused addresses, for a server that the test runs itself."""
        number = next(self._numbers)
        pair = (f"127.53.2.{number}", f"fd00:53::2:{number:x}")
        namespace.add_addresses(*pair)
        return pair

    def name_addresses(self, host: str, addresses: Iterable[str]) -> None:
        """Set the addresses of a host below dns.test., replacing any others."""
        name = dns.name.from_text(host)
        if name.parent() != dns.name.from_text("dns.test."):
            return
        records = [f"{host} {_address_type(address)} {address}" for address in addresses]
        self.update(self.names, "dns.test.", add=records, delete=[host])

    def zone(  # noqa: PLR0913  # all have a name and a default
        self,
        origin: str,
        servers: Sequence[NameServer] | Mapping[NameServer, str | None],
        *,
        records: str = "",
        apex: ServerList | None = None,
        delegation: ServerList | None = None,
        glue: Sequence[str] = (),
        serial: int = 1,
        dynamic: bool = False,
        wait: bool = True,
    ) -> Delegated:
        """Serve a zone and delegate it in `test.`; all of these may differ from each other.

        `servers` are those that serve it; in a mapping, each has its own zone text (None: the
        common one). `apex` is the NS RRset inside; `delegation` the one in `test.` (names or
        servers; empty: none). `glue` holds records for `test.`. With `dynamic`, the first server
        must be BIND and accepts updates, and the others are its secondaries.
        """
        served = list(servers)
        own = servers if not isinstance(servers, (list, tuple)) else {}
        text = zone_text(origin, served if apex is None else apex, records, serial=serial)
        for index, server in enumerate(served):
            special = own.get(server) if hasattr(own, "get") else None
            if dynamic and index > 0:
                hosted = Hosted(origin=origin, primary=served[0])
            else:
                notify = served[1:] if dynamic else []
                hosted = Hosted(origin=origin, text=special or text, dynamic=dynamic, notify=notify)
            server.put(hosted, wait=wait)
        made = Delegated(origin, tuple(served), self)
        self._undo.append(made.remove)
        self.delegate(origin, served if delegation is None else delegation, glue=glue)
        return made

    def delegate(
        self, origin: str, nameservers: ServerList, *, glue: Sequence[str] = (), ds: str = ""
    ) -> None:
        """Set a delegation in `test.`: its NS RRset, glue and DS, replacing the old one."""
        records = [f"{origin} NS {host_of(server)}" for server in nameservers]
        records += glue
        records += [f"{origin} DS {line}" for line in ds.splitlines()]
        owners = sorted({origin, *(line.split()[0] for line in glue)})
        self.update(self.tld, "test.", add=records, delete=owners)

    def undelegate(self, origin: str) -> None:
        """Remove a delegation from `test.`, with everything below it."""
        below = dns.name.from_text(origin)
        transferred = dns.zone.from_xfr(
            dns.query.xfr(self.tld.address4, "test.", relativize=False), relativize=False
        )
        types = {dns.rdatatype.NSEC, dns.rdatatype.RRSIG}
        owners = [
            str(name)
            for name, node in transferred.nodes.items()
            if name.is_subdomain(below) and any(r.rdtype not in types for r in node)
        ]
        self.update(self.tld, "test.", delete=owners)

    def update(
        self,
        server: NameServer,
        zone: str,
        *,
        add: Iterable[str] = (),
        delete: Iterable[str] = (),
    ) -> None:
        """Send a signed update: `delete` owners (or "owner TYPE"), `add` "owner TYPE data"."""
        message = dns.update.UpdateMessage(zone, keyring=_KEY, keyname=_KEY.name)
        for line in delete:
            message.delete(dns.name.from_text(line.split()[0]), *line.split()[1:2])
        for line in add:
            owner, kind, data = line.split(maxsplit=2)
            message.add(dns.name.from_text(owner), 60, kind, data)
        answer = dns.query.tcp(message, server.address4, timeout=PATIENCE)
        if answer.rcode() != dns.rcode.NOERROR:
            raise DaemonError(f"{server} answered an update of {zone} with {answer.rcode()}")

    # Transfers

    def pause_transfers(self, server: NameServer, origin: str = "example.test.") -> None:
        """Keep a secondary at the primary's current state, until `resume_transfers`.

        It gets neither NOTIFY nor transfers.
        """
        barred = self._primary_of(server, origin).zones[origin].barred
        if server not in barred:
            if server.running:
                self.refresh(server, origin)
            self._bar(server, origin)
            self._undo.append(lambda: self.resume_transfers(server, origin))

    def resume_transfers(self, server: NameServer, origin: str = "example.test.") -> None:
        """Notify a secondary of changes again, including those it missed."""
        barred = self._primary_of(server, origin).zones[origin].barred
        if server in barred:
            self._unbar(server, origin)
            if server.running:
                self.refresh(server, origin)

    def refresh(self, server: NameServer, origin: str = "example.test.") -> None:
        """Make a secondary transfer the zone now; on return it has the primary's data.

        A paused one stays paused for all later changes.
        """
        source = self._primary_of(server, origin)
        serial = source.serial(origin)
        paused = server in source.zones[origin].barred
        if paused:
            self._unbar(server, origin)
        for seconds in (2.0, 3.0, PATIENCE):
            # A daemon that has just received a NOTIFY may drop one of the two transfers.
            server.refresh(origin)
            with contextlib.suppress(DaemonError):
                server.wait_serial(origin, serial or 0, seconds=seconds)
                break
        else:
            raise DaemonError(f"{server} does not fetch {origin} at serial {serial}")
        if paused:
            self._bar(server, origin)

    def _bar(self, server: NameServer, origin: str) -> None:
        source = self._primary_of(server, origin)
        source.zones[origin].barred.append(server)
        source.configure()
        source.reload()

    def _unbar(self, server: NameServer, origin: str) -> None:
        source = self._primary_of(server, origin)
        source.zones[origin].barred.remove(server)
        source.configure()
        source.reload()

    def wait_synchronous(self, origin: str = "example.test.", *, seconds: float = PATIENCE) -> None:
        """Wait until every running server of a zone has the primary's serial."""
        for server in self.nameservers:
            zone = server.zones.get(origin)
            if zone is not None and zone.primary is not None and server.running:
                serial = zone.primary.serial(origin) or 0
                server.wait_serial(origin, serial, seconds=seconds)

    # Construction

    def _server(self, kind: type[NameServer], host: str, group: str, number: int) -> NameServer:
        infix = "" if group == "0" else f"{group}:"
        pair = (f"127.53.{group}.{number}", f"fd00:53::{infix}{number:x}")
        directory = self._directory.sub(host.rstrip("."))
        return kind(host, pair, directory=directory)

    def _all_servers(self) -> tuple[NameServer, ...]:
        return (self.root, self.tld, self.names, *self.nameservers, *self._extra)

    @staticmethod
    def _primary_of(server: NameServer, origin: str) -> NameServer:
        primary = server.zones[origin].primary
        if primary is None:
            raise DaemonError(f"{server} is no secondary for {origin}")
        return primary

    def _default_zones(self) -> None:
        def addresses(server: NameServer) -> str:
            return f"{server.host} A {server.address4}\n{server.host} AAAA {server.address6}\n"

        everyone = "".join(addresses(server) for server in self._all_servers())
        self.root.put(
            Hosted(
                origin=".",
                text=zone_text(
                    ".",
                    [self.root],
                    f"test. NS {self.tld.host}\n" + addresses(self.tld) + addresses(self.root),
                ),
                dynamic=True,
                signed=self.signed,
            )
        )
        dynamic = tuple(_RECORDS)
        delegations = "".join(
            f"{origin} NS {server.host}\n" for origin in dynamic for server in self.nameservers
        )
        tld_text = zone_text(
            "test.",
            [self.tld],
            f"dns.test. NS {self.names.host}\n" + addresses(self.names) + delegations,
        )
        self.tld.put(Hosted(origin="test.", text=tld_text, dynamic=True, signed=self.signed))
        self.names.put(
            Hosted(
                origin="dns.test.",
                text=zone_text("dns.test.", [self.names], everyone),
                dynamic=True,
                signed=self.signed,
            )
        )
        for origin in dynamic:
            text = zone_text(origin, self.nameservers, _RECORDS[origin])
            self.bind.put(
                Hosted(origin=origin, text=text, dynamic=True, notify=list(self.secondaries))
            )
            for server in self.secondaries:
                server.put(Hosted(origin=origin, primary=self.bind))

    def _restore_zones(self) -> None:
        """Undo what tests changed in the fixed zones, and bring their secondaries up to date."""
        for origin, records in _RECORDS.items():
            wanted = dns.zone.from_text(
                zone_text(origin, self.nameservers, records), origin, relativize=False
            )
            there = dns.zone.from_xfr(
                dns.query.xfr(self.primary.address4, origin, relativize=False), relativize=False
            )
            before, now = _lines(wanted), _lines(there)
            if before != now:
                owners = sorted({line.split()[0] for line in before ^ now})
                again = [line for line in sorted(before) if line.split()[0] in owners]
                self.update(self.primary, origin, add=again, delete=owners)
            serial = self.primary.serial(origin)
            for server in self.secondaries:
                if server.serial(origin) != serial:
                    self.refresh(server, origin)

    def _link_signed_zones(self) -> None:
        """Add the DS of each signed zone to its parent, and the root's to the anchor file."""
        for child, parent, server, origin in (
            (self.names, self.tld, "dns.test.", "test."),
            (self.tld, self.root, "test.", "."),
        ):
            lines = [f"{server} DS {ds}" for ds in _delegation_signers(child, server)]
            self.update(parent, origin, add=lines)
        self.trust_anchor.write_text(
            "".join(f". IN DS {ds}\n" for ds in _delegation_signers(self.root, "."))
        )

    def _write_client_files(self) -> None:
        self.credentials.write_text(
            f"dns_rfc2136_server = {self.primary.address4}\n"
            "dns_rfc2136_port = 53\n"
            f"dns_rfc2136_name = {KEY_NAME}\n"
            f"dns_rfc2136_secret = {KEY_SECRET}\n"
            f"dns_rfc2136_algorithm = {KEY_ALGORITHM.upper()}\n"
        )
        self.key_file.write_text(
            f'key "{KEY_NAME}" {{ algorithm {KEY_ALGORITHM}; secret "{KEY_SECRET}"; }};\n'
        )
        for path in (self.credentials, self.key_file):
            path.chmod(0o600)
        for path, verb, value in (
            (self.auth_hook, "add", '60 TXT "$CERTBOT_VALIDATION"'),
            (self.cleanup_hook, "delete", 'TXT "$CERTBOT_VALIDATION"'),
        ):
            # `owner` follows the one alias in the lab: an update must name the alias target.
            path.write_text(f"""\
#!/bin/sh
set -eu
owner="_acme-challenge.${{CERTBOT_DOMAIN#\\*.}}."
[ "$owner" = {ALIAS_OWNER} ] && owner={ALIAS_TARGET}
nsupdate -k {self.key_file} <<END
server {self.primary.address4}
update {verb} $owner {value}
send
END
""")
            path.chmod(0o755)


def _lines(zone: dns.zone.Zone) -> set[str]:
    return {
        f"{name} {dns.rdatatype.to_text(rdata.rdtype)} {rdata.to_text()}"
        for name, _, rdata in zone.iterate_rdatas()
        if rdata.rdtype != dns.rdatatype.SOA
    }


def _address_type(address: str) -> str:
    return "AAAA" if ":" in address else "A"


def _delegation_signers(server: NameServer, origin: str) -> list[str]:
    """Wait for the zone's DNSKEY RRset, and return the DS data of its secure entry points."""
    import dns.dnssec  # noqa: PLC0415  # needs cryptography; unsigned labs do without

    found: list[str] = []

    def signed() -> bool:
        answer = server.query(origin, "DNSKEY", dnssec=True, tcp=True)
        rrsets = {rrset.rdtype: rrset for rrset in answer.answer}
        if dns.rdatatype.RRSIG not in rrsets or dns.rdatatype.DNSKEY not in rrsets:
            return False
        found[:] = [
            dns.dnssec.make_ds(dns.name.from_text(origin), key, "SHA256").to_text()
            for key in rrsets[dns.rdatatype.DNSKEY]
            if int(key.flags) & 1
        ]
        return bool(found)

    server.wait_until(signed, what=f"{origin} is signed")
    return found


def in_ci() -> bool:
    """Return whether a missing program is a failure (CI) or a reason to skip."""
    return bool(os.environ.get("CI"))
