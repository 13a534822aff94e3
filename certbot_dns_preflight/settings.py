"""The options that the plugin and the command share: names, defaults, meanings, limits.

One `Option` per option; each parses its text or raises `InvalidOptionError` with one line that
names the option, the value and what is accepted. Light: certbot reads this table at every start,
so dnspython is not imported here.
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
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from certbot_dns_preflight.codes import Code
from certbot_dns_preflight.errors import PreflightError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

T = TypeVar("T")
_DNS_PORT = 53
_LAST_PORT = 65535
_ONE_DAY = 86400
AUTO = "auto"
_ISSUER = re.compile(r"(?!-)[a-z0-9-]{1,63}(?:\.(?!-)[a-z0-9-]{1,63})*")


class InvalidOptionError(PreflightError, ValueError):
    """An option's value is not accepted; the message is the one line to show."""


class UnreachablePolicy(enum.StrEnum):
    """`unreachable`: what a name server that gives no usable answer means."""

    FAIL = "fail"
    WARN = "warn"


class OnFailure(enum.StrEnum):
    """`on-failure`: stop before the CA is told, or answer the challenge with a warning."""

    ABORT = "abort"
    CONTINUE = "continue"


class AliasPolicy(enum.StrEnum):
    """`alias`: have the record made at the target of an alias, or at the name always."""

    FOLLOW = "follow"
    KEEP = "keep"


class Family(enum.StrEnum):
    """`family`: the address families to ask over."""

    AUTO = "auto"
    IPV4 = "4"
    IPV6 = "6"


@dataclass(frozen=True, slots=True)
class Recursive:
    """A recursive resolver for discovery: an IP literal and a port."""

    address: str
    port: int

    def __str__(self) -> str:
        """Write it as the option takes it."""
        return self.address if self.port == _DNS_PORT else f"{self.address}#{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All shared options, parsed. Times are seconds."""

    timeout: float = 300.0
    interval: float = 5.0
    confirmations: int = 2
    settle: float = 0.0
    query_timeout: float = 3.0
    unreachable: UnreachablePolicy = UnreachablePolicy.FAIL
    on_failure: OnFailure = OnFailure.ABORT
    resolver: tuple[Recursive, ...] = ()
    root_hints: Path | None = None
    trust_anchor: Path | None = None
    family: Family = Family.AUTO
    caa_identity: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    report: Path | None = None
    metrics: Path | None = None
    alias: AliasPolicy | None = None
    failure_hook: str | None = None


@dataclass(frozen=True, slots=True)
class Option(Generic[T]):
    """One option: its name without prefix, how its text reads, and what it means.

    `default_words` say what holds without it, where its default is no text that it takes.
    """

    name: str
    metavar: str
    help: str
    parse: Callable[[str], T]
    repeatable: bool = False
    default_words: str = "none"

    @property
    def field(self) -> str:
        """The attribute of `Settings` that holds it."""
        return self.name.replace("-", "_")

    @property
    def default(self) -> T:
        """The value where the option is not given."""
        value: T = _DEFAULTS[self.field]
        return value

    def read(self, text: str, shown_as: str) -> T:
        """Parse `text`; `shown_as` is the option as its user typed it, with its dashes."""
        try:
            return self.parse(text)
        except ValueError as error:
            message = f"{shown_as}: {text!r} is not accepted; {error}"
            raise InvalidOptionError(message) from error


def _seconds(least: float, most: float) -> Callable[[str], float]:
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


def _seconds_or_auto(least: float, most: float) -> Callable[[str], float]:
    read = _seconds(least, most)

    def parse(text: str) -> float:
        if is_auto(text):
            return Settings().timeout
        try:
            return read(text)
        except ValueError as error:
            message = f'{error}, or "{AUTO}"'
            raise ValueError(message) from None

    return parse


def is_auto(text: object) -> bool:
    """Whether an option's text leaves its value to the program."""
    return str(text).strip() == AUTO


def _count(least: int, most: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        expected = f"use a whole number from {least} to {most}"
        if not text.strip().isascii() or not text.strip().isdigit():
            raise ValueError(expected)
        value = int(text)
        if not least <= value <= most:
            raise ValueError(expected)
        return value

    return parse


E_ = TypeVar("E_", bound=enum.StrEnum)


def _one_of(kind: type[E_]) -> Callable[[str], E_]:
    def parse(text: str) -> E_:
        try:
            return kind(text.strip())
        except ValueError:
            expected = "use " + " or ".join(f'"{member.value}"' for member in kind)
            raise ValueError(expected) from None

    return parse


def _resolvers(text: str) -> tuple[Recursive, ...]:
    expected = "use IP addresses with an optional #PORT, separated by commas"
    found = []
    for item in text.split(","):
        address, mark, port = item.strip().partition("#")
        try:
            ipaddress.ip_address(address)
        except ValueError:
            raise ValueError(expected) from None
        if mark and not (port.isascii() and port.isdigit() and 0 < int(port) <= _LAST_PORT):
            raise ValueError(expected)
        found.append(Recursive(address, int(port) if mark else _DNS_PORT))
    return tuple(found)


def _issuers(text: str) -> tuple[str, ...]:
    expected = "use domain names such as letsencrypt.org, separated by commas"
    found = [item.strip().lower().removesuffix(".") for item in text.split(",")]
    if not all(_ISSUER.fullmatch(item) for item in found):
        raise ValueError(expected)
    return tuple(found)


def _codes(text: str) -> tuple[str, ...]:
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


def _readable_file(text: str) -> Path:
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


def _file_to_write(text: str) -> Path:
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


def _command(text: str) -> str:
    if not text.strip():
        message = "use a shell command"
        raise ValueError(message)
    return text.strip()


_DEFAULTS: dict[str, Any] = {f.name: f.default for f in fields(Settings)}

OPTIONS: tuple[Option[Any], ...] = (
    Option(
        "timeout",
        "SECONDS|auto",
        "How long to wait until every authoritative name server has the record; auto: "
        "300, or with certbot twice the wrapped plugin's own propagation time if that is longer.",
        _seconds_or_auto(0, _ONE_DAY),
        default_words=AUTO,
    ),
    Option(
        "interval",
        "SECONDS",
        "The longest pause between two rounds of queries; rounds start faster.",
        _seconds(0.1, 3600),
    ),
    Option(
        "confirmations",
        "N",
        "How many consecutive complete rounds must agree.",
        _count(1, 100),
    ),
    Option(
        "settle",
        "SECONDS",
        "An extra pause once everything is ready, for anycast sites that this host cannot see.",
        _seconds(0, _ONE_DAY),
    ),
    Option(
        "query-timeout",
        "SECONDS",
        "How long an address may take to answer; it is silent only after twice that.",
        _seconds(0.1, 60),
    ),
    Option(
        "unreachable",
        "fail|warn",
        "What to do about a name server that is down: fail, or warn and continue.",
        _one_of(UnreachablePolicy),
    ),
    Option(
        "on-failure",
        "abort|continue",
        "If records are not ready: abort before the CA is contacted, or continue with a warning.",
        _one_of(OnFailure),
    ),
    Option(
        "resolver",
        "ADDR[#PORT]",
        "Discover zones and name servers through this recursive resolver instead of from the "
        "root; repeatable or separated by commas.",
        _resolvers,
        repeatable=True,
    ),
    Option(
        "root-hints",
        "FILE",
        "Root hints in zone file format, instead of the built-in ones.",
        _readable_file,
        default_words="built in",
    ),
    Option(
        "trust-anchor",
        "FILE",
        "DS or DNSKEY records of the root in zone file format, instead of the built-in ones.",
        _readable_file,
        default_words="built in",
    ),
    Option(
        "family",
        "auto|4|6",
        "Address families to use; auto skips a family that this host has no route for.",
        _one_of(Family),
    ),
    Option(
        "caa-identity",
        "DOMAIN",
        "The CA's issuer domain name in CAA records; repeatable or separated by commas.",
        _issuers,
        repeatable=True,
        default_words="what the CA's directory says",
    ),
    Option(
        "skip",
        "CODE[,CODE...]",
        "Finding codes to leave out of the verdict; they are still reported.",
        _codes,
        repeatable=True,
    ),
    Option(
        "report",
        "FILE",
        "Write the report here, atomically, at the end of every run: JSON, or an HTML page if FILE "
        "ends in .html.",
        _file_to_write,
    ),
    Option(
        "metrics",
        "FILE",
        "Write Prometheus metrics here, atomically, for node_exporter's textfile collector.",
        _file_to_write,
    ),
)

# What only certbot's plugin has a use for.
PLUGIN_OPTIONS: tuple[Option[Any], ...] = (
    Option(
        "alias",
        "follow|keep",
        "Where the challenge name is an alias: have the record made at its target (and at the name "
        "itself if the authenticator cannot), or at the name always.",
        _one_of(AliasPolicy),
        default_words="follow; with manual keep",
    ),
    Option(
        "failure-hook",
        "COMMAND",
        "Run by the shell when a preflight fails, with the report on its standard input and the "
        "facts in its environment (DNS_PREFLIGHT_...).",
        _command,
    ),
)


def read_settings(texts: Mapping[str, object], prefix: str) -> Settings:
    """Make settings from option values by name; None means not given.

    Values may be texts (command line, renewal file) or lists of texts (repeatable options).
    Raises `InvalidOptionError`; `prefix` ("--", "--dns-preflight-") is what its message shows.
    """
    found: dict[str, Any] = {}
    for option in (*OPTIONS, *PLUGIN_OPTIONS):
        value = texts.get(option.name)
        if value is None:
            continue
        items = [str(i) for i in value] if isinstance(value, (list, tuple)) else [str(value)]
        values = [option.read(item, f"{prefix}{option.name}") for item in items]
        if option.repeatable:
            found[option.field] = tuple(dict.fromkeys(v for value in values for v in value))
        elif values:
            found[option.field] = values[-1]
    return Settings(**found)
