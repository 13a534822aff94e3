"""Resolvers over TLS and by HTTPS: real ones, and peers that mean harm."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
import ssl
import struct
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import dns.name
import dns.rdatatype
import pytest
from cryptography import x509

from certbot_dns_preflight.facts.answers import (
    Endpoint,
    NoResponse,
    NoResponseReason,
    Response,
    Transport,
)
from certbot_dns_preflight.option_values import resolvers
from certbot_dns_preflight.resolve import encrypted
from certbot_dns_preflight.resolve.exchange import Exchange
from certbot_dns_preflight.resolve.resolver_zones import HOW
from certbot_dns_preflight.run import inputs
from certbot_dns_preflight.settings import Ask, Settings
from tests.lab import front as lab_front
from tests.lab.misbehaving import Authoritative
from tests.observe import HANG

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Self

    from certbot_dns_preflight.facts.answers import Reply
    from tests.lab import Lab
    from tests.lab.front import Front

MESSAGE = b"content-type: application/dns-message\r\n"


@pytest.fixture(scope="module")
def front(session_lab: Lab) -> Front:
    return session_lab.front()


@pytest.fixture
def trusted(front: Front, monkeypatch: pytest.MonkeyPatch) -> Front:
    """Trust the front's CA, as an administrator would have it."""
    monkeypatch.setenv("SSL_CERT_FILE", str(front.ca_file))
    return front


def ask(resolver: str, *, patience: float = HANG / 5) -> Reply:
    (named,) = resolvers(resolver)
    endpoint = Endpoint(named.address, named.port, named.service)

    async def go() -> Reply:
        exchange = Exchange(query_timeout=patience)
        try:
            name = dns.name.from_text("www.example.test.")
            return await exchange.ask(endpoint, name, dns.rdatatype.A, how=HOW)
        finally:
            await exchange.close()

    return asyncio.run(go())


def addresses(reply: Reply) -> list[str]:
    assert isinstance(reply, Response), reply
    assert reply.transport is Transport.TCP
    return [rdata.address for rrset in reply.message.answer for rdata in rrset]


@pytest.mark.parametrize("how", ["tls", "url"])
def test_a_resolver_answers_over_tls_and_by_https(trusted: Front, how: str) -> None:
    assert addresses(ask(getattr(trusted, how))) == ["127.53.9.9"]


def test_a_host_is_looked_up_by_this_hosts_own_resolver(trusted: Front, lab: Lab) -> None:
    host = f"{lab_front.HOST}."
    lab.name_addresses(host, [trusted.address])
    assert addresses(ask(f"https://{lab_front.HOST}/dns-query")) == ["127.53.9.9"]
    lab.name_addresses(host, [])
    reply = ask(f"https://{lab_front.HOST}/dns-query")
    assert isinstance(reply, NoResponse)
    assert f"this host's resolver has no address of {lab_front.HOST}" in reply.detail


@pytest.mark.parametrize("how", ["tls", "url"])
def test_a_certificate_of_an_unknown_ca_is_not_accepted(front: Front, how: str) -> None:
    reply = ask(getattr(front, how))
    assert isinstance(reply, NoResponse)
    assert reply.reason is NoResponseReason.UNREACHABLE
    assert reply.detail.startswith("its certificate is not accepted: ")


@pytest.mark.parametrize("scheme", ["tls://{}", "https://{}/dns-query"])
def test_a_certificate_for_another_address_is_not_accepted(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    mine, other = lab.addresses()[0], "127.53.9.8"
    port = 853 if scheme.startswith("tls") else 443
    with Hostile(mine, tmp_path, _say_nothing, port=port, named=other):
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        reply = ask(scheme.format(mine))
    assert isinstance(reply, NoResponse)
    assert reply.reason is NoResponseReason.UNREACHABLE
    assert "its certificate is not accepted: IP address mismatch" in reply.detail


def test_the_proxy_of_the_environment_is_used_and_finds_the_host(
    trusted: Front, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Proxy(lab.addresses()[0], trusted.address) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://{proxy.address}:3128")
        assert addresses(ask(f"https://{lab_front.HOST}/dns-query")) == ["127.53.9.9"]
    assert proxy.asked == [f"CONNECT {lab_front.HOST}:443"]


def test_a_proxy_that_is_dead_is_named(
    trusted: Front, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = lab.addresses()[0]
    monkeypatch.setenv("HTTPS_PROXY", f"http://{proxy}:3128")
    reply = ask(trusted.url)
    assert isinstance(reply, NoResponse)
    assert reply.reason is NoResponseReason.UNREACHABLE
    assert reply.detail.startswith(f"the proxy {proxy} does not lead to the resolver: ")


@pytest.mark.parametrize("how", ["tls", "url"])
@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "cannot be read: no such file or directory"),
        ("nothing\n", "has no certificate in PEM form"),
    ],
)
def test_certificates_of_the_environment_that_cannot_be_used_are_told(  # noqa: PLR0913, PLR0917 - a table
    front: Front,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    how: str,
    content: str | None,
    why: str,
) -> None:
    file = tmp_path / "roots.pem"
    if content is not None:
        file.write_text(content)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    reply = ask(getattr(front, how))
    assert isinstance(reply, NoResponse)
    assert reply.detail.startswith("its certificate is not accepted: ")
    assert reply.detail.endswith(f"; SSL_CERT_FILE names {file}, which {why}")


def test_a_plain_port_is_told_as_one_without_tls(lab: Lab) -> None:
    address = lab.addresses()[0]
    with Authoritative([address], {}):
        reply = ask(f"tls://{address}#53")
    assert isinstance(reply, NoResponse)
    assert reply.reason is NoResponseReason.UNREACHABLE
    assert reply.detail.startswith("TLS fails: ")


# -- peers that mean harm --------------------------------------------------------------------------


class Hostile:
    """A TLS server whose certificate is good, and which says what it likes."""

    def __init__(
        self,
        address: str,
        directory: Path,
        say: Callable[[ssl.SSLSocket], None],
        *,
        port: int = 443,
        named: str | None = None,
    ) -> None:
        lab_front.write_certificates(
            [x509.IPAddress(ipaddress.ip_address(named or address))], directory
        )
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(directory / "cert.pem", directory / "key.pem")
        self._say = say
        self._listening = socket.create_server((address, port))
        self._open: list[socket.socket] = []

    def __enter__(self) -> Self:
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for one in (self._listening, *self._open):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                accepted, _ = self._listening.accept()
                threading.Thread(target=self._talk, args=(accepted,), daemon=True).start()

    def _talk(self, accepted: socket.socket) -> None:
        with contextlib.suppress(OSError):
            secure = self._context.wrap_socket(accepted, server_side=True)
            self._open.append(secure)
            self._say(secure)


def _say_nothing(there: ssl.SSLSocket) -> None:
    there.recv(1)


def _request(there: ssl.SSLSocket) -> bytes:
    """Read one request; give its body."""
    came = b""
    while b"\r\n\r\n" not in came:
        came += there.recv(65536)
    head, _, body = came.partition(b"\r\n\r\n")
    (length,) = (
        int(line.split(b":")[1])
        for line in head.lower().split(b"\r\n")
        if line.startswith(b"content-length:")
    )
    while len(body) < length:
        body += there.recv(65536)
    return body


def says(head: bytes, body: bytes = b"") -> Callable[[ssl.SSLSocket], None]:
    def say(there: ssl.SSLSocket) -> None:
        _request(there)
        length = b"content-length: %d\r\n" % len(body)
        there.sendall(b"HTTP/1.1 " + head + length + b"connection: close\r\n\r\n" + body)

    return say


def _floods(there: ssl.SSLSocket) -> None:
    _request(there)
    there.sendall(b"HTTP/1.1 200 OK\r\n" + MESSAGE + b"content-length: 1000000000\r\n\r\n")
    while True:
        there.sendall(bytes(65536))


def _drips(there: ssl.SSLSocket) -> None:
    _request(there)
    there.sendall(b"HTTP/1.1 200 OK\r\n" + MESSAGE + b"content-length: 60000\r\n\r\n")
    there.settimeout(0.02)
    while True:
        there.sendall(b"\0")
        with contextlib.suppress(TimeoutError):
            there.recv(1)


def _claims_records(there: ssl.SSLSocket) -> None:
    """Answer to the question, with more records than may be parsed."""
    asked = _request(there)
    body = asked[:2] + struct.pack("!HHHHH", 0x8180, 1, 65535, 0, 0) + asked[12:]
    length = b"content-length: %d\r\nconnection: close\r\n\r\n" % len(body)
    there.sendall(b"HTTP/1.1 200 OK\r\n" + MESSAGE + length + body)


@pytest.mark.parametrize(
    ("say", "detail"),
    [
        (
            says(b"302 Found\r\nlocation: https://127.53.0.53/dns-query\r\n"),
            "HTTP status 302: a redirect, which is not followed",
        ),
        (says(b"503 Busy\r\n"), "HTTP status 503"),
        (says(b"404 Not Found\r\n"), "HTTP status 404"),
        (
            says(b"200 OK\r\ncontent-type: text/html\r\n", b"<p>Log in"),
            "content of type text/html, not application/dns-message",
        ),
        (
            says(b"200 OK\r\ncontent-encoding: gzip\r\n" + MESSAGE, b"\x1f\x8b"),
            "content of type application/dns-message, not application/dns-message",
        ),
        (
            says(b"200 OK\r\n" + MESSAGE),
            "the reply is malformed: 0 bytes are too few for a DNS message (by HTTPS)",
        ),
        (_floods, "more than 65535 bytes, so no DNS message"),
        (
            _claims_records,
            "the reply is too costly to read: more than 2048 records (by HTTPS)",
        ),
    ],
    ids=["redirect", "busy", "wrong path", "type", "compressed", "empty", "flood", "records"],
)
def test_what_is_no_dns_message_is_not_read(
    lab: Lab,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    say: Callable[[ssl.SSLSocket], None],
    detail: str,
) -> None:
    address = lab.addresses()[0]
    with Hostile(address, tmp_path, say):
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        reply = ask(f"https://{address}/dns-query")
    assert isinstance(reply, NoResponse)
    assert (reply.reason, reply.detail) == (NoResponseReason.GARBAGE, detail)


@pytest.mark.parametrize("scheme", ["tls://{}", "https://{}/dns-query"])
def test_what_comes_too_slowly_ends_with_the_time(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    address = lab.addresses()[0]
    tls = scheme.startswith("tls")
    with Hostile(address, tmp_path, _say_nothing if tls else _drips, port=853 if tls else 443):
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        reply = ask(scheme.format(address), patience=0.3)
    assert isinstance(reply, NoResponse)
    assert reply.reason is NoResponseReason.TIMED_OUT


@pytest.mark.parametrize("scheme", ["tls://{}", "https://{}/dns-query"])
def test_a_peer_without_tls_is_told_as_that(lab: Lab, scheme: str) -> None:
    address = lab.addresses()[0]
    port = 853 if scheme.startswith("tls") else 443
    listening = socket.create_server((address, port))

    def greet() -> None:
        with contextlib.suppress(OSError):
            while True:
                accepted, _ = listening.accept()
                accepted.sendall(b"220 mail.example.test ESMTP\r\n")
                accepted.close()

    threading.Thread(target=greet, daemon=True).start()
    reply = ask(scheme.format(address))
    listening.shutdown(socket.SHUT_RDWR)
    listening.close()
    assert isinstance(reply, NoResponse)
    assert reply.reason is NoResponseReason.UNREACHABLE
    assert "TLS" in reply.detail or "reset" in reply.detail


class Proxy:
    """Joins whoever asks to one address, whatever host was asked for."""

    def __init__(self, address: str, behind: str) -> None:
        self.address = address
        self.asked: list[str] = []
        self._behind = behind
        self._listening = socket.create_server((address, 3128))

    def __enter__(self) -> Self:
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                accepted, _ = self._listening.accept()
                threading.Thread(target=self._join, args=(accepted,), daemon=True).start()

    def _join(self, accepted: socket.socket) -> None:
        came = b""
        while b"\r\n\r\n" not in came:
            came += accepted.recv(65536)
        self.asked.append(came.decode().partition(" HTTP")[0])
        there = socket.create_connection((self._behind, 443))
        accepted.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        threading.Thread(target=_pass_on, args=(there, accepted), daemon=True).start()
        _pass_on(accepted, there)


def _pass_on(one: socket.socket, other: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while piece := one.recv(65536):
            other.sendall(piece)


# -- the library -----------------------------------------------------------------------------------


def test_a_missing_library_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encrypted, "can_ask_by_https", lambda: False)
    named = resolvers("https://dns.example/dns-query")
    with pytest.raises(inputs.InputError) as refused:
        inputs.load(Settings(resolver=named, ask=Ask.RESOLVERS))
    assert str(refused.value) == (
        "resolver: https:// resolvers need the package httpx: pip install "
        "'certbot-dns-preflight[doh]' (Debian: python3-httpx)"
    )
    inputs.load(Settings(resolver=resolvers("tls://192.0.2.1"), ask=Ask.RESOLVERS))


def test_it_is_loaded_only_where_it_is_wanted() -> None:
    code = (
        "import dns.query, sys\n"  # old releases of dnspython load it themselves
        "before = 'httpx' in sys.modules\n"
        "import certbot_dns_preflight.run.waiting\n"
        "sys.exit('httpx' in sys.modules and not before)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
