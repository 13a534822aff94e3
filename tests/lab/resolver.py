"""Unbound, recursing from the lab's root: the resolver that the ACME server asks."""

from __future__ import annotations

import contextlib
import socket
from typing import TYPE_CHECKING

import dns.exception
import dns.message
import dns.query
import dns.rcode

from tests.lab.namespace import add_addresses
from tests.lab.processes import PATIENCE, Daemon, DaemonError, program

if TYPE_CHECKING:
    from pathlib import Path


class Unbound:
    """A validating resolver with almost no cache (`cache_seconds` changes that)."""

    kind = "unbound"

    def __init__(
        self,
        addresses: tuple[str, str],
        *,
        directory: Path,
        root_hints: Path,
        trust_anchor: Path | None = None,
        cache_seconds: int = 0,
    ) -> None:
        program("unbound")
        self.address4, self.address6 = addresses
        self.directory = directory
        self.root_hints = root_hints
        self.trust_anchor = trust_anchor
        self.cache_seconds = cache_seconds
        self.extra_configuration = ""
        self._daemon: Daemon | None = None

    @property
    def log(self) -> str:
        """The log so far."""
        return (self.directory / "log").read_text(errors="replace")

    def start(self) -> None:
        """Start it; `wait_ready` waits until it answers."""
        add_addresses(self.address4, self.address6)
        anchor = f'trust-anchor-file: "{self.trust_anchor}"' if self.trust_anchor else ""
        (self.directory / "unbound.conf").write_text(f"""\
server:
  interface: {self.address4}
  interface: {self.address6}
  port: 53
  username: ""
  chroot: ""
  directory: "{self.directory}"
  pidfile: ""
  use-syslog: no
  logfile: ""
  verbosity: 1
  val-log-level: 2
  num-threads: 1
  access-control: 0.0.0.0/0 allow
  access-control: ::/0 allow
  do-not-query-localhost: no
  local-zone: "test." nodefault
  local-zone: "127.in-addr.arpa." nodefault
  module-config: "validator iterator"
  root-hints: "{self.root_hints}"
  cache-max-ttl: {self.cache_seconds}
  cache-max-negative-ttl: {self.cache_seconds}
  infra-host-ttl: 1
  msg-cache-size: 1m
  rrset-cache-size: 1m
  target-fetch-policy: "0 0 0 0 0"
  {anchor}
{self.extra_configuration}
remote-control:
  control-enable: yes
  control-interface: {self.directory}/control
  control-use-cert: no
""")
        command = ["unbound", "-d", "-c", str(self.directory / "unbound.conf")]
        self._daemon = Daemon("unbound", command, log=self.directory / "log")

    def wait_ready(self) -> None:
        """Wait until it answers for the root."""
        if self._daemon is None:
            raise DaemonError("unbound is not running")
        self._daemon.wait_until(self._answers, what="it answers about the root")
        # An answer that took it two seconds is an answer: a CA asks again and gets it from the
        # cache, of which there is none here. Releases without this option never drop one.
        with contextlib.suppress(DaemonError):
            self.control("set_option", "discard-timeout:", "0")

    def kill(self) -> None:
        """Stop it."""
        if self._daemon is not None:
            self._daemon.kill()
            self._daemon = None

    stop = kill

    def query(
        self, name: str, kind: str = "TXT", *, seconds: float = 20.0, dnssec: bool = False
    ) -> dns.message.Message:
        """Query it, RD=1."""
        message = dns.message.make_query(name, kind, use_edns=0, want_dnssec=dnssec)
        answer, _ = dns.query.udp_with_fallback(message, self.address4, timeout=seconds)
        return answer

    def flush(self) -> None:
        """Flush the cache, including what it learned about servers."""
        self.control("flush_zone", ".")
        self.control("flush_infra", "all")

    def control(self, *words: str) -> str:
        """Run an `unbound-control` command; return its output, or raise `DaemonError`."""
        with socket.socket(socket.AF_UNIX) as there:
            there.settimeout(PATIENCE)
            there.connect(str(self.directory / "control"))
            there.sendall(f"UBCT1 {' '.join(words)}\n".encode())
            said = b"".join(iter(lambda: there.recv(65536), b"")).decode()
        if said.startswith("error"):
            raise DaemonError(f"unbound: {' '.join(words)}: {said.strip()}")
        return said

    def _answers(self) -> bool:
        try:
            return self.query(".", "SOA", seconds=0.5).rcode() == dns.rcode.NOERROR
        except (dns.exception.DNSException, OSError):
            return False
