"""Queries resolvers over TLS (RFC 7858) and HTTPS (RFC 8484), with certificate checks and bounds.

Decides which parts of an HTTP response may be a DNS message; `messages` checks whether they are.
httpx handles HTTP, and is imported only when a resolver is queried over HTTPS. dnspython uses httpx
too, but parses a response before anyone can check its bounds. Certificates are verified against the
system's roots, or those of SSL_CERT_FILE. Proxies come from the environment, HTTPS_PROXY and
NO_PROXY.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import os
import socket
import ssl
import threading
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from certbot_dns_preflight.escaping import printable
from certbot_dns_preflight.facts.answers import (
    CERTIFICATE,
    HTTP_CONTENT,
    HTTP_STATUS,
    NO_ROOTS,
    PROXY,
    TLS_FAILS,
    NoResponse,
    NoResponseReason,
)

if TYPE_CHECKING:
    import httpx

    from certbot_dns_preflight.facts.answers import Endpoint

MISSING = (
    "https:// resolvers need the package httpx: pip install 'certbot-dns-preflight[doh]' "
    "(Debian: python3-httpx)"
)
_TYPE = "application/dns-message"
_HEADERS = {"accept": _TYPE, "content-type": _TYPE, "accept-encoding": "identity"}
_LONGEST_MESSAGE = 65535
_OK = 200
_REDIRECTS = range(300, 400)
_LONGEST_DETAIL = 120
_LAST_WORDS = 0.5  # seconds for closing a connection


def can_ask_by_https() -> bool:
    """Return whether the HTTPS library is installed, without importing it."""
    return importlib.util.find_spec("httpx") is not None


class Encrypted:
    """The connections to a run's encrypted resolvers; each is opened only when needed."""

    def __init__(self) -> None:
        """Start without connections."""
        self._context: ssl.SSLContext | None = None
        self._client: httpx.AsyncClient | None = None
        self._resolved: dict[str, asyncio.Future[str]] = {}

    async def close(self) -> None:
        """Close the open connections."""
        client, self._client = self._client, None
        if client is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LAST_WORDS):
                    await client.aclose()

    def tls_context(self) -> ssl.SSLContext:
        """Return a context that trusts the system's roots, or those in SSL_CERT_FILE."""
        if self._context is None:
            self._context = ssl.create_default_context()
        return self._context

    async def fetch(
        self, endpoint: Endpoint, wire: bytes, *, patience: float
    ) -> bytes | NoResponse:
        """Post one message and return the response, within size bounds and `patience` seconds."""
        loop = asyncio.get_running_loop()
        begun = loop.time()
        host = urlsplit(endpoint.service).hostname or endpoint.address
        proxy = _proxy_for(host)
        reason, detail = NoResponseReason.TIMED_OUT, f"no answer by HTTPS within {patience:g} s"
        if proxy:
            detail += f" through the proxy {printable(proxy)[:_LONGEST_DETAIL]}"
        try:
            async with asyncio.timeout(patience):
                trouble = await self._resolve(proxy or host)
                if not trouble:
                    return await self._post(endpoint.service, wire)
            reason, detail = NoResponseReason.UNREACHABLE, _via(proxy, trouble)
        except TimeoutError:
            pass
        except _NoMessageError as error:
            reason, detail = NoResponseReason.GARBAGE, str(error)
        except Exception as error:  # noqa: BLE001 - whatever the layers below make of hostile peers
            reason, detail = NoResponseReason.UNREACHABLE, _words(error, proxy)
        return NoResponse(reason, detail, loop.time() - begun)

    async def _post(self, url: str, wire: bytes) -> bytes:
        async with self._opened().stream("POST", url, content=wire, headers=_HEADERS) as response:
            if response.status_code in _REDIRECTS:
                raise _NoMessageError(
                    f"{HTTP_STATUS} {response.status_code}: a redirect, which is not followed"
                )
            if response.status_code != _OK:
                raise _NoMessageError(f"{HTTP_STATUS} {response.status_code}")
            came = response.headers.get("content-type", "").partition(";")[0].strip().lower()
            if came != _TYPE or "content-encoding" in response.headers:
                what = printable(came)[:_LONGEST_DETAIL] or "nothing"
                raise _NoMessageError(f"{HTTP_CONTENT} {what}, not {_TYPE}")
            body = bytearray()
            async for piece in response.aiter_raw():
                body += piece
                if len(body) > _LONGEST_MESSAGE:
                    raise _NoMessageError(f"more than {_LONGEST_MESSAGE} bytes, so no DNS message")
            return bytes(body)

    def _opened(self) -> httpx.AsyncClient:
        if self._client is None:
            import httpx  # noqa: PLC0415 - an extra, wanted here alone

            self._client = httpx.AsyncClient(
                verify=self.tls_context(),
                http2=importlib.util.find_spec("h2") is not None,  # some resolvers need it
                follow_redirects=False,
                timeout=None,  # noqa: S113 - the one deadline is `patience`
            )
        return self._client

    async def _resolve(self, host: str) -> str:
        """Look up the host to connect to with the system resolver; return the error, if any.

        httpx would do so in a thread of the event loop, which waits for that thread when it ends. A
        proxy resolves the names behind it itself.
        """
        known = self._resolved.get(host)
        if known is None or (known.done() and known.result()):
            known = self._resolved[host] = _looked_up(host)
        return await asyncio.shield(known)


class _NoMessageError(Exception):
    """The response is not a DNS message; the text is fit to be shown."""


def tls_words(error: ssl.SSLError) -> str:
    """Describe what is wrong with a peer's TLS."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"{CERTIFICATE}: {printable(str(error.verify_message))}{_without_roots()}"
    return f"{TLS_FAILS}: {printable(error.reason or str(error))[:_LONGEST_DETAIL]}"


def _without_roots() -> str:
    """Say that the environment's own certificates cannot be used: OpenSSL says nothing of it."""
    file = os.environ.get("SSL_CERT_FILE")
    if not file:
        return ""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(file)
    except ssl.SSLError:
        why = "has no certificate in PEM form"
    except OSError as error:
        why = f"cannot be read: {printable(error.strerror or str(error)).lower()}"
    else:
        return ""
    return f"; {NO_ROOTS} {printable(file)[:_LONGEST_DETAIL]}, which {why}"


def _via(proxy: str | None, trouble: str) -> str:
    """Say that the way to the resolver leads through a proxy, which may be what fails."""
    shown = printable(proxy or "")[:_LONGEST_DETAIL]
    return f"{PROXY} {shown} does not lead to the resolver: {trouble}" if proxy else trouble


def _words(error: BaseException, proxy: str | None) -> str:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return tls_words(cause)
        cause = cause.__cause__ or cause.__context__
    return _via(proxy, printable(str(error) or type(error).__name__)[:_LONGEST_DETAIL])


def _proxy_for(host: str) -> str | None:
    """Return the host of the proxy that the environment sets for another host, if any."""
    from urllib import request  # noqa: PLC0415 - loads half of the web, wanted here alone

    proxies = request.getproxies()
    proxy = proxies.get("https") or proxies.get("all")
    if not proxy or request.proxy_bypass(host):
        return None
    return urlsplit(proxy if "//" in proxy else f"//{proxy}").hostname


def _looked_up(host: str) -> asyncio.Future[str]:
    """Look up a host in a thread that nobody waits for; the result is the error, if any."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[str] = loop.create_future()

    def tell(trouble: str) -> None:
        if not future.done():
            future.set_result(trouble)

    def look_up() -> None:
        trouble = ""
        try:
            socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except OSError as error:
            reason = printable(error.strerror or str(error)).lower()
            trouble = f"this host's resolver has no address of {printable(host)} ({reason})"
        except UnicodeError:
            trouble = f"{printable(host)} is no host name"
        try:
            loop.call_soon_threadsafe(tell, trouble)
        except RuntimeError:  # the run is over
            return

    threading.Thread(target=look_up, name="resolver's address", daemon=True).start()
    return future
