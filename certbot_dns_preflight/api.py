"""The library interface: a preflight with plain arguments, as a coroutine and as a function.

It turns names, values and keywords into challenges and settings; `run.waiting` does the work.
Everything is imported from the package itself (`from certbot_dns_preflight import preflight`), and
the names in its `__all__` are stable.
"""

from __future__ import annotations

import asyncio
import os  # noqa: TC003 - `Options` is read at run time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Literal, TypeAlias, TypedDict, Unpack

from certbot_dns_preflight import settings as options
from certbot_dns_preflight.caa.policy import IssuanceRequest
from certbot_dns_preflight.challenge import Challenge, InvalidDomainError, make_challenge
from certbot_dns_preflight.facts.finding import Finding, Severity
from certbot_dns_preflight.facts.outcome import ChallengeOutcome, Outcome, Progress, Verdict
from certbot_dns_preflight.report import json_report, text
from certbot_dns_preflight.run import inputs, signals, waiting
from certbot_dns_preflight.settings import InvalidOptionError

if TYPE_CHECKING:
    from certbot_dns_preflight.facts.finding import Json

__all__ = [
    "ChallengeOutcome",
    "Finding",
    "InvalidDomainError",
    "InvalidOptionError",
    "Outcome",
    "Progress",
    "Severity",
    "Verdict",
    "as_json",
    "as_text",
    "preflight",
    "preflight_sync",
]

Values: TypeAlias = str | Iterable[str]
ChallengeList: TypeAlias = str | Iterable[str] | Mapping[str, Values]

_USUAL_CA = ("letsencrypt.org",)


class Options(TypedDict, total=False):
    """The command's options by name, all optional. Times are in seconds."""

    timeout: float
    interval: float
    confirmations: int
    settle: float
    query_timeout: float
    unreachable: Literal["fail", "warn"]
    resolver: Values
    ask: Literal["authoritative", "resolvers"]
    root_hints: str | os.PathLike[str]
    trust_anchor: str | os.PathLike[str]
    family: Literal["auto", "4", "6"]
    caa_identity: Values
    skip: Values


async def preflight(
    domains: ChallengeList,
    *,
    wait: bool = False,
    watch: Callable[[Progress], None] | None = None,
    decided: Callable[[ChallengeOutcome], None] | None = None,
    **named: Unpack[Options],
) -> Outcome:
    """Check whether the challenge records are visible on every authoritative name server.

    `domains` maps certificate names (``*.`` accepted) to the values that must be published. One
    name, or several without values, checks everything except the values. Checks once; with `wait`,
    repeats until all are ready or `timeout` expires. `watch` receives the progress, `decided` each
    challenge once it is judged. Server and network failures never raise. `InvalidDomainError` and
    `InvalidOptionError`, both `ValueError`, and `TypeError` are raised before any query is sent.
    """
    settings, challenges = _settings(named), _challenges(domains)
    outcome = await waiting.preflight(
        challenges,
        settings,
        wait=wait,
        watch=watch,
        decided=decided,
        extras=waiting.Extras(
            request=IssuanceRequest(settings.caa_identity or _USUAL_CA), inputs=_inputs(settings)
        ),
    )
    if wait and outcome.verdict is Verdict.READY:
        await asyncio.sleep(settings.settle)
    return outcome


def preflight_sync(
    domains: ChallengeList,
    *,
    wait: bool = False,
    watch: Callable[[Progress], None] | None = None,
    decided: Callable[[ChallengeOutcome], None] | None = None,
    **named: Unpack[Options],
) -> Outcome:
    """Run `preflight` in a new event loop; raises `RuntimeError` if one is already running."""
    if _in_event_loop():
        raise RuntimeError(
            "preflight_sync is not for a thread that runs an event loop; await preflight there"
        )
    return signals.run(preflight(domains, wait=wait, watch=watch, decided=decided, **named))


def as_json(outcome: Outcome) -> dict[str, Json]:
    """Return the JSON report, version 1, as values for `json.dumps`."""
    return json_report.as_json(outcome)


def as_text(outcome: Outcome, *, width: int = 80, unicode: bool = False) -> str:
    """Return the report as text; its first line is the answer."""
    return text.render(outcome, width=width, unicode=unicode)


def _in_event_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _challenges(domains: ChallengeList) -> list[Challenge]:
    if isinstance(domains, Mapping):
        pairs = [(domain, _values(domain, values)) for domain, values in domains.items()]
    else:
        pairs = [(domain, ()) for domain in _texts(domains, "domains")]
    if not pairs:
        raise InvalidDomainError("domains: give at least one name")
    values: dict[str, list[bytes]] = {}
    names: dict[str, list[str]] = {}
    for domain, expected in pairs:
        if not isinstance(domain, str):
            raise TypeError(f"domains: {domain!r} must be a str")
        single = make_challenge(domain)
        names.setdefault(single.domain, []).extend(single.names)
        known = values.setdefault(single.domain, [])
        known.extend(value.encode() for value in expected)
    return [
        make_challenge(domain, expected, names=names[domain]) for domain, expected in values.items()
    ]


def _values(domain: str, expected: Values) -> tuple[str, ...]:
    values = _texts(expected, f"the values of {domain!r}")
    if not all(values):
        raise InvalidOptionError(
            f"domains: an empty value for {domain!r} is not accepted; give the text that the "
            "TXT record must hold, or no value at all: []"
        )
    return values


def _texts(items: object, what: str) -> tuple[str, ...]:
    """Return a str or several as a tuple; bytes are rejected, since they iterate as integers."""
    if isinstance(items, str):
        return (items,)
    if isinstance(items, bytes | bytearray) or not isinstance(items, Iterable):
        raise TypeError(f"{what}: {items!r} must be a str, or several")
    several = tuple(items)
    for item in several:
        if not isinstance(item, str):
            raise TypeError(f"{what}: {item!r} must be a str")
    return several


def _settings(named: Options) -> options.Settings:
    """Parse keywords as the command parses its options, so that both reject the same values."""
    texts: dict[str, object] = {}
    for name, value in named.items():
        shown = name.replace("_", "-")
        if shown not in _KNOWN:
            raise InvalidOptionError(f"unknown option {name}")
        many = isinstance(value, Iterable) and not isinstance(value, str)
        texts[shown] = [str(item) for item in value] if many else str(value)  # type: ignore[attr-defined]
    return options.read_settings(texts, "")


def _inputs(settings: options.Settings) -> inputs.Inputs:
    try:
        return inputs.load(settings)
    except inputs.InputError as error:
        raise InvalidOptionError(str(error)) from error


_KNOWN = frozenset(name.replace("_", "-") for name in Options.__annotations__)
