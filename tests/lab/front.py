"""A resolver as found on closed networks: also over TLS and HTTPS, with its own CA.

dnsdist runs in front of an Unbound with a cache, as real ones do.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
from typing import TYPE_CHECKING

import dns.exception
import dns.query
import dns.rcode
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.lab.processes import Daemon, DaemonError, program
from tests.lab.resolver import Unbound

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

HOST = "doh.dns.test"
_CACHE_SECONDS = 3600


class Front:
    """dnsdist at `addresses`: ports 53, 853 (TLS) and 443 (HTTPS); clients trust `ca_file`."""

    def __init__(
        self,
        addresses: Sequence[str],
        *,
        directory: Path,
        root_hints: Path,
        behind: tuple[str, str],
        anchors: Sequence[str] = (),
    ) -> None:
        program("dnsdist")
        self.addresses = tuple(addresses)
        self.directory = directory
        self.ca_file = directory / "ca.pem"
        (directory / "unbound").mkdir()
        self.unbound = Unbound(
            behind,
            directory=directory / "unbound",
            root_hints=root_hints,
            cache_seconds=_CACHE_SECONDS,
        )
        lines = "".join(f'  trust-anchor: "{anchor}"\n' for anchor in anchors)
        self.unbound.extra_configuration = f"server:\n  ede: yes\n{lines}"
        self._daemon: Daemon | None = None

    @property
    def address(self) -> str:
        """The first of its addresses."""
        return self.addresses[0]

    @property
    def url(self) -> str:
        """Its URL for DNS over HTTPS."""
        return f"https://{self.address}/dns-query"

    @property
    def tls(self) -> str:
        """Its name for DNS over TLS."""
        return f"tls://{self.address}"

    def start(self) -> None:
        """Start it and its backend; `wait_ready` waits until it answers."""
        names = [x509.IPAddress(ipaddress.ip_address(address)) for address in self.addresses]
        write_certificates([*names, x509.DNSName(HOST)], self.directory)
        self.unbound.start()
        chain, key = self.directory / "cert.pem", self.directory / "key.pem"
        listening = "".join(
            f'addLocal("{address}:53")\n'
            f'addTLSLocal("{address}:853", "{chain}", "{key}")\n'
            f'addDOHLocal("{address}:443", "{chain}", "{key}", "/dns-query")\n'
            for address in self.addresses
        )
        (self.directory / "dnsdist.conf").write_text(
            f'setSecurityPollSuffix("")\nsetACL({{"0.0.0.0/0"}})\n{listening}'
            f'newServer({{address="{self.unbound.address4}:53", healthCheckMode="up"}})\n'
        )
        self._daemon = Daemon(
            "dnsdist",
            ["dnsdist", "--supervised", "-C", self.directory / "dnsdist.conf"],
            log=self.directory / "log",
        )

    def wait_ready(self) -> None:
        """Wait until it answers over TLS, which comes up last."""
        if self._daemon is None:
            raise DaemonError("dnsdist is not running")
        self.unbound.wait_ready()
        self._daemon.wait_until(self._answers, what="it answers about the root")

    def kill(self) -> None:
        """Stop both."""
        if self._daemon is not None:
            self._daemon.kill()
            self._daemon = None
        self.unbound.kill()

    def _answers(self) -> bool:
        try:
            question = dns.message.make_query(".", "SOA")
            context = ssl.create_default_context(cafile=str(self.ca_file))
            answer = dns.query.tls(
                question,
                self.address,
                timeout=0.5,
                ssl_context=context,
                server_hostname=self.address,
            )
            return answer.rcode() == dns.rcode.NOERROR
        except (dns.exception.DNSException, OSError, EOFError):  # it accepts before it answers
            return False


def write_certificates(names: Sequence[x509.GeneralName], directory: Path) -> None:
    """Write a CA certificate (`ca.pem`), and one for these names with its key, signed by it."""
    authority = ec.generate_private_key(ec.SECP256R1())
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "the lab's own CA")])
    basics = x509.BasicConstraints(ca=True, path_length=0)
    root = _signed(issuer, authority.public_key(), authority, issuer, [(basics, True)])
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "the lab's resolver")])
    leaf = _signed(
        name,
        key.public_key(),
        authority,
        issuer,
        [
            (x509.SubjectAlternativeName(list(names)), False),
            (
                x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key()),
                False,
            ),
        ],
    )
    pem = serialization.Encoding.PEM
    (directory / "ca.pem").write_bytes(root.public_bytes(pem))
    (directory / "cert.pem").write_bytes(leaf.public_bytes(pem))
    (directory / "key.pem").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


def _signed(
    subject: x509.Name,
    key: ec.EllipticCurvePublicKey,
    authority: ec.EllipticCurvePrivateKey,
    issuer: x509.Name,
    extensions: Sequence[tuple[x509.ExtensionType, bool]],
) -> x509.Certificate:
    now = dt.datetime.now(dt.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=30))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(authority, hashes.SHA256())
