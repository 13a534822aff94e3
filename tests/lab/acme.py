"""Pebble, the ACME server, its certificate, and what its log says about challenges."""

from __future__ import annotations

import datetime as dt
import ipaddress
import json
import re
import ssl
import urllib.request
from typing import TYPE_CHECKING

import josepy
from acme import client, messages
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.lab.processes import PATIENCE, Daemon, DaemonError, program

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

ENVIRONMENT = {"PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": "0", "PEBBLE_AUTHZREUSE": "0"}


class Pebble:
    """An ACME server at `directory_url`; clients trust it through `ca_file`."""

    kind = "pebble"

    def __init__(
        self,
        address: str,
        *,
        directory: Path,
        resolver: str,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        program("pebble")
        self.address = address
        self.directory = directory
        self.resolver = resolver
        self.environment = {**ENVIRONMENT, **(environment or {})}
        self.directory_url = f"https://{address}:14000/dir"
        self.management_url = f"https://{address}:15000"
        self.ca_file = directory / "cert.pem"
        self._daemon: Daemon | None = None

    @property
    def log(self) -> str:
        """The log so far."""
        return (self.directory / "log").read_text(errors="replace")

    def start(self) -> None:
        """Start it; `wait_ready` waits until its directory is available."""
        if not self.ca_file.exists():
            write_certificate((self.address,), self.ca_file, self.directory / "key.pem")
        configuration = {
            "pebble": {
                "listenAddress": f"{self.address}:14000",
                "managementListenAddress": f"{self.address}:15000",
                "certificate": str(self.ca_file),
                "privateKey": str(self.directory / "key.pem"),
                "httpPort": 5002,
                "tlsPort": 5001,
                "ocspResponderURL": "",
                "externalAccountBindingRequired": False,
            }
        }
        path = self.directory / "pebble.json"
        path.write_text(json.dumps(configuration))
        self._daemon = Daemon(
            "pebble",
            ["pebble", "-config", path, "-dnsserver", f"{self.resolver}:53", "-strict"],
            log=self.directory / "log",
            environment=self.environment,
        )

    def wait_ready(self) -> None:
        """Wait until its directory is available."""
        if self._daemon is None:
            raise DaemonError("pebble is not running")
        self._daemon.wait_until(self._answers, what="its directory is there")

    def kill(self) -> None:
        """Stop it."""
        if self._daemon is not None:
            self._daemon.kill()
            self._daemon = None

    stop = kill

    def get(self, url: str) -> bytes:
        """Fetch a path from it or from its management interface."""
        context = ssl.create_default_context(cafile=str(self.ca_file))
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        )
        with opener.open(url, timeout=PATIENCE) as answer:
            body: bytes = answer.read()
        return body

    def deactivate(self, authorization: str, *, account: str, key: str) -> None:
        """Deactivate an authorization by its URL; `key` is the account's, as JSON (JWK)."""
        jwk = josepy.JWK.json_loads(key)
        registration = messages.RegistrationResource(body=messages.Registration(), uri=account)
        network = client.ClientNetwork(jwk, account=registration, verify_ssl=str(self.ca_file))
        directory = client.ClientV2.get_directory(self.directory_url, network)
        ended = client.ClientV2(directory, network).deactivate_authorization(
            messages.AuthorizationResource(body=messages.Authorization(), uri=authorization)
        )
        if ended.body.status not in (messages.STATUS_DEACTIVATED, messages.STATUS_INVALID):
            raise DaemonError(f"pebble leaves {authorization} {ended.body.status}")

    def root_certificate(self) -> bytes:
        """Return the root certificate of its chain, PEM."""
        return self.get(f"{self.management_url}/roots/0")

    def challenges_answered(self, since: int = 0) -> int:
        """Count the challenges a client submitted for validation, `since` an earlier len(log)."""
        return len(re.findall(r"POST /chalZ/", self.log[since:]))

    def certificates_issued(self, since: int = 0) -> int:
        """Count the certificates issued, `since` an earlier len(log)."""
        return len(re.findall(r"Issued certificate serial", self.log[since:]))

    def _answers(self) -> bool:
        try:
            return bool(self.get(self.directory_url))
        except OSError:
            return False


def write_certificate(hosts: Sequence[str], certificate: Path, key_file: Path) -> None:
    """Write a self-signed certificate for names and addresses, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"the lab's {hosts[0]}")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=30))
        .add_extension(
            x509.SubjectAlternativeName([_general_name(host) for host in hosts]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
