"""The options that the plugin and the command share: names, defaults, meanings, limits.

There is one `Option` per option. It parses its text (`option_values`) or raises
`InvalidOptionError` with one line that names the option, the value and what is accepted. Other
modules act on the settings. This module loads fast: certbot reads this table on every start, so
dnspython is not imported.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from certbot_dns_preflight import option_values
from certbot_dns_preflight.errors import PreflightError
from certbot_dns_preflight.option_values import AUTO

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from certbot_dns_preflight.option_values import Recursive

T = TypeVar("T")
_ONE_DAY = 86400


class InvalidOptionError(PreflightError, ValueError):
    """An option's value is not accepted; the message is one line to display."""


class UnreachablePolicy(enum.StrEnum):
    """`unreachable`: what a name server without a usable answer means."""

    FAIL = "fail"
    WARN = "warn"


class OnFailure(enum.StrEnum):
    """`on-failure`: stop before the CA validates, or answer the challenge with a warning."""

    ABORT = "abort"
    CONTINUE = "continue"


class AliasPolicy(enum.StrEnum):
    """`alias`: create the record at the target of an alias, or always at the challenge name."""

    FOLLOW = "follow"
    KEEP = "keep"


class Ask(enum.StrEnum):
    """`ask`: where all queries go, to the name servers or to the given resolvers."""

    AUTHORITATIVE = "authoritative"
    RESOLVERS = "resolvers"


class Family(enum.StrEnum):
    """`family`: the address families to query over."""

    AUTO = "auto"
    IPV4 = "4"
    IPV6 = "6"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All shared options, parsed. Times are in seconds."""

    timeout: float = 300.0
    interval: float = 5.0
    confirmations: int = 2
    settle: float = 0.0
    query_timeout: float = 3.0
    unreachable: UnreachablePolicy = UnreachablePolicy.FAIL
    on_failure: OnFailure = OnFailure.ABORT
    resolver: tuple[Recursive, ...] = ()
    ask: Ask = Ask.AUTHORITATIVE
    root_hints: Path | None = None
    trust_anchor: Path | None = None
    family: Family = Family.AUTO
    caa_identity: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    report: Path | None = None
    metrics: Path | None = None
    alias: AliasPolicy | None = None
    failure_hook: str | None = None

    @property
    def asks_resolvers(self) -> bool:
        """Whether all queries go to the given resolvers, and none to other servers."""
        return self.ask is Ask.RESOLVERS


@dataclass(frozen=True, slots=True)
class Option(Generic[T]):
    """One option: its name without prefix, how its text is parsed, and what it means.

    `default_words` describes the default if it is not a text that the option accepts.
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
        """The value if the option is not given."""
        value: T = _DEFAULTS[self.field]
        return value

    def read(self, text: str, shown_as: str) -> T:
        """Parse `text`; `shown_as` is the option as the user typed it, with its dashes."""
        try:
            return self.parse(text)
        except ValueError as error:
            message = f"{shown_as}: {text!r} is not accepted; {error}"
            raise InvalidOptionError(message) from error


_DEFAULTS: dict[str, Any] = {f.name: f.default for f in fields(Settings)}

OPTIONS: tuple[Option[Any], ...] = (
    Option(
        "timeout",
        "SECONDS|auto",
        "How long to wait until every authoritative name server has the record; auto: "
        "300, or with certbot twice the wrapped plugin's own propagation time if that is longer.",
        option_values.seconds_or_auto(0, _ONE_DAY, auto=Settings().timeout),
        default_words=AUTO,
    ),
    Option(
        "interval",
        "SECONDS",
        "The longest pause between two rounds of queries; rounds start faster.",
        option_values.seconds(0.1, 3600),
    ),
    Option(
        "confirmations",
        "N",
        "How many consecutive complete rounds must agree.",
        option_values.count(1, 100),
    ),
    Option(
        "settle",
        "SECONDS",
        "An extra pause once everything is ready, for anycast sites that this host cannot see.",
        option_values.seconds(0, _ONE_DAY),
    ),
    Option(
        "query-timeout",
        "SECONDS",
        "How long an address may take to answer; it is silent only after twice that.",
        option_values.seconds(0.1, 60),
    ),
    Option(
        "unreachable",
        "fail|warn",
        "What to do about a name server that is down: fail, or warn and continue.",
        option_values.one_of(UnreachablePolicy),
    ),
    Option(
        "on-failure",
        "abort|continue",
        "If records are not ready: abort before the CA is contacted, or continue with a warning.",
        option_values.one_of(OnFailure),
    ),
    Option(
        "resolver",
        "ADDR[#PORT]|tls://ADDR[#PORT]|https://HOST/PATH",
        "Discover zones and name servers through this recursive resolver instead of from the "
        "root, by plain DNS, DNS over TLS or DNS over HTTPS; repeatable or separated by commas.",
        option_values.resolvers,
        repeatable=True,
    ),
    Option(
        "ask",
        "authoritative|resolvers",
        "Of whom the record and all else is asked: every authoritative name server, or the "
        "resolvers named alone, on a host that reaches nothing else.",
        option_values.one_of(Ask),
    ),
    Option(
        "root-hints",
        "FILE",
        "Root hints in zone file format, instead of the built-in ones.",
        option_values.readable_file,
        default_words="built in",
    ),
    Option(
        "trust-anchor",
        "FILE",
        "DS or DNSKEY records of the root in zone file format, instead of the built-in ones.",
        option_values.readable_file,
        default_words="built in",
    ),
    Option(
        "family",
        "auto|4|6",
        "Address families to use; auto skips a family that this host has no route for.",
        option_values.one_of(Family),
    ),
    Option(
        "caa-identity",
        "DOMAIN",
        "The CA's issuer domain name in CAA records; repeatable or separated by commas.",
        option_values.issuers,
        repeatable=True,
        default_words="what the CA's directory says",
    ),
    Option(
        "skip",
        "CODE[,CODE...]",
        "Finding codes to leave out of the verdict; they are still reported.",
        option_values.codes,
        repeatable=True,
    ),
    Option(
        "report",
        "FILE",
        "Write the report here, atomically, at the end of every run: JSON, or an HTML page if FILE "
        "ends in .html.",
        option_values.file_to_write,
    ),
    Option(
        "metrics",
        "FILE",
        "Write Prometheus metrics here, atomically, for node_exporter's textfile collector.",
        option_values.file_to_write,
    ),
)

# Options that only the certbot plugin uses.
PLUGIN_OPTIONS: tuple[Option[Any], ...] = (
    Option(
        "alias",
        "follow|keep",
        "Where the challenge name is an alias: have the record made at its target (and at the name "
        "itself if the authenticator cannot), or at the name always.",
        option_values.one_of(AliasPolicy),
        default_words="follow; with manual keep",
    ),
    Option(
        "failure-hook",
        "COMMAND",
        "Run by the shell when a preflight fails, with the report on its standard input and the "
        "facts in its environment (DNS_PREFLIGHT_...).",
        option_values.command,
    ),
)


def read_settings(texts: Mapping[str, object], prefix: str) -> Settings:
    """Build settings from option values by name; None means not given.

    Values may be texts (command line, renewal file) or lists of texts (repeatable options). Raises
    `InvalidOptionError`; its message shows the option with `prefix` ("--", "--dns-preflight-").
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
    settings = Settings(**found)
    if settings.asks_resolvers and not settings.resolver:
        message = (
            f"{prefix}ask resolvers needs {prefix}resolver: name the resolvers that this host may "
            "use"
        )
        raise InvalidOptionError(message)
    return settings
