"""Parsers for option values: what is accepted, and what the error says otherwise.

Each parser takes one text or raises `ValueError` with a description of what is accepted, worded to
follow "... is not accepted;". It does not know which option the text belongs to; `settings` does.
Like `settings`, this module loads fast: certbot reads the options on every start, so dnspython is
not imported.
"""

from __future__ import annotations

import difflib
import enum
import errno
import ipaddress
import math
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from certbot_dns_preflight.codes import Code

if TYPE_CHECKING:
    from collections.abc import Callable

E_ = TypeVar("E_", bound=enum.StrEnum)

AUTO = "auto"
_DNS_PORT = 53
_LAST_PORT = 65535
_TLS_PORT = 853
_HTTPS_PORT = 443
_TLS, _HTTPS = "tls://", "https://"
_URL = re.compile(r"https://[A-Za-z0-9.\[\]:_-]+/[!-z|~]*")
_ISSUER = re.compile(r"(?!-)[a-z0-9-]{1,63}(?:\.(?!-)[a-z0-9-]{1,63})*")


@dataclass(frozen=True, slots=True)
class Recursive:
    """A recursive resolver: an IP literal and a port, or the host and port of a URL.

    `service` is "" for plain DNS. For DNS over TLS or HTTPS it is the resolver as the option spells
    it, ``tls://...`` or the URL.
    """

    address: str
    port: int
    service: str = ""

    @property
    def is_https(self) -> bool:
        """Whether it is queried over HTTPS."""
        return self.service.startswith(_HTTPS)

    def __str__(self) -> str:
        """Return the resolver as the option spells it."""
        if self.service:
            return self.service
        return self.address if self.port == _DNS_PORT else f"{self.address}#{self.port}"


def seconds(least: float, most: float) -> Callable[[str], float]:
    """Accept a number of seconds from `least` to `most`."""

    def parse(text: str) -> float:
        expected = f"use a number of seconds from {least:g} to {most:g}"
        try:
            value = float(text)
        except ValueError:
            raise ValueError(expected) from None
        if not math.isfinite(value) or not least <= value <= most:
            raise ValueError(expected)
        return value

    return parse


def seconds_or_auto(least: float, most: float, *, auto: float) -> Callable[[str], float]:
    """Accept a number of seconds from `least` to `most`, or "auto", which stands for `auto`."""
    read = seconds(least, most)

    def parse(text: str) -> float:
        if is_auto(text):
            return auto
        try:
            return read(text)
        except ValueError as error:
            message = f'{error}, or "{AUTO}"'
            raise ValueError(message) from None

    return parse


def is_auto(text: object) -> bool:
    """Return whether an option's text is "auto"."""
    return str(text).strip() == AUTO


def count(least: int, most: int) -> Callable[[str], int]:
    """Accept a whole number from `least` to `most`."""

    def parse(text: str) -> int:
        expected = f"use a whole number from {least} to {most}"
        if not text.strip().isascii() or not text.strip().isdigit():
            raise ValueError(expected)
        value = int(text)
        if not least <= value <= most:
            raise ValueError(expected)
        return value

    return parse


def one_of(kind: type[E_]) -> Callable[[str], E_]:
    """Accept one of the words of an enumeration."""

    def parse(text: str) -> E_:
        try:
            return kind(text.strip())
        except ValueError:
            expected = "use " + " or ".join(f'"{member.value}"' for member in kind)
            raise ValueError(expected) from None

    return parse


def resolvers(text: str) -> tuple[Recursive, ...]:
    """Accept comma-separated addresses, each with an optional port, or URLs."""
    found = []
    for item in map(str.strip, text.split(",")):
        try:
            found.append(_by_https(item) if item.startswith(_HTTPS) else _by_address(item))
        except ValueError:
            message = (
                "use IP addresses with an optional #PORT, tls:// and such an address, or "
                "https://HOST/PATH, separated by commas"
            )
            raise ValueError(message) from None
    return tuple(found)


def _by_address(text: str) -> Recursive:
    tls = text.startswith(_TLS)
    address, mark, port = text.removeprefix(_TLS).partition("#")
    ipaddress.ip_address(address)
    usual = _TLS_PORT if tls else _DNS_PORT
    if mark and not (port.isascii() and port.isdigit() and 0 < int(port) <= _LAST_PORT):
        raise ValueError(port)
    number = int(port) if mark else usual
    written = address if number == usual else f"{address}#{number}"
    return Recursive(address, number, f"{_TLS}{written}" if tls else "")


def _by_https(text: str) -> Recursive:
    url = urlsplit(text)
    port = url.port or _HTTPS_PORT
    plain = _URL.fullmatch(text) is not None and url.path.startswith("/")
    if not plain or not url.hostname or url.username is not None or url.fragment:
        raise ValueError(text)
    return Recursive(url.hostname, port, text)


def issuers(text: str) -> tuple[str, ...]:
    """Accept comma-separated issuer domain names as used in CAA records."""
    expected = "use domain names such as letsencrypt.org, separated by commas"
    found = [item.strip().lower().removesuffix(".") for item in text.split(",")]
    if not all(_ISSUER.fullmatch(item) for item in found):
        raise ValueError(expected)
    return tuple(found)


def codes(text: str) -> tuple[str, ...]:
    """Accept comma-separated finding codes; the error for a near miss suggests the right code."""
    found = [item.strip() for item in text.split(",") if item.strip()]
    for item in found:
        if item not in frozenset(Code):
            near = difflib.get_close_matches(item, Code, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            message = f"dns-preflight explain lists the finding codes{hint}"
            raise ValueError(message)
    if not found:
        message = "use finding codes, separated by commas"
        raise ValueError(message)
    return tuple(found)


def readable_file(text: str) -> Path:
    """Accept a regular file that is readable now; `~` is expanded."""
    path = Path(text).expanduser().absolute()
    try:
        # A pipe would be waited for, and a device may have no end: neither is opened to be read.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        try:
            is_file = stat.S_ISREG(os.fstat(descriptor).st_mode)
        finally:
            os.close(descriptor)
    except OSError as error:
        message = f"the file must be readable ({error.strerror})"
        raise ValueError(message) from None
    if not is_file:
        message = "use a regular file, not a pipe, device or directory"
        raise ValueError(message)
    return path


def file_to_write(text: str) -> Path:
    """Accept a path where a file can be; whether it is writable is found out later."""
    path = Path(text).expanduser().absolute()
    expected = "use the path of a file to write"
    if not text.strip() or text.endswith("/"):
        raise ValueError(expected)
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116 - Path.is_dir hides what is wrong with a name
    except FileNotFoundError:
        return path
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise ValueError(f"{expected} ({error.strerror})") from None
        return path  # whether it can be written is found out where it is about to be
    if stat.S_ISDIR(mode):
        raise ValueError(expected)
    return path


def command(text: str) -> str:
    """Accept a shell command."""
    if not text.strip():
        message = "use a shell command"
        raise ValueError(message)
    return text.strip()
