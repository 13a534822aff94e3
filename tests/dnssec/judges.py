"""Two validating resolvers that know nothing of us: Unbound, and BIND."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rcode

from tests.lab.namespace import add_addresses
from tests.lab.processes import Daemon, DaemonError, program

if TYPE_CHECKING:
    from pathlib import Path


class ValidatingBind:
    """BIND as a resolver. It forgets nothing, so each case needs a name of its own."""

    def __init__(
        self, address: str, *, directory: Path, root_hints: Path, trust_anchor: str
    ) -> None:
        program("named")
        self.address, self.directory = address, directory
        self.root_hints, self.trust_anchor = root_hints, trust_anchor
        self._daemon: Daemon | None = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        add_addresses(self.address)
        tag, algorithm, kind, digest = self.trust_anchor.split()
        (self.directory / "named.conf").write_text(f"""\
controls {{ }};
options {{
    directory "{self.directory}";
    pid-file none; lock-file none; session-keyfile none;
    listen-on {{ {self.address}; }}; listen-on-v6 {{ none; }};
    interface-interval 0; automatic-interface-scan no;
    recursion yes; allow-query {{ any; }}; allow-recursion {{ any; }};
    dnssec-validation yes; qname-minimization off; empty-zones-enable no;
}};
trust-anchors {{ . static-ds {tag} {algorithm} {kind} "{digest}"; }};
zone "." {{ type hint; file "{self.root_hints}"; }};
""")
        command = ["named", "-4", "-g", "-n", "1", "-c", str(self.directory / "named.conf")]
        self._daemon = Daemon("named", command, log=self.directory / "log")
        self._daemon.wait_until(self._answers, what="it answers about the root")

    def kill(self) -> None:
        """End it."""
        if self._daemon is not None:
            self._daemon.kill()
            self._daemon = None

    def query(self, name: str, kind: str, *, seconds: float = 20.0) -> dns.message.Message:
        """Ask it, RD=1, DO=1."""
        if self._daemon is None:
            raise DaemonError("named is not running")
        message = dns.message.make_query(name, kind, use_edns=0, want_dnssec=True)
        answer, _ = dns.query.udp_with_fallback(message, self.address, timeout=seconds)
        return answer

    def _answers(self) -> bool:
        try:
            return self.query(".", "SOA", seconds=1.0).rcode() == dns.rcode.NOERROR
        except (dns.exception.DNSException, OSError):
            return False


def status(answer: dns.message.Message) -> str:
    """Read a resolver's verdict: a status word."""
    if answer.rcode() not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        return "bogus"
    return "secure" if answer.flags & dns.flags.AD else "insecure"
